// Package htmltext takes title, text and headings from HTML and XHTML.
package htmltext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Page is what a page says.
type Page struct {
	Title    string // the title element, or else the first h1
	Text     string // headings start with "#" and list items with "- ", as in Markdown
	Headings []Heading
}

// Heading is a heading of a page.
type Heading struct {
	Start int // byte offset in Page.Text
	Level int // 1 to 6
	Text  string
}

// Read reads a page, which is UTF-8. The cost is linear in its length, however
// deep or broken its nesting. Where it has no text but for browsers without scripts or
// frames, that is read.
func Read(page string) Page {
	p := read(page)
	if p.Text == "" && others.MatchString(page) {
		if other := read(others.ReplaceAllString(page, "<${1}div")); other.Text != "" {
			return other
		}
	}
	return p
}

var others = regexp.MustCompile(`(?i)<(/?)no(?:script|frames)\b`)

func read(page string) Page {
	x := extractor{link: -1, sup: -1}
	z := html.NewTokenizer(strings.NewReader(Repair(page)))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return x.page()
		case html.TextToken:
			x.text(z.Text())
		case html.StartTagToken:
			name, _ := z.TagName()
			x.start(string(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			x.end(string(name))
		case html.SelfClosingTagToken: // an HTML parser ignores the slash
			name, _ := z.TagName()
			x.start(string(name))
		}
	}
}

// extractor collects the text of a page.
type extractor struct {
	out       strings.Builder
	pageTitle strings.Builder
	inTitle   bool
	headings  []Heading
	level     int             // of the heading that is open; 0 if none is
	words     strings.Builder // its text
	pre       int             // depth of pre
	skipTag   string          // the element whose content is being dropped, and
	skipDepth int             // how deep it is nested in itself
	gap       int             // line ends to write before the next text: 0, 1 or 2
	blank     bool            // write a space before the next text
	prefix    string          // "## " or "- " to write before the next text
	link, sup int             // how long the text was where the link, and the superscript, that is open began; -1 if none is
	paren     bool            // how a word is read stands in parentheses
	note      bool            // the next text begins a superscript that is a link, or in one
}

// page returns what was collected.
func (x *extractor) page() Page {
	x.endHeading()
	p := Page{Title: oneLine(x.pageTitle.String()), Text: strings.TrimRight(x.out.String(), " \t\r\n"), Headings: x.headings}
	for _, h := range p.Headings {
		if p.Title == "" && h.Level == 1 {
			p.Title = h.Text
		}
	}
	return p
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// endHeading ends the heading that is open, if it has text or its end tag came.
func (x *extractor) endHeading() {
	if text := oneLine(x.words.String()); text != "" {
		x.headings[len(x.headings)-1].Text = text
	}
	x.words.Reset()
	x.level = 0
}

// lineBreaks returns the number of line ends around an element.
func lineBreaks(tag string) int {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "pre",
		"blockquote", "section", "article", "header", "footer", "main", "aside",
		"nav", "figure", "hr", "body", "form", "fieldset", "details", "dialog", "hgroup", "search", "menu", "dir", "listing", "xmp",
		"plaintext":
		return 2
	case "br", "li", "tr", "dt", "dd", "div", "caption", "figcaption", "summary",
		"option", "optgroup", "address", "legend", "center", "thead", "tbody", "tfoot":
		return 1
	}
	return 0
}

func (x *extractor) start(tag string) {
	if x.skipTag != "" {
		if tag == x.skipTag {
			x.skipDepth++
		}
		return
	}
	if dropped(tag) && (tag != "button" || x.level == 0) { // of a heading, a button is the text: it unfolds what is below
		x.skipTag, x.skipDepth = tag, 1
		return
	}
	x.breakLine(lineBreaks(tag))
	if endsInline(tag) && x.words.Len() > 0 {
		x.endHeading() // it has no end tag
	}
	switch tag {
	case "title":
		x.inTitle = x.pageTitle.Len() == 0
	case "h1", "h2", "h3", "h4", "h5", "h6":
		x.prefix = strings.Repeat("#", int(tag[1]-'0')) + " "
		x.endHeading()
		x.level = int(tag[1] - '0')
	case "li":
		x.prefix = "- "
	case "pre":
		x.pre++
	case "td", "th", "dd":
		x.blank = true
	case "ruby":
		x.paren = false
	case "rp":
		x.paren = true
	case "rt":
		x.blank = x.blank || !x.paren
	case "a":
		x.link = x.out.Len()
		x.note = x.sup == x.out.Len()
	case "sup":
		x.sup = x.out.Len()
		x.note = x.link == x.out.Len()
	}
}

func (x *extractor) end(tag string) {
	if x.skipTag != "" {
		if tag == x.skipTag {
			if x.skipDepth--; x.skipDepth == 0 {
				x.skipTag = ""
			}
		}
		return
	}
	x.breakLine(lineBreaks(tag))
	switch tag {
	case "title":
		x.inTitle = false
	case "h1", "h2", "h3", "h4", "h5", "h6":
		x.prefix = ""
		x.endHeading()
	case "li":
		x.prefix = ""
	case "pre":
		x.pre = max(0, x.pre-1)
	case "rt":
		x.blank = x.blank || !x.paren
	case "a":
		x.link, x.note = -1, false
	case "sup":
		x.sup, x.note = -1, false
	}
}

// breakLine asks for at least n line ends before the next text.
func (x *extractor) breakLine(n int) {
	x.gap = max(x.gap, n)
}

// text adds one run of character data.
func (x *extractor) text(raw []byte) {
	switch {
	case x.skipTag != "":
		return
	case x.inTitle:
		x.pageTitle.Write(raw)
		return
	}
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	if x.pre > 0 {
		x.write(s)
		return
	}
	for s != "" {
		rest := strings.TrimLeft(s, space)
		if len(rest) < len(s) {
			x.blank = true
		}
		if rest == "" {
			return
		}
		n := strings.IndexAny(rest, space)
		if n < 0 {
			n = len(rest)
		}
		x.write(rest[:n])
		s = rest[n:]
	}
}

const space = " \t\r\n\f\u00a0"

// write writes pending line ends, space and prefix, then s.
func (x *extractor) write(s string) {
	if x.out.Len() == 0 {
		s = strings.TrimLeft(s, space)
	}
	if s == "" || strings.TrimSpace(s) == "" && x.pre == 0 {
		return
	}
	if x.note && isWord(s) { // the number of a note is no part of the word before it
		x.blank = x.blank || !strings.HasSuffix(x.out.String(), "\n")
	}
	x.note = false
	apart := x.gap > 0 || x.blank
	if x.out.Len() > 0 {
		switch {
		case x.gap > 0:
			x.out.WriteString("\n\n"[:x.gap])
		case x.blank:
			x.out.WriteByte(' ')
		}
	}
	x.gap, x.blank = 0, false
	if x.level > 0 {
		if x.words.Len() == 0 {
			x.headings = append(x.headings, Heading{Start: x.out.Len(), Level: x.level})
		} else if apart {
			x.words.WriteByte(' ')
		}
		x.words.WriteString(s)
	}
	x.out.WriteString(x.prefix)
	x.prefix = ""
	x.out.WriteString(s)
}

// isWord reports whether a text starts with a letter or digit.
func isWord(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}
