package retriever

import (
	"strings"
)

// section is a part of a document whose borders no chunk crosses.
type section struct {
	start, end int    // bytes in the document's text
	title      string // the headings above it, joined by " > "
}

// titleSeparator separates the headings in a chunk's title.
const titleSeparator = " > "

// sections calls yield for each section of a document, in order, until yield
// returns false. A section starts at a heading and ends before the next one; a
// heading without text of its own belongs to the section after it. markdown
// enables what only Markdown has: fences, underlined headings and front matter.
// The cost is linear in the length of the text.
func sections(text, docTitle string, markdown bool, yield func(section) bool) {
	h := headings{docTitle: docTitle}
	cur := section{title: docTitle}
	if markdown {
		cur.start, _ = frontMatter(text)
	}
	sc := lineScanner{text: text, next: cur.start, markdown: markdown}
	body := false // the current section has text besides headings
	for sc.scan() {
		if sc.level == 0 {
			body = body || !sc.blank
			continue
		}
		if body {
			cur.end = sc.start
			if !yield(cur) {
				return
			}
			cur.start = sc.start
		}
		h.push(sc.level, sc.heading)
		cur.title = h.title()
		body = false
	}
	cur.end = len(text)
	yield(cur)
}

// headings holds the path of headings above a section.
type headings struct {
	docTitle string
	path     [6]string
}

func (h *headings) push(level int, text string) {
	h.path[level-1] = text
	clear(h.path[level:])
}

// title joins the path. The document's own title comes first, unless the first
// heading repeats it.
func (h *headings) title() string {
	parts := make([]string, 0, len(h.path)+1)
	if h.docTitle != "" {
		parts = append(parts, h.docTitle)
	}
	for _, p := range h.path {
		if p != "" && (len(parts) != 1 || parts[0] != p) {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, titleSeparator)
}

// lineScanner iterates over the lines of a text and finds headings.
type lineScanner struct {
	text     string
	next     int
	markdown bool

	start   int    // offset of the line
	blank   bool   // the line is empty or white space
	level   int    // level of a heading, 1 to 6; 0 if the line is none
	heading string // text of a heading

	fence     string // marker of the open code fence
	prevBlank bool
	started   bool
}

// scan moves to the next line; an underlined heading counts as one.
func (s *lineScanner) scan() bool {
	if s.next >= len(s.text) {
		return false
	}
	s.prevBlank = !s.started || s.blank || s.level > 0
	s.started = true
	s.start = s.next
	line := s.take()
	s.level, s.heading = 0, ""
	trimmed := strings.TrimSpace(line)
	s.blank = trimmed == ""
	if s.markdown && s.inFence(line, trimmed) {
		return true
	}
	if s.level, s.heading = atxHeading(line); s.level > 0 || !s.markdown {
		return true
	}
	if level := s.underline(); level > 0 && s.prevBlank && !s.blank && !startsItem(trimmed) {
		s.take()
		s.level, s.heading = level, trimmed
	}
	return true
}

// take reads one line without its end.
func (s *lineScanner) take() string {
	rest := s.text[s.next:]
	if n := strings.IndexByte(rest, '\n'); n >= 0 {
		s.next += n + 1
		return rest[:n]
	}
	s.next = len(s.text)
	return rest
}

// inFence reports whether the line belongs to a code fence, in which there are no headings.
func (s *lineScanner) inFence(line, trimmed string) bool {
	if s.fence != "" {
		if strings.HasPrefix(trimmed, s.fence) && strings.Trim(trimmed, s.fence[:1]) == "" {
			s.fence = ""
		}
		return true
	}
	if len(line)-len(strings.TrimLeft(line, " ")) > 3 {
		return false
	}
	for _, mark := range []string{"`", "~"} {
		run := trimmed[:len(trimmed)-len(strings.TrimLeft(trimmed, mark))]
		if len(run) >= 3 && (mark == "~" || !strings.Contains(trimmed[len(run):], mark)) {
			s.fence = run
			return true
		}
	}
	return false
}

// underline returns the level of heading that the next line makes of this one: 1
// for "===", 2 for "---", 0 for anything else.
func (s *lineScanner) underline() int {
	rest := s.text[s.next:]
	if rest == "" || (rest[0] != '=' && rest[0] != '-') {
		return 0
	}
	after := strings.TrimLeft(rest, rest[:1])
	if len(rest)-len(after) < 2 {
		return 0
	}
	after = strings.TrimLeft(after, " \t\r")
	if after != "" && after[0] != '\n' {
		return 0
	}
	if rest[0] == '=' {
		return 1
	}
	return 2
}

// atxHeading parses a heading of the form "## Text ##".
func atxHeading(line string) (level int, text string) {
	t := strings.TrimLeft(line, " ")
	if len(line)-len(t) > 3 {
		return 0, ""
	}
	rest := strings.TrimLeft(t, "#")
	level = len(t) - len(rest)
	if level == 0 || level > 6 || (rest != "" && rest[0] != ' ' && rest[0] != '\t' && rest[0] != '\r') {
		return 0, ""
	}
	text = strings.TrimSpace(rest)
	if bare := strings.TrimRight(text, "#"); bare == "" || strings.HasSuffix(bare, " ") {
		text = strings.TrimSpace(bare)
	}
	return level, text
}

// frontMatter finds a leading block between "---" lines. It returns where the text
// after it starts, and the title in it, or 0 and "" if there is no such block.
func frontMatter(text string) (end int, title string) {
	s := lineScanner{text: text}
	if strings.TrimRight(s.take(), " \r") != "---" {
		return 0, ""
	}
	for s.next < len(text) {
		line := strings.TrimRight(s.take(), " \r")
		if line == "---" || line == "..." {
			return s.next, title
		}
		if v, ok := strings.CutPrefix(line, "title:"); ok && title == "" {
			title = strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return 0, "" // never closed: it is text
}

// markdownTitle gives the front matter's title, else the first heading.
func markdownTitle(text string) string {
	start, title := frontMatter(text)
	if title != "" {
		return title
	}
	s := lineScanner{text: text, next: start, markdown: true}
	for s.scan() {
		if s.level > 0 && s.heading != "" {
			return s.heading
		}
	}
	return ""
}
