// Package thoughts separates the chain of thought in a model's text from its
// answer. Reasoning models write it in front of the answer, between two marks,
// such as <think> and </think>. Some servers take it out, many do not.
package thoughts

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// pair are the marks around a chain of thought.
type pair struct{ opening, closing string }

// pairs are the marks of the families of models that have been seen, in any case.
var pairs = []pair{
	{"<think>", "</think>"},
	{"<thinking>", "</thinking>"},
	{"<thought>", "</thought>"},
	{"<thoughts>", "</thoughts>"},
	{"<reasoning>", "</reasoning>"},
	{"<reflection>", "</reflection>"},
	{"<seed:think>", "</seed:think>"},
	{"[THINK]", "[/THINK]"},
	{"◁think▷", "◁/think▷"},
	{"<|begin_of_thought|>", "<|end_of_thought|>"},
	{"<|START_THINKING|>", "<|END_THINKING|>"},
	{"<|channel>thought", "<channel|>"},
	{"<|channel|>analysis<|message|>", "<|channel|>final<|message|>"},
}

// Split returns the chain of thought of a text, and the byte at which its answer
// begins: 0 if there is no chain of thought, len(text) if there is nothing else.
//
// A chain of thought begins the text, and its first closing mark ends it. One
// without a closing mark was cut off, and no answer follows. If the prompt has
// opened it, the text has no opening mark. begun says that this is so; otherwise
// a closing mark counts if it stands where a thought ends: on a line of its own,
// before an empty line, or directly after a sentence. Within a sentence it is
// part of the answer.
func Split(text string, begun bool) (thinking string, at int) {
	var said []string
	if begun {
		i, end := closing(text)
		if i < 0 {
			return strings.TrimSpace(text), len(text)
		}
		said, at = append(said, text[:i]), end
	}
	for {
		start := at + len(text[at:]) - len(strings.TrimLeft(text[at:], white))
		p, ok := opened(text[start:])
		if !ok {
			break
		}
		start += len(p.opening)
		i := indexFold(text[start:], p.closing)
		if i < 0 {
			said, at = append(said, text[start:]), len(text)
			break
		}
		said, at = append(said, text[start:start+i]), start+i+len(p.closing)
	}
	if at == 0 {
		i, end := bareClosing(text)
		if i < 0 {
			return "", 0
		}
		said, at = append(said, text[:i]), end
	}
	return strings.TrimSpace(strings.Join(said, "\n")), at
}

const white = " \t\r\n"

// opened returns the marks of the thought that the text begins with.
func opened(text string) (pair, bool) {
	for _, p := range pairs {
		if hasPrefixFold(text, p.opening) {
			return p, true
		}
	}
	return pair{}, false
}

// Begins reports whether a text begins with an opening mark.
func Begins(text string) bool {
	_, ok := opened(strings.TrimLeft(text, white))
	return ok
}

// EndsUnopened reports whether a text ends a chain of thought that it does not begin: the prompt has opened it.
func EndsUnopened(text string) bool {
	_, at := Split(text, false)
	return at > 0 && !Begins(text)
}

// Tells reports whether a model's text says how all its texts begin: one without a mark that was cut off may be a thought, or not.
func Tells(text string, cutOff bool) bool { return !cutOff || EndsUnopened(text) || Begins(text) }

// Opens reports whether a text, such as a prompt, ends with an opening mark.
func Opens(text string) bool {
	text = strings.TrimRight(text, white)
	return slices.ContainsFunc(pairs, func(p pair) bool {
		return len(text) >= len(p.opening) && strings.EqualFold(text[len(text)-len(p.opening):], p.opening)
	})
}

// IsMark reports whether a text is an opening or closing mark.
func IsMark(text string) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool {
		return strings.EqualFold(text, p.opening) || strings.EqualFold(text, p.closing)
	})
}

// Marks returns the opening and closing marks of all families, in pairs.
func Marks() [][2]string {
	marks := make([][2]string, len(pairs))
	for i, p := range pairs {
		marks[i] = [2]string{p.opening, p.closing}
	}
	return marks
}

// closing returns where the first closing mark begins and ends; -1 = there is none.
func closing(text string) (from, to int) {
	from = -1
	for _, p := range pairs {
		if i := indexFold(text, p.closing); i >= 0 && (from < 0 || i < from) {
			from, to = i, i+len(p.closing)
		}
	}
	return from, to
}

// bareClosing returns the place of a closing mark that ends a thought which the
// prompt has opened; -1 = there is none.
func bareClosing(text string) (from, to int) {
	for _, p := range pairs {
		if indexFold(text, p.opening) >= 0 {
			continue // the text is about the marks
		}
		for at := 0; ; {
			i := indexFold(text[at:], p.closing)
			if i < 0 {
				break
			}
			at += i + len(p.closing)
			if endsThought(text[:at-len(p.closing)], text[at:]) {
				return at - len(p.closing), at
			}
		}
	}
	return -1, 0
}

// endsThought reports whether a closing mark between two texts stands where a thought ends.
func endsThought(before, after string) bool {
	if strings.TrimSpace(before) == "" && strings.TrimSpace(after) == "" {
		return false // the mark is all that was said
	}
	line := strings.TrimRight(before, " \t\r")
	if line == "" || strings.HasSuffix(line, "\n") {
		return true
	}
	rest := strings.NewReplacer("\r", "", " ", "", "\t", "").Replace(after)
	if strings.HasPrefix(rest, "\n\n") {
		return true
	}
	last, _ := utf8.DecodeLastRuneInString(before)
	return strings.ContainsRune(".!?…。！？", last)
}

// AnswerToken returns the index of the first token of the answer, which begins
// at byte at of the text; 0 if the tokens are not those of the text.
func AnswerToken(tokens []string, text string, at int) int {
	if at == 0 || strings.Join(tokens, "") != text {
		return 0
	}
	n := 0
	for i, token := range tokens {
		if n >= at {
			return i
		}
		n += len(token)
	}
	return len(tokens)
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
