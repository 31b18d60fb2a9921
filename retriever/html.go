package retriever

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"
)

// decodeHTML returns the page as UTF-8. Like a browser, it decodes a page in
// another encoding as its meta tag says, or else as windows-1252.
func decodeHTML(page string) string {
	if utf8.ValidString(page) {
		return page
	}
	enc, _, _ := charset.DetermineEncoding([]byte(page[:min(len(page), 1024)]), "text/html")
	out, err := enc.NewDecoder().String(page)
	if err != nil || !utf8.ValidString(out) {
		return strings.ToValidUTF8(page, "\uFFFD")
	}
	return out
}

// htmlText extracts title and text of a page. Headings become lines that start
// with "#", as in Markdown, so that Split finds them; list items start with "- ".
// The page is read as a stream of tags, so that the cost is linear in its length,
// however deep or broken its nesting.
func htmlText(page string) (title, text string) {
	x := htmlExtractor{}
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return x.title(), strings.TrimSpace(x.out.String())
		case html.TextToken:
			x.text(z.Text())
		case html.StartTagToken:
			name, _ := z.TagName()
			x.start(string(name))
		case html.EndTagToken:
			name, _ := z.TagName()
			x.end(string(name))
		case html.SelfClosingTagToken:
			name, _ := z.TagName()
			switch tag := string(name); tag {
			case "br", "hr":
				x.start(tag)
			}
		}
	}
}

// htmlExtractor collects the text of a page.
type htmlExtractor struct {
	out       strings.Builder
	pageTitle strings.Builder
	h1        strings.Builder
	inTitle   bool
	inH1      bool // inside the first h1
	seenH1    bool
	pre       int    // depth of pre
	skipTag   string // the element whose content is being dropped, and
	skipDepth int    // how deep it is nested in itself
	gap       int    // line ends to write before the next text: 0, 1 or 2
	space     bool   // write a space before the next text
	prefix    string // "## " or "- " to write before the next text
}

// title returns the title element, or else the first h1.
func (x *htmlExtractor) title() string {
	if t := strings.Join(strings.Fields(x.pageTitle.String()), " "); t != "" {
		return t
	}
	return strings.Join(strings.Fields(x.h1.String()), " ")
}

// dropped reports whether an element's content is not text of the page.
func dropped(tag string) bool {
	switch tag {
	case "script", "style", "noscript", "template", "svg", "math", "iframe",
		"object", "select", "textarea", "button", "noembed", "noframes":
		return true
	}
	return false
}

// lineBreaks returns the number of line ends around an element.
func lineBreaks(tag string) int {
	switch tag {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "pre",
		"blockquote", "section", "article", "header", "footer", "main", "aside",
		"nav", "figure", "hr", "body", "form", "fieldset", "details":
		return 2
	case "br", "li", "tr", "dt", "dd", "div", "caption", "figcaption", "summary",
		"option", "address", "legend", "thead", "tbody", "tfoot":
		return 1
	}
	return 0
}

func (x *htmlExtractor) start(tag string) {
	if x.skipTag != "" {
		if tag == x.skipTag {
			x.skipDepth++
		}
		return
	}
	if dropped(tag) {
		x.skipTag, x.skipDepth = tag, 1
		return
	}
	x.breakLine(lineBreaks(tag))
	switch tag {
	case "title":
		x.inTitle = x.pageTitle.Len() == 0
	case "h1", "h2", "h3", "h4", "h5", "h6":
		x.prefix = strings.Repeat("#", int(tag[1]-'0')) + " "
		x.inH1 = tag == "h1" && !x.seenH1
	case "li":
		x.prefix = "- "
	case "pre":
		x.pre++
	case "td", "th", "dd":
		x.space = true
	}
}

func (x *htmlExtractor) end(tag string) {
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
		if x.inH1 {
			x.inH1, x.seenH1 = false, true
		}
	case "li":
		x.prefix = ""
	case "pre":
		x.pre = max(0, x.pre-1)
	}
}

// breakLine asks for at least n line ends before the next text.
func (x *htmlExtractor) breakLine(n int) {
	x.gap = max(x.gap, n)
}

// text adds one run of character data.
func (x *htmlExtractor) text(raw []byte) {
	switch {
	case x.skipTag != "":
		return
	case x.inTitle:
		x.pageTitle.Write(raw)
		return
	}
	s := strings.ToValidUTF8(string(raw), "\uFFFD")
	if x.inH1 {
		x.h1.WriteString(s)
	}
	if x.pre > 0 {
		x.write(s)
		return
	}
	for s != "" {
		rest := strings.TrimLeft(s, htmlSpace)
		if len(rest) < len(s) {
			x.space = true
		}
		if rest == "" {
			return
		}
		n := strings.IndexAny(rest, htmlSpace)
		if n < 0 {
			n = len(rest)
		}
		x.write(rest[:n])
		s = rest[n:]
	}
}

const htmlSpace = " \t\r\n\f\u00a0"

// write writes pending line ends, space and prefix, then s.
func (x *htmlExtractor) write(s string) {
	if strings.TrimSpace(s) == "" && x.pre == 0 {
		return
	}
	if x.out.Len() > 0 {
		switch {
		case x.gap > 0:
			x.out.WriteString("\n\n"[:x.gap])
		case x.space:
			x.out.WriteByte(' ')
		}
	}
	x.gap, x.space = 0, false
	x.out.WriteString(x.prefix)
	x.prefix = ""
	x.out.WriteString(s)
}
