package verified

import (
	"slices"
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
)

// fewWords is how many words more than the reference an answer may have before
// it is cut to the reference.
const fewWords = 1

// cut shortens a sentence that holds the reference: to itself if it is at most
// one word longer and whole, else to the reference as it stands in the
// sentence, with an article before and a unit behind.
func cut(sentence string, golds []string, whole bool) string {
	gold := heldBy(sentence, golds)
	if whole && len(words.Of(sentence)) <= len(words.Of(gold))+fewWords {
		return withoutStop(sentence, gold)
	}
	return span(sentence, gold)
}

// heldBy is the longest of the references that a text holds; "" if it holds none.
func heldBy(text string, golds []string) string {
	longest := ""
	for _, gold := range golds {
		if answer.Contains(text, []string{gold}) && len(words.Of(gold)) > len(words.Of(longest)) {
			longest = gold
		}
	}
	return longest
}

// withoutStop removes the full stop of a phrase, unless the reference ends with
// one, as in "Washington, D.C.".
func withoutStop(phrase, gold string) string {
	if strings.HasSuffix(gold, ".") && strings.HasSuffix(phrase, gold) {
		return phrase
	}
	return strings.TrimRight(phrase, ".!;, ")
}

// span is the reference as a text has it, with what belongs to it.
func span(text, gold string) string {
	gold = strings.TrimSpace(gold)
	fields := strings.Fields(text)
	from, to := find(fields, words.Of(gold))
	if to == 0 {
		return gold
	}
	found := strings.TrimFunc(strings.Join(fields[from:to], " "), isMargin)
	if answer.Normalize(found) != answer.Normalize(gold) { // "1912-1915"
		return gold
	}
	if strings.HasSuffix(gold, ".") && strings.HasSuffix(strings.Join(fields[from:to], " "), gold) {
		found += "."
	}
	if to < len(fields) && endsInDigit(found) && !strings.ContainsAny(fields[to-1][len(fields[to-1])-1:], ".,;:!?") {
		if n := unit(fields[to:]); n > 0 {
			found += " " + strings.TrimFunc(strings.Join(fields[to:to+n], " "), isMargin)
		}
	}
	if from > 0 && slices.Contains(articles, strings.ToLower(fields[from-1])) {
		found = fields[from-1] + " " + found
	}
	if from > 0 && endsInDigit(fields[from-1]) && unit(strings.Fields(found)) > 0 {
		found = fields[from-1] + " " + found
	}
	return found
}

// unit is how many of the fields, from the first, are what a number counts or
// measures; 0 if they begin otherwise.
func unit(fields []string) int {
	first := strings.TrimFunc(fields[0], isMargin)
	lower := strings.ToLower(first)
	switch {
	case lower == "per" || lower == "pour": // alone they are prepositions
		if len(fields) > 1 && first == fields[0] && strings.ToLower(strings.TrimFunc(fields[1], isMargin)) == "cent" {
			return 2
		}
	case slices.Contains(units, lower), first == "AD", first == "CE": // in French, "ce" is "this"
		return 1
	}
	return 0
}

// find returns the first fields whose words are those of the reference, from and
// to; to = 0 if there are none.
func find(fields, gold []string) (from, to int) {
	var all []string
	var of []int // field of each word
	for i, field := range fields {
		if slices.Contains([]string{"a", "an", "the"}, strings.Join(words.Of(field), " ")) {
			continue // as in the words of a whole text
		}
		for _, word := range words.Of(field) {
			all, of = append(all, word), append(of, i)
		}
	}
	at := words.Index(all, gold)
	if at < 0 {
		return 0, 0
	}
	return of[at], of[at+len(gold)-1] + 1
}

// isMargin matches what may stand around a phrase and is no part of it.
func isMargin(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune(`.,;:!?"'“”‘’«»()[]*_`, r)
}

func endsInDigit(text string) bool { return text != "" && unicode.IsDigit(rune(text[len(text)-1])) }

var (
	articles = []string{"the", "a", "an", "der", "die", "das", "den", "ein", "eine", "le", "la", "les", "un", "une", "el", "los", "las"}
	units    = []string{
		"%", "percent", "thousand", "million", "billion", "trillion", "km", "kilometres", "kilometers", "metres", "meters",
		"m", "cm", "mm", "miles", "feet", "inches", "acres", "hectares", "years", "months", "weeks", "days",
		"hours", "minutes", "seconds", "kg", "kilograms",
		"grams", "pounds", "tons", "tonnes", "dollars", "euros", "degrees", "people",
		"bc", "bce", "prozent", "jahre", "jahren",
		"meter", "kilometer", "millionen", "ans", "mètres", "años", "metros", "millones",
	}
)
