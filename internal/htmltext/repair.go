package htmltext

import (
	"html"
	"slices"
	"strings"
)

// Repair prepares a page for the tokenizer, which reads one tag at a time and
// knows no XHTML, no SVG and no MathML. It runs in one pass and
//
//   - writes an end tag for elements that close themselves, which are open to an
//     HTML parser, and CDATA as text, in XHTML
//   - cuts out SVG and MathML, which have parsing rules of their own
//   - cuts the start tags of elements whose text is left out, such as button, if
//     the element is never closed: the rest of the page is not theirs
func Repair(page string) string {
	r := repairer{page: page, lower: lowerASCII(page), xhtml: isXHTML(page), open: map[string][]edit{}, last: map[string]int{}, junk: -1}
	r.scan()
	for _, unclosed := range r.open {
		r.edits = append(r.edits, unclosed...)
	}
	slices.SortFunc(r.edits, func(a, b edit) int { return a.start - b.start })
	var out strings.Builder
	next := 0
	for _, e := range r.edits {
		if e.start < next {
			continue // within what was cut
		}
		out.WriteString(page[next:e.start])
		out.WriteString(e.with)
		next = e.end
	}
	out.WriteString(page[next:])
	return out.String()
}

// edit replaces page[start:end].
type edit struct {
	start, end int
	with       string
}

type repairer struct {
	page, lower string
	xhtml       bool
	edits       []edit
	open        map[string][]edit // start tags to cut unless an end tag comes, by name
	last        map[string]int    // where a text was last found in lower
	junk        int               // where code begins that no end tag ends; -1 if there is none
}

// isXHTML reports whether the page says that it is XML.
func isXHTML(page string) bool {
	head := strings.TrimLeft(page[:min(len(page), 2048)], " \t\r\n\ufeff")
	return strings.HasPrefix(head, "<?xml") || strings.Contains(head, "http://www.w3.org/1999/xhtml")
}

// lowerASCII changes no offset, as strings.ToLower may.
func lowerASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// comes reports whether s occurs at from or later. It searches from the end, and
// once for each s.
func (r *repairer) comes(s string, from int) bool {
	at, known := r.last[s]
	if !known {
		at = strings.LastIndex(r.lower, s)
		r.last[s] = at
	}
	return at >= from
}

// tag is a start or end tag page[start:end].
type tag struct {
	start, end int
	name       string
	closing    bool // </x>
	selfClosed bool // <x/>
	broken     bool // a quotation mark is open
}

func (r *repairer) cut(start, end int, with string) {
	r.edits = append(r.edits, edit{start, end, with})
}

// scan visits every tag of the page.
func (r *repairer) scan() {
	for t, ok := r.next(0); ok; {
		end := t.end
		if t.broken {
			r.cut(t.start, t.end, "")
		} else {
			end = r.visit(t)
		}
		t, ok = r.next(end)
	}
	if r.junk >= 0 {
		r.cut(r.junk, len(r.page), "")
	}
}

// next returns the first tag from i on that is in no comment or the like, or false if there is none.
func (r *repairer) next(i int) (t tag, ok bool) {
	for i < len(r.page) {
		n := strings.IndexByte(r.page[i:], '<')
		if n < 0 {
			break
		}
		i += n
		if end, ok := r.markup(i); ok {
			i = end
			continue
		}
		if t, ok := r.tagAt(i); ok {
			return t, true
		}
		i++
	}
	return tag{}, false
}

// markup skips a comment, CDATA, declaration or processing instruction at i.
func (r *repairer) markup(i int) (end int, ok bool) {
	rest := r.page[i:]
	until := func(open int, mark string) int {
		if !r.comes(mark, i+open) {
			r.cut(i, i+open, "") // never closed: it hides nothing
			return i + open
		}
		return i + open + strings.Index(rest[open:], mark) + len(mark)
	}
	switch {
	case strings.HasPrefix(rest, "<!-->"), strings.HasPrefix(rest, "<!--->"):
		return i + strings.IndexByte(rest, '>') + 1, true
	case strings.HasPrefix(rest, "<!--"):
		return until(4, "-->"), true
	case strings.HasPrefix(rest, "<![CDATA[") && r.xhtml:
		end := until(9, "]]>")
		if end > i+9 {
			r.cut(i, end, html.EscapeString(r.page[i+9:end-3]))
		}
		return end, true
	case strings.HasPrefix(rest, "<!"), strings.HasPrefix(rest, "<?"):
		return until(2, ">"), true
	}
	return i, false
}

