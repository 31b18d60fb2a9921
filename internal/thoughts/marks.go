package thoughts

import (
	"regexp"
	"strings"
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
	tag := openTag.FindStringSubmatch(text)
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

// A tag may be written with blanks, and the opening one with attributes.
var (
	openTag  = regexp.MustCompile(`^<[ \t]*([\pL_:]+)(?:\s[^<>\n]{0,100})?/?[ \t]*>`)
	closeTag = regexp.MustCompile(`<[ \t]*/[ \t]*([\pL_:]+)[ \t]*>`)
)

// mayOpen reports whether an opening mark may begin with the text.
func mayOpen(text string) bool {
	tag, angled := strings.CutPrefix(text, "<")
	tag = strings.TrimLeft(tag, " \t")
	angled = angled && !strings.ContainsAny(tag, "<>\n") && len(tag) < 100
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

// closed returns the place of the first closing mark; -1 = there is none.
func (p pair) closed(text string) (from, to int) {
	from = indexFold(text, p.closing)
	if from >= 0 {
		to = from + len(p.closing)
	}
	if name := p.name(); name != "" {
		for _, at := range closeTag.FindAllStringSubmatchIndex(text, -1) {
			if from >= 0 && at[0] >= from {
				break
			}
			if strings.EqualFold(text[at[2]:at[3]], name) {
				return at[0], at[1]
			}
		}
	}
	return from, to
}

// closedAtEnd returns the place of the first closing mark that stands where a thought ends; -1 = there is none.
func (p pair) closedAtEnd(text string) (from, to int) {
	for at := 0; ; {
		from, to := p.closed(text[at:])
		if from < 0 {
			return -1, 0
		}
		if endsThought(text[:at+from], text[at+to:]) {
			return at + from, at + to
		}
		at += to
	}
}

// nested reports whether a thought has an opening mark within, before a byte.
func (p pair) nested(text string, before int) bool { return indexFold(text[:before], p.opening) >= 0 }

// end returns the place of the mark that closes a thought whose opening mark is in front of the text; -1 = there is none.
//
// Where the thought has opening marks within, that is the one that closes all of them, if it stands where a thought ends or
// the first closing mark does not. A thought that none of its own marks closes ends with the mark of another family.
func (p pair) end(text string) (from, to int) {
	from, to = p.closed(text)
	if from < 0 {
		for _, other := range pairs {
			if i, end := other.closedAtEnd(text); other.name() != "" && i >= 0 && (from < 0 || i < from) {
				from, to = i, end
			}
		}
		return from, to
	}
	depth, at := 1, 0
	for {
		i, end := p.closed(text[at:])
		if i < 0 {
			return from, to
		}
		depth += strings.Count(strings.ToLower(text[at:at+i]), strings.ToLower(p.opening)) - 1
		if depth == 0 {
			if endsThought(text[:at+i], text[at+end:]) || !endsThought(text[:from], text[to:]) {
				return at + i, at + end
			}
			return from, to
		}
		at += end
	}
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

// indexFold is strings.Index in any case of ASCII letters.
func indexFold(text, mark string) int {
	first := mark[:1] // no letter
	for at := 0; ; {
		i := strings.Index(text[at:], first)
		if i < 0 {
			return -1
		}
		if hasPrefixFold(text[at+i:], mark) {
			return at + i
		}
		at += i + 1
	}
}
