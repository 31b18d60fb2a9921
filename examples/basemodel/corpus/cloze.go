package corpus

import (
	"fmt"
	"strings"
)

// cloze asks for a name or a number of the sentence: as a question for its subject where the sentence begins with a
// name and goes on with a verb, else by a gap. Only some words around the gap are shown, so that the sentence has to
// be found.
func (g *Generator) cloze(sentence string) (Turn, bool) {
	fields := strings.Fields(strings.TrimRight(sentence, ".!?\"'"))
	if len(fields) < 6 || strings.ContainsAny(sentence, "\"()[];:") {
		return Turn{}, false
	}
	if t, ok := g.subjectQuestion(fields); ok && g.rng.chance(0.7) {
		return t, true
	}
	spans := namesAndNumbers(fields)
	if len(spans) == 0 {
		return Turn{}, false
	}
	span := spans[g.rng.n(len(spans))]
	from, to := max(0, span.from-g.rng.between(3, 7)), min(len(fields), span.to+g.rng.between(2, 6))
	answer := strings.TrimRight(strings.Join(fields[span.from:span.to], " "), ",")
	context := strings.Join(fields[from:span.from], " ") + " ___ " + strings.Join(fields[span.to:to], " ")
	if strings.Count(sentence, answer) != 1 {
		return Turn{}, false
	}
	form := g.rng.pick([]string{"Which words complete this: \"%s\"?", "What stands in the gap: \"%s\"?", "Fill the gap: \"%s\".",
		"What is missing in \"%s\"?"})
	return Turn{User: user(fmt.Sprintf(form, strings.TrimSpace(context))), Answer: answer, Type: "cloze"}, true
}

type wordSpan struct{ from, to int }

// namesAndNumbers finds runs of capitalised words that do not begin the sentence, and numbers.
func namesAndNumbers(fields []string) []wordSpan {
	var out []wordSpan
	for i := 1; i < len(fields); i++ {
		switch {
		case properWord(fields[i]):
			j := i + 1
			for j < len(fields) && properWord(fields[j]) && !strings.HasSuffix(fields[j-1], ",") {
				j++
			}
			out = append(out, wordSpan{i, j})
			i = j
		case fields[i][0] >= '0' && fields[i][0] <= '9':
			out = append(out, wordSpan{i, i + 1})
		}
	}
	return out
}

// properWord reports whether a word inside a sentence is a name.
func properWord(w string) bool {
	if len(w) < 2 || w[0] < 'A' || w[0] > 'Z' || strings.Contains(w, "'") {
		return false
	}
	return w[1] >= 'a' && w[1] <= 'z'
}

// subjectQuestion turns "Anna Weiss carried the letter home" into "Who carried the letter home?".
func (g *Generator) subjectQuestion(fields []string) (Turn, bool) {
	n := 0
	for n < len(fields) && n < 3 && properWord(fields[n]) && !strings.HasSuffix(fields[n], ",") {
		n++
	}
	if n == 0 || n+2 >= len(fields) || !pastVerb(fields[n]) || n == 1 && commonOpening(fields[0]) {
		return Turn{}, false
	}
	rest := strings.Join(fields[n:min(len(fields), n+14)], " ")
	form := g.rng.pick([]string{"Who or what %s?", "Who %s?", "Who was it that %s?"})
	return Turn{User: user(fmt.Sprintf(form, strings.TrimRight(rest, ","))), Answer: strings.Join(fields[:n], " "), Type: "cloze"}, true
}

func pastVerb(w string) bool {
	switch w {
	case "was", "had", "went", "said", "came", "took", "gave", "saw", "ran", "wrote", "made", "left", "stood", "sat", "told", "felt",
		"knew", "found", "is", "has":
		return true
	}
	return len(w) > 4 && strings.HasSuffix(w, "ed")
}

func commonOpening(w string) bool {
	switch w {
	case "He", "She", "It", "They", "We", "You", "The", "This", "That", "There", "These", "Those", "Who", "What", "Which", "Some", "All",
		"Everyone", "Everybody", "Nobody", "Nothing", "One", "Both", "Another", "Then", "Here", "His", "Her", "And", "But":
		return true
	}
	return false
}
