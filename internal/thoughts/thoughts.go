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
	{"<reason>", "</reason>"},
	{"<analysis>", "</analysis>"},
	{"<scratchpad>", "</scratchpad>"},
	{"<inner_monologue>", "</inner_monologue>"},
	{"<seed:think>", "</seed:think>"},
	{"[THINK]", "[/THINK]"},
	{"◁think▷", "◁/think▷"},
	{"<|think|>", "<|/think|>"},
	{"<|inner_prefix|>", "<|inner_suffix|>"},
	{"<unused94>thought", "<unused95>"},
	{"<|begin_of_thought|>", "<|end_of_thought|>"},
	{"<|START_THINKING|>", "<|END_THINKING|>"},
	{"<|channel>thought", "<channel|>"},
	{"<|channel|>analysis<|message|>", "<|channel|>final<|message|>"},
}

// Split returns the chain of thought of a text, and the byte at which its answer
// begins: 0 if there is no chain of thought, len(text) if there is nothing else.
//
// A chain of thought begins the text, and its first closing mark ends it, unless
// it has opening marks within, which may be closed as well. One without a closing
// mark was cut off, and no answer follows; tags that answers have as well are then the answer. If the prompt has
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
		p, size, ok := opened(text[start:])
		if !ok {
			break
		}
		start += size
		if p == emptyThought {
			at = start
			continue
		}
		i, end := p.end(text[start:])
		if p.doubtful() && (i < 0 || strings.TrimLeft(text[start+end:], white) == "") {
			break
		}
		if i < 0 {
			said, at = append(said, text[start:]), len(text)
			break
		}
		said, at = append(said, text[start:start+i]), start+end
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

// white may stand in front of a mark: blanks, some of which nobody sees.
const white = " \t\r\n\u00a0\u200b\u3000\ufeff"

// Begins reports whether a text begins with an opening mark.
func Begins(text string) bool {
	_, _, ok := opened(strings.TrimLeft(text, white))
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

// closing returns where the thought ends that the prompt has opened: at the first closing mark that has no opening mark within the
// thought, or else at the first one; -1 = there is none. An opening mark that begins the text only repeats that of the prompt.
func closing(text string) (from, to int) {
	from = -1
	depths := map[pair]int{}
	for m := range marksOf(text, 0) {
		switch {
		case m.opens && strings.TrimLeft(text[:m.from], white) != "":
			depths[m.pair]++
		case m.opens:
		case depths[m.pair] == 0:
			return m.from, m.to
		default:
			depths[m.pair]--
			if from < 0 {
				from, to = m.from, m.to
			}
		}
	}
	return from, to
}

// bareClosing returns the place of a closing mark that ends a thought which the
// prompt has opened; -1 = there is none.
func bareClosing(text string) (from, to int) {
	opened := map[pair]bool{} // the text is about these marks
	for m := range marksOf(text, 0) {
		if m.opens {
			opened[m.pair] = true
		}
	}
	for m := range marksOf(text, 0) {
		if !m.opens && !opened[m.pair] && m.endsThought(text) {
			return m.from, m.to
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
	if blank := len(after) - len(strings.TrimLeft(after, " \t\r\n")); strings.Count(after[:blank], "\n") > 1 {
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