// tagAt reads the tag that starts at i. Quoted values of attributes may contain ">".
func (r *repairer) tagAt(i int) (tag, bool) {
	t := tag{start: i}
	j := i + 1
	if j < len(r.lower) && r.lower[j] == '/' {
		t.closing = true
		j++
	}
	from := j
	if !r.comes(">", i) || j >= len(r.lower) || r.lower[j] < 'a' || r.lower[j] > 'z' {
		return t, false
	}
	for j < len(r.lower) && !strings.ContainsRune(" \t\r\n\f/>", rune(r.lower[j])) {
		j++
	}
	t.name = r.lower[from:j]
	value := false // after "="
	for j < len(r.page) {
		switch c := r.page[j]; {
		case c == '>':
			t.end, t.selfClosed = j+1, r.page[j-1] == '/'
			return t, true
		case (c == '"' || c == '\'') && value && r.comes(string(c), j+1):
			j += 1 + strings.IndexByte(r.page[j+1:], c)
			value = false
		case (c == '"' || c == '\'') && value:
			t.broken = true
			value = false
		default:
			value = c == '=' || value && (c == ' ' || c == '\t' || c == '\r' || c == '\n')
		}
		j++
	}
	return t, false
}

// visit handles a tag and returns where to go on.
func (r *repairer) visit(t tag) int {
	if r.junk >= 0 && (endsInline(t.name) || t.name == "body" || t.name == "head") {
		r.cut(r.junk, t.start, "")
		r.junk = -1
	}
	switch {
	case t.closing:
		if list := r.open[t.name]; len(list) > 0 {
			if r.junk > list[len(list)-1].start { // the code is within this element, whose end is not to be cut
				r.cut(r.junk, t.start, "")
				r.junk = -1
			}
			r.open[t.name] = list[:len(list)-1]
		}
		return t.end
	case t.name == "svg" || t.name == "math":
		return r.foreign(t)
	case t.selfClosed && r.xhtml && !isVoid(t.name):
		r.cut(t.end-2, t.end, "></"+t.name+">")
		return t.end
	case isRaw(t.name):
		return r.raw(t)
	case endsInline(t.name):
		for _, name := range []string{"button", "select"} {
			r.edits = append(r.edits, r.open[name]...)
			r.open[name] = nil
		}
	case dropped(t.name):
		r.open[t.name] = append(r.open[t.name], edit{start: t.start, end: t.end})
	}
	return t.end
}

// raw skips the content of an element in which there are no tags.
func (r *repairer) raw(t tag) int {
	end := "</" + t.name
	if r.comes(end, t.end) {
		return t.end + strings.Index(r.lower[t.end:], end)
	}
	if t.name != "script" && t.name != "style" {
		r.cut(t.start, t.end, "")
	} else if r.junk < 0 {
		r.junk = t.start
	}
	return t.end
}

// foreign cuts out an SVG or MathML element. As in a browser it ends at a tag of
// HTML that cannot be in it, if no end tag comes before.
func (r *repairer) foreign(t tag) int {
	if t.selfClosed {
		r.cut(t.start, t.end, "")
		return t.end
	}
	if !r.comes("</"+t.name, t.end) {
		r.cut(t.start, t.end, "")
		return t.end
	}
	depth, inner, last := 1, 0, t.end // inner: elements that may contain HTML
	for at := t.end; depth > 0; {
		in, ok := r.next(at)
		if !ok {
			break
		}
		switch {
		case in.name == t.name && in.closing:
			depth--
			last = in.end
		case in.name == t.name && !in.selfClosed:
			depth++
		case holdsHTML(in.name) && in.closing:
			inner = max(0, inner-1)
		case holdsHTML(in.name) && !in.selfClosed:
			inner++
		case inner == 0 && !in.closing && endsForeign(in.name):
			r.cut(t.start, in.start, "")
			return in.start
		}
		at = in.end
	}
	r.cut(t.start, last, "")
	return last
}

// isVoid reports the elements that never have an end tag.
func isVoid(name string) bool {
	switch name {
	case "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr":
		return true
	}
	return false
}

// isRaw reports the elements in which the tokenizer sees text alone.
func isRaw(name string) bool {
	switch name {
	case "script", "style", "title", "textarea", "iframe", "noembed", "noframes", "xmp":
		return true
	}
	return false
}

// dropped reports the elements whose content is not text of the page.
func dropped(name string) bool {
	switch name {
	case "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select", "textarea", "button", "noembed", "noframes":
		return true
	}
	return false
}

// endsInline reports the elements that cannot stand in a line of text.
func endsInline(name string) bool {
	switch name {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "pre", "blockquote", "section", "article",
		"header", "footer", "main", "aside", "nav", "figure", "form", "fieldset", "details":
		return true
	}
	return false
}

// endsForeign reports the elements that end SVG and MathML (HTML standard, section
// 13.2.6.5).
func endsForeign(name string) bool {
	switch name {
	case "b", "big", "body", "br", "center", "code", "dd", "div", "dt", "em", "embed", "head", "hr", "i", "img", "li", "listing",
		"menu", "meta", "nobr", "ruby", "s", "small", "span", "strong", "strike", "sub", "sup", "tt", "u", "var":
		return true
	}
	switch name {
	case "p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "dl", "pre", "blockquote":
		return true
	}
	return false
}

// holdsHTML reports the elements of SVG and MathML that may contain HTML.
func holdsHTML(name string) bool {
	switch name {
	case "foreignobject", "desc", "title", "annotation-xml", "mi", "mo", "mn", "ms", "mtext":
		return true
	}
	return false
}
