// Package rtf reads RTF (Rich Text Format 1.9.1), the format of WordPad and TextEdit, in which Word and LibreOffice
// write too. Importing the package registers the format.
//
// Pages are known where the author broke them.
package rtf

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "RTF", Extensions: []string{".rtf"}, Reader: reader{}, Matches: func(_ string, head []byte) bool {
		return strings.HasPrefix(begin(string(head)), header)
	}})
}

const (
	header   = `{\rtf`
	maxDepth = 1000 // of groups in groups
	maxWord  = 32   // letters of a control word, by the specification
)

var pageBreak = regexp.MustCompile(`\\(page|pagebb)\b`)

type reader struct{}

// begin is a file without a byte order mark or blanks before it.
func begin(data string) string {
	return strings.TrimLeft(strings.TrimPrefix(data, "\ufeff"), " \t\r\n")
}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	data = begin(data)
	if !strings.HasPrefix(data, header) {
		return doc, errors.New("it does not begin as RTF does")
	}
	p := &parser{data: data, group: group{fallback: 1}, codePage: 1252, fonts: map[int]int{}, levels: map[int]int{}, page: 1}
	p.utf8 = utf8.ValidString(data)
	if pageBreak.MatchString(data) {
		p.body.b.Place("p. 1")
	}
	if err := p.run(ctx); err != nil {
		return doc, err
	}
	p.body.end(false)
	p.body.endRow()
	p.notes.end(false)
	p.notes.endRow()
	notes, err := p.notes.b.Done("")
	if err != nil {
		return doc, err
	}
	p.body.b.Place("footnotes")
	p.body.b.Document(notes, "", 0)
	doc, err = p.body.b.Done(p.title.String())
	if len(p.stack) > 0 {
		doc.Missing = "the file ends before its last group does"
	}
	return doc, err
}

// target is what the text of a group is.
type target int

const (
	document target = iota
	nothing         // left out, with all groups in it
	shape           // left out, but for a text in it
	fontTable
	styleSheet
	info // left out, but for the title
	title
)

// group is the state that a group takes over from the one around it.
type group struct {
	target   target
	note     bool // the text is that of a footnote
	fallback int  // characters that follow a \u for programs that do not know it
	font     int
	hidden   bool
	level    int // of a heading
	table    bool
}

// parser reads the groups and control words of a file.
type parser struct {
	data  string
	at    int
	stack []group // around the current one
	group

	star    bool   // the group is left out if its first control word is unknown
	skip    int    // characters of a fallback to be left out
	pending []byte // text that is not yet decoded
	high    rune   // first half of a character beyond 16 bits

	utf8        bool // characters that are not ASCII and not escaped, as they should be, are UTF-8
	codePage    int
	defaultFont int
	fonts       map[int]int // code page of each font
	levels      map[int]int // heading level of each style
	defined     int         // the font or style that is being defined
	name        strings.Builder
	title       strings.Builder

	body, notes flow
	page        int
}

func (p *parser) run(ctx context.Context) error {
	for n := 0; p.at < len(p.data) && !p.body.b.Full() && !p.notes.b.Full(); n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch p.data[p.at] {
		case '{':
			if len(p.stack) == maxDepth {
				return retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("more than %d groups in each other", maxDepth)}
			}
			p.flush()
			p.stack = append(p.stack, p.group)
			p.at, p.skip, p.star = p.at+1, 0, false
		case '}':
			p.at++
			if p.close(); len(p.stack) == 0 {
				return nil // what follows is no text
			}
		case '\\':
			p.at++
			p.control()
		default:
			p.plain()
		}
	}
	p.flush()
	return nil
}

// close ends a group.
func (p *parser) close() {
	p.flush()
	if p.target == styleSheet {
		p.endStyle()
	}
	was := p.group
	p.group, p.stack = p.stack[len(p.stack)-1], p.stack[:len(p.stack)-1]
	p.skip, p.star = 0, false
	if was.note && !p.note {
		p.notes.end(false)
	}
}

// plain reads text up to the next group or control word.
func (p *parser) plain() {
	text := p.data[p.at:]
	if n := strings.IndexAny(text, `{}\`); n >= 0 {
		text = text[:n]
	}
	p.at += len(text)
	if p.target == nothing {
		return
	}
	for i := range len(text) {
		if p.utf8 && text[i] >= utf8.RuneSelf {
			p.character(text[i:])
		} else if c := text[i]; c != '\r' && c != '\n' && c != 0 { // which divide the file, not the text
			p.byte(c)
		}
	}
}

// character adds the one that a text in UTF-8 begins with. Its other bytes are not the start of one.
func (p *parser) character(text string) {
	r, n := utf8.DecodeRuneInString(text)
	switch {
	case n == 1 && r == utf8.RuneError:
	case p.skip > 0:
		p.skip--
	default:
		p.flush()
		p.add(text[:n])
	}
}

// byte adds a character of the code page, or one half of it.
func (p *parser) byte(c byte) {
	if p.skip > 0 {
		p.skip--
		return
	}
	p.pending = append(p.pending, c)
}

// flush decodes what was read.
func (p *parser) flush() {
	if len(p.pending) == 0 {
		return
	}
	page := p.codePage
	if own := p.fonts[p.font]; own != 0 && p.target == document {
		page = own
	}
	text := decode(p.pending, page)
	p.pending = p.pending[:0]
	p.add(text)
}

// add adds decoded text to where the group's belongs.
func (p *parser) add(text string) {
	if p.high != 0 {
		p.high = 0
		p.add("\uFFFD")
	}
	switch p.target {
	case document:
		if !p.hidden {
			p.flow().add(text, p.level)
		}
	case styleSheet:
		p.name.WriteString(text)
	case title:
		p.title.WriteString(text)
	}
}

// flow is where the paragraphs of the group go.
func (p *parser) flow() *flow {
	if p.note {
		return &p.notes
	}
	return &p.body
}

// unicode adds a character given by its number, which replaces the fallback that follows.
func (p *parser) unicode(n int) {
	p.flush()
	r := rune(n)
	if n < 0 {
		r += 1 << 16
	}
	p.skip = p.fallback
	switch {
	case utf16.IsSurrogate(r) && p.high != 0:
		r, p.high = utf16.DecodeRune(p.high, r), 0
	case r >= 0xd800 && r < 0xdc00:
		p.high = r
		return
	case r >= 0xf000 && r < 0xf100: // a sign of a font of signs
		return
	}
	p.add(string(r))
}
