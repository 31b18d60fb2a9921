package retriever

import (
	"bytes"
	"strings"
)

// markdownSource prepares a text for the Markdown parser, without changing its
// length:
//
//   - a CR that ends a line becomes a LF
//   - comments become blanks, also within a paragraph
//   - code in a list or quotation becomes blanks up to the closing fence, although
//     strictly a line that is not indented ends it
func markdownSource(text string) []byte {
	source := []byte(text)
	for i, c := range source {
		if c == '\r' && (i+1 == len(source) || source[i+1] != '\n') {
			source[i] = '\n'
		}
	}
	m := masker{source: source, noFence: map[byte]int{}}
	for m.next < len(source) {
		m.line()
	}
	return source
}

// maxDepth is how deep lists and quotations are nested in a line that is read.
const maxDepth = 16

// masker goes through the lines of a text.
type masker struct {
	source    []byte
	next      int
	nested    bool         // in a list or quotation
	paragraph bool         // the line before may be part of a paragraph, which the next one continues however it is indented
	noFence   map[byte]int // by character: no fence of that many comes any more
	noComment bool         // no comment ends any more
}

// take returns the bounds of the next line, without its end.
func (m *masker) take() (start, end int) {
	start = m.next
	if n := bytes.IndexByte(m.source[start:], '\n'); n >= 0 {
		m.next = start + n + 1
		return start, start + n
	}
	m.next = len(m.source)
	return start, m.next
}

// line handles the next line, and the block that it opens.
func (m *masker) line() {
	start, end := m.take()
	line := m.source[start:end]
	inner, indent, marked, depth := stripMarkers(line)
	if depth > maxDepth { // the parser takes time in proportion to text times depth
		for i := start; i < end; i++ {
			m.source[i] = 'x'
		}
		return
	}
	paragraph := m.paragraph
	m.paragraph = false
	if len(bytes.TrimSpace(line)) == 0 {
		return
	}
	m.nested = marked || m.nested && indent > 0
	if char, run := fence(inner, true); run > 0 && (m.nested || indent < 4) {
		if m.nested {
			m.nestedFence(start, char, run)
		} else {
			m.skipFence(char, run)
		}
		return
	}
	if !m.nested && indent < 4 {
		lower := bytes.ToLower(inner[:min(len(inner), 10)])
		for _, name := range []string{"pre", "script", "style", "textarea"} {
			if after, ok := bytes.CutPrefix(lower, []byte("<"+name)); ok && (len(after) == 0 || bytes.IndexByte([]byte(" \t>"), after[0]) >= 0) {
				m.skipTo(start, "</"+name+">")
				return
			}
		}
	}
	if !m.nested && indent >= 4 && !paragraph {
		return // indented code
	}
	m.paragraph = len(inner) == 0 || inner[0] != '#'
	m.comments(start, end)
}

// skipTo moves behind the line in which a text comes next, if it comes.
func (m *masker) skipTo(from int, text string) {
	if n := indexFold(m.source[from:], text); n >= 0 {
		m.next = from + n
		m.take()
	} else {
		m.next = len(m.source)
	}
}

// indexFold is bytes.Index for an ASCII text in any case.
func indexFold(s []byte, text string) int {
	for i := 0; i+len(text) <= len(s); i++ {
		n := bytes.IndexByte(s[i:], text[0])
		if n < 0 || i+n+len(text) > len(s) {
			return -1
		}
		if i += n; strings.EqualFold(string(s[i:i+len(text)]), text) {
			return i
		}
	}
	return -1
}

// skipFence moves behind the end of a code block.
func (m *masker) skipFence(char byte, run int) {
	for m.next < len(m.source) {
		start, end := m.take()
		line := m.source[start:end]
		inner := bytes.TrimLeft(line, " ")
		if c, n := fence(inner, false); c == char && n >= run && len(line)-len(inner) < 4 {
			return
		}
	}
}

// nestedFence blanks a code block in a list or quotation, if its end comes before
// another one starts.
func (m *masker) nestedFence(from int, char byte, run int) {
	if least, known := m.noFence[char]; known && run >= least {
		return
	}
	back := m.next
	for m.next < len(m.source) {
		start, end := m.take()
		inner, indent, marked, _ := stripMarkers(m.source[start:end])
		c, n := fence(inner, true)
		if c != char || n == 0 {
			continue
		}
		if _, closes := fence(inner, false); closes < run || indent == 0 && !marked {
			m.next = back // another code block: this one stays open
			return
		}
		m.blank(from, end)
		return
	}
	m.noFence[char], m.next = run, back
}

// comments blanks the comments that start in a line, but not in code, which stands between two runs of as many backticks. A run
// that no other one ends lasts until the end of the line.
func (m *masker) comments(start, end int) {
	code := 0 // how many backticks end the code
	for at := start; at < end && !m.noComment; {
		n := bytes.IndexAny(m.source[at:end], "`<")
		if n < 0 {
			return
		}
		at += n
		if m.source[at] == '`' {
			run := len(m.source[at:end]) - len(bytes.TrimLeft(m.source[at:end], "`"))
			if at += run; code == 0 {
				code = run
			} else if code == run {
				code = 0
			}
			continue
		}
		if code > 0 || !bytes.HasPrefix(m.source[at:end], []byte("<!--")) {
			at++
			continue
		}
		stop := bytes.Index(m.source[at+4:], []byte("-->"))
		if stop < 0 {
			m.noComment = true
			return
		}
		stop += at + 4 + 3
		m.blank(at, stop)
		if at = stop; at > end {
			m.next = at
			_, end = m.take()
			code = 0
		}
	}
}

// blank replaces text by blanks and keeps its lines.
func (m *masker) blank(from, to int) {
	for i := from; i < to; i++ {
		if m.source[i] != '\n' {
			m.source[i] = ' '
		}
	}
}

// stripMarkers takes indentation and the marks of list items and quotations off a
// line. indent is the width of the blanks before all of them, depth their number.
func stripMarkers(line []byte) (inner []byte, indent int, marked bool, depth int) {
	inner = bytes.TrimLeft(line, " \t")
	indent = len(line) - len(inner) + 3*bytes.Count(line[:len(line)-len(inner)], []byte("\t"))
	for {
		rest := inner
		if len(rest) > 0 && rest[0] == '>' {
			rest = rest[1:]
		} else if item := itemMark(rest); item > 0 {
			rest = rest[item:]
		} else {
			return inner, indent, depth > 0, depth
		}
		inner = bytes.TrimLeft(rest, " \t")
		depth++
	}
}

// itemMark returns the length of the mark of a list item, or 0.
func itemMark(line []byte) int {
	n := 0
	for n < len(line) && n < 9 && line[n] >= '0' && line[n] <= '9' {
		n++
	}
	switch {
	case len(line) < n+2 || line[n+1] != ' ' && line[n+1] != '\t':
		return 0
	case n > 0 && (line[n] == '.' || line[n] == ')'), n == 0 && (line[0] == '-' || line[0] == '*' || line[0] == '+'):
		return n + 1
	}
	return 0
}

// fence returns the character and the length of a code fence, or 0. After one that
// opens a block there may be more.
func fence(line []byte, opens bool) (char byte, run int) {
	line = bytes.TrimRight(line, " \t\r")
	if len(line) < 3 || line[0] != '`' && line[0] != '~' {
		return 0, 0
	}
	for run < len(line) && line[run] == line[0] {
		run++
	}
	rest := line[run:]
	if run < 3 || !opens && len(rest) > 0 || line[0] == '`' && bytes.IndexByte(rest, '`') >= 0 {
		return 0, 0
	}
	return line[0], run
}
