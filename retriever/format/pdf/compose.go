package pdf

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

const (
	headingScale = 1.15 // a heading's height, in that of the text
	headingBytes = 200  // longer lines are no headings
	maxRunOver   = 600  // bytes of a sentence that goes on on the next page
)

// compose makes a document of pages: lines become paragraphs, words that were divided
// at the end of a line are joined, and lines in larger type are headings. A sentence
// that goes on on the next page stays whole and belongs to the page on which it
// starts.
func compose(pages []page, title string) (retriever.Document, error) {
	var b format.Builder
	body := bodyHeight(pages)
	levels := headingLevels(pages, body)
	open := "" // a sentence that the page before did not end
	for number, p := range pages {
		place := fmt.Sprintf("p. %d", number+1)
		paragraphs := paragraphs(p, func(l line) int { return levels[level(l, body)] })
		if open != "" && len(paragraphs) > 0 && paragraphs[0].level == 0 && goesOn(open, paragraphs[0].text) {
			rest := paragraphs[0].text
			n := sentenceEnd(rest)
			b.Line(rest[:n])
			if paragraphs[0].text = rest[n:]; strings.TrimSpace(rest[n:]) == "" {
				paragraphs = paragraphs[1:]
			}
		}
		b.Place(place)
		open = ""
		for _, para := range paragraphs {
			if para.level > 0 {
				b.Heading(para.level, para.text)
				open = ""
				continue
			}
			b.Paragraph(para.text)
			open = para.text
		}
	}
	return b.Done(title)
}

// paragraph is a part of a page; level is above 0 for a heading.
type paragraph struct {
	text  string
	level int
}

// paragraphs joins the lines of a page.
func paragraphs(p page, level func(line) int) (out []paragraph) {
	for i, l := range p.lines {
		n := level(l)
		joins := false
		if i > 0 {
			last := p.lines[i-1]
			gap := last.bottom - l.top // negative where lines overlap
			// The next column starts above.
			joins = out[len(out)-1].level == n && (gap < 0.6*l.height() || l.height() == 0) && (n == 0 || gap > -3*l.height())
		}
		if !joins {
			out = append(out, paragraph{text: clean(l.text), level: n})
			continue
		}
		text := &out[len(out)-1].text
		if before, divided := strings.CutSuffix(*text, "\x02"); divided {
			*text = before + clean(l.text)
		} else {
			*text += "\n" + clean(l.text)
		}
	}
	for i := range out {
		out[i].text = undivided(out[i].text)
	}
	return out
}

// undivided joins the words that were divided at the end of a line, where PDFium has put the lines together. A capital letter is not
// in a word: what is before it ended in a hyphen.
func undivided(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "\x02") {
		if r, _ := utf8.DecodeRuneInString(part); i > 0 && !unicode.IsLower(r) {
			b.WriteByte('-')
		}
		b.WriteString(part)
	}
	return b.String()
}

// clean removes control characters, but for the mark of a divided word at the end.
func clean(s string) string {
	s = strings.ReplaceAll(s, "\ufffe", "\x02")
	return strings.Map(func(r rune) rune {
		if r != '\x02' && unicode.IsControl(r) || r == '\ufeff' || r == '\u00ad' {
			return -1
		}
		return r
	}, s)
}

// bodyHeight is the height of most of the text.
func bodyHeight(pages []page) float32 {
	bytes := map[int]int{}
	for _, p := range pages {
		for _, l := range p.lines {
			bytes[half(l.height())] += len(l.text)
		}
	}
	best := 0
	for height, n := range bytes {
		if n > bytes[best] || n == bytes[best] && height < best {
			best = height
		}
	}
	return float32(best) / 2
}

// half rounds to half points.
func half(height float32) int { return int(height*2 + 0.5) }

// level is the height of a heading in half points, or 0.
func level(l line, body float32) int {
	if body == 0 || l.height() < body*headingScale || len(l.text) > headingBytes || strings.IndexFunc(l.text, unicode.IsLetter) < 0 {
		return 0
	}
	return half(l.height())
}

// headingLevels gives the largest type level 1, and so on.
func headingLevels(pages []page, body float32) map[int]int {
	var sizes []int
	for _, p := range pages {
		for _, l := range p.lines {
			if n := level(l, body); n > 0 && !slices.Contains(sizes, n) {
				sizes = append(sizes, n)
			}
		}
	}
	slices.Sort(sizes)
	slices.Reverse(sizes)
	levels := map[int]int{0: 0}
	for i, n := range sizes {
		levels[n] = min(i+1, 6)
	}
	return levels
}

// goesOn reports whether a sentence runs from one page to the next.
func goesOn(before, after string) bool {
	before = strings.TrimRight(before, " \n\"')]”’»")
	last, _ := utf8.DecodeLastRuneInString(before)
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(after, " \n\"'([“‘«"))
	return !strings.ContainsRune(".!?:。！？", last) && !unicode.IsUpper(first) || unicode.IsLower(first)
}

// sentenceEnd returns where the first sentence of a text ends, 0 if it is too long.
func sentenceEnd(text string) int {
	head := text[:min(len(text), maxRunOver)]
	for i, r := range head {
		if !strings.ContainsRune(".!?。！？", r) {
			continue
		}
		end := i + utf8.RuneLen(r)
		for end < len(text) && strings.ContainsRune("\"')]”’»", rune(text[end])) {
			end++
		}
		if end == len(text) || text[end] == ' ' || text[end] == '\n' || r > 0xff {
			return end
		}
	}
	if len(text) <= maxRunOver {
		return len(text)
	}
	return 0
}
