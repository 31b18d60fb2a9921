package prompt

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/layout"
)

// marks are the markers that a template writes around questions and passages. Text that is filled in must not imitate them.
type marks struct {
	tags  *regexp.Regexp // such as </context>, anywhere
	lines *regexp.Regexp // such as "Question:", where a line begins
	words *regexp.Regexp // such as "Question:", anywhere, where the template has it within a line
}

// harmless escapes a text, as [layout.Indent] does for the layout of this package: lines that begin with a marker are
// indented, and the bracket of a tag is escaped as in HTML.
func (m *marks) harmless(text string) string {
	text = layout.Indent(text, layout.DocumentLine)
	if m.lines != nil {
		text = m.lines.ReplaceAllString(text, "  ${0}")
	}
	for _, anywhere := range []*regexp.Regexp{m.tags, m.words} {
		if anywhere != nil {
			text = anywhere.ReplaceAllStringFunc(text, escapeFirst)
		}
	}
	return text
}

// escapeFirst writes the first character as a character reference, so that nothing takes it for a marker.
func escapeFirst(mark string) string {
	r, size := utf8.DecodeRuneInString(mark)
	if r == '<' {
		return "&lt;" + mark[size:]
	}
	return fmt.Sprintf("&#%d;%s", r, mark[size:])
}

// The forms of marks: tags in angle and square brackets.
var tagPattern = regexp.MustCompile(`<\s*/?\s*([^<>\s/][^<>]*?)\s*>|\[\s*/?\s*([\pL_]+)\s*\]`)

// marksOf finds the markers in the text of a template. Placeholders divide its lines. The beginning of a line is a marker at
// the beginning of lines. Text behind a placeholder, or in a line with several, is a marker anywhere, if it does not look like
// part of a sentence.
func marksOf(text string) *marks {
	tags, lines, within := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, line := range strings.Split(lineEnds.Replace(text), "\n") {
		parts := strings.Split(placeholders.Replace(line), "\x00")
		for i, part := range parts {
			for _, tag := range tagPattern.FindAllStringSubmatch(part, -1) {
				tags[tagForm(tag[1], tag[2])] = true
			}
			part = strings.TrimSpace(tagPattern.ReplaceAllString(part, " "))
			if len(part) < 2 {
				continue
			}
			mark := strings.ContainsFunc(part, isMarkSign)
			if i == 0 || mark {
				lines[wordForm(part)] = true
			}
			if mark && (i > 0 || len(parts) > 2) {
				within[wordForm(part)] = true
			}
		}
	}
	return &marks{tags: oneOf("(?i)", tags), lines: oneOf("(?mi)^", lines), words: oneOf("(?i)", within)}
}

// isMarkSign reports characters that marks have and sentences do not.
func isMarkSign(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsSpace(r) && !strings.ContainsRune(",.?!;'’()", r)
}

var (
	placeholders = strings.NewReplacer(templateQuery, "\x00", templateContext, "\x00")
	lineEnds     = strings.NewReplacer("\r\n", "\n", "\r", "\n")
)

// tagForm matches a tag and the one that closes it, however they are spaced and whatever attributes they have.
func tagForm(angled, squared string) string {
	if squared != "" {
		return `\[\s*/?\s*` + regexp.QuoteMeta(squared) + `\s*\]`
	}
	return `<\s*/?\s*` + regexp.QuoteMeta(angled) + `(?:\s[^<>]{0,100})?\s*/?\s*>`
}

// wordForm matches words however they are spaced.
func wordForm(part string) string {
	fields := strings.Fields(strings.ReplaceAll(part, ":", " :"))
	for i, field := range fields {
		fields[i] = regexp.QuoteMeta(field)
	}
	return strings.Join(fields, `[ \t]*`)
}

func oneOf(before string, forms map[string]bool) *regexp.Regexp {
	if len(forms) == 0 {
		return nil
	}
	list := slices.Sorted(maps.Keys(forms))
	return regexp.MustCompile(before + "(?:" + strings.Join(list, "|") + ")")
}
