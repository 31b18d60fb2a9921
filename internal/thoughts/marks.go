package thoughts

import (
	"iter"
	"regexp"
	"strings"
	"sync"
)

// emptyThought is what <think/> opens and closes.
var emptyThought = pair{}

// opened returns the marks of the thought that the text begins with, and the length of the opening one.
func opened(text string) (p pair, size int, ok bool) {
	for _, p := range pairs {
		if hasPrefixFold(text, p.opening) {
			return p, len(p.opening), true
		}
	}
	tag := openTag.FindStringSubmatch(text[:min(len(text), longestMark)])
	if tag == nil {
		return pair{}, 0, false
	}
	for _, p := range pairs {
		if strings.EqualFold(p.opening, "<"+tag[1]+">") {
			if strings.HasSuffix(strings.TrimRight(tag[0], "> "), "/") {
				p = emptyThought
			}
			return p, len(tag[0]), true
		}
	}
	return pair{}, 0, false
}

// longestMark is how many bytes a mark has at most.
const longestMark = 100

// openTag finds a tag in front of a text, which may be written with blanks and attributes.
var openTag = regexp.MustCompile(`^<[ \t]*([\pL_:]+)(?:[ \t][^<>\n]*)?/?[ \t]*>`)

// mayOpen reports whether an opening mark may begin with the text.
func mayOpen(text string) bool {
	tag, angled := strings.CutPrefix(text, "<")
	tag = strings.TrimLeft(tag, " \t")
	angled = angled && !strings.ContainsAny(tag, "<>\n") && len(text) < longestMark
	for _, p := range pairs {
		if len(text) < len(p.opening) && strings.EqualFold(text, p.opening[:len(text)]) {
			return true
		}
		if name := p.name(); name == "" || !angled {
			continue
		} else if len(tag) <= len(name) && strings.EqualFold(tag, name[:len(tag)]) {
			return true
		} else if hasPrefixFold(tag, name) && strings.ContainsRune(" \t/", rune(tag[len(name)])) {
			return true
		}
	}
	return false
}

// name is that of a pair of tags; "" for other marks.
func (p pair) name() string {
	if len(p.closing) < 3 || p.closing[:2] != "</" {
		return ""
	}
	return p.closing[2 : len(p.closing)-1]
}

// end returns the place of the mark that closes a thought whose opening mark is in front of the text; -1 = there is none.
//
// Where the thought has opening marks within, that is the one that closes all of them, if it stands where a thought ends or
// the first closing mark does not. A thought that none of its own marks closes ends with the mark of another family, unless
// that has its opening mark within.
func (p pair) end(text string) (from, to int) {
	first, other := mark{from: -1}, mark{from: -1}
	depths := map[pair]int{p: 1}
	for m := range marksOf(text, 0) {
		if m.opens {
			depths[m.pair]++
			continue
		}
		depths[m.pair]--
		if m.pair != p {
			if other.from < 0 && m.name() != "" && depths[m.pair] < 0 && m.endsThought(text) {
				other = m
			}
			continue
		}
		if first.from < 0 {
			first = m
		}
		if depths[p] == 0 && !m.endsThought(text) && first.endsThought(text) {
			break
		}
		if depths[p] == 0 {
			return m.from, m.to
		}
	}
	if first.from < 0 {
		first = other
	}
	return first.from, first.to
}

// doubtful reports whether the marks are tags that answers have as well, as in XML. They hold a thought only if they are closed
// and an answer follows.
func (p pair) doubtful() bool { return p.name() == "reason" || p.name() == "analysis" }

// mark is a mark in a text, from a byte to another.
type mark struct {
	pair
	opens    bool
	from, to int
}

// endsThought reports whether a closing mark stands where a thought ends.
func (m mark) endsThought(text string) bool { return endsThought(text[:m.from], text[m.to:]) }

// anyMark finds tags of any name, which may be written with blanks and attributes, and all other marks.
var anyMark = sync.OnceValue(func() *regexp.Regexp {
	var other []string
	for _, p := range pairs {
		if p.name() == "" {
			other = append(other, regexp.QuoteMeta(p.opening), regexp.QuoteMeta(p.closing))
		}
	}
	return regexp.MustCompile(`<[ \t]{0,20}(/?)[ \t]{0,20}([\pL_:]+)([ \t/][^<>\n]{0,100})?>|(?i:` + strings.Join(other, "|") + `)`)
})

// marksOf yields the marks of a text, in order, from a byte on. Those that open and close nothing are left out.
func marksOf(text string, at int) iter.Seq[mark] {
	return func(yield func(mark) bool) {
		for {
			found := anyMark().FindStringSubmatchIndex(text[at:])
			if found == nil {
				return
			}
			m, ok := markOf(text[at:], found)
			m.from, m.to = at+found[0], at+found[1]
			at = m.to
			if ok && m.to-m.from <= longestMark && !yield(m) {
				return
			}
		}
	}
}

// markOf returns what a match of anyMark is, if it is a mark.
func markOf(text string, found []int) (m mark, ok bool) {
	whole, name, rest := text[found[0]:found[1]], "", ""
	if found[4] >= 0 {
		name = text[found[4]:found[5]]
		m.opens = found[2] == found[3]
	}
	if found[6] >= 0 {
		rest = strings.Trim(text[found[6]:found[7]], " \t")
	}
	if m.opens && strings.HasSuffix(rest, "/") || !m.opens && rest != "" || found[6] >= 0 && text[found[6]] == '/' {
		return m, false
	}
	for _, p := range pairs {
		switch {
		case name != "" && strings.EqualFold(p.name(), name):
			m.pair = p
			return m, true
		case name == "" && (strings.EqualFold(p.opening, whole) || strings.EqualFold(p.closing, whole)):
			m.pair, m.opens = p, strings.EqualFold(p.opening, whole)
			return m, true
		}
	}
	return m, false
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}
