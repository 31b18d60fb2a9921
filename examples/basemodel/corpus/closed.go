package corpus

import (
	"fmt"
	"strings"
)

// closedFact is a general fact with several ways to ask for it.
type closedFact struct {
	questions []string
	answer    string
}

func (g *Generator) closedTurn(f closedFact) Turn {
	return Turn{User: user(g.rng.pick(f.questions)), Answer: f.answer, Type: "fact"}
}

// closedItem asks for general facts. The turns have nothing in common but the instruction.
func (g *Generator) closedItem() Item {
	it := Item{Kind: Closed, Instruction: g.instruction(Closed)}
	for range g.rng.between(6, 10) {
		it.Turns = append(it.Turns, g.closedTurn(g.closed[g.rng.n(len(g.closed))]))
	}
	return it
}

// pairs adds a fact for each "key: value" of the list; a percent sign in the questions stands for the key.
func pairs(facts []closedFact, questions, list string) []closedFact {
	for pair := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(strings.Join(strings.Fields(pair), " "), ": ")
		if !ok {
			panic("corpus: general fact without an answer: " + pair)
		}
		f := closedFact{answer: value}
		for q := range strings.SplitSeq(questions, "|") {
			q = strings.ReplaceAll(strings.TrimSpace(q), "a %", withArticle(key))
			f.questions = append(f.questions, capital(strings.ReplaceAll(q, "%", key)))
		}
		facts = append(facts, f)
	}
	return facts
}

// closedFacts returns the general facts in a fixed order.
func closedFacts() []closedFact {
	var f []closedFact
	f = pairs(f, "What is the capital of %? | Which city is the capital of %? | What is the capital city of %? | % has which capital?",
		capitals)
	f = pairs(f, "In which country is %? | What country is % in? | To which country does the city of % belong?", cities)
	f = pairs(f, "On which continent is %? | What continent is % on? | Which continent is % part of?", continents)
	f = pairs(f, "What is the opposite of %? | Which word means the opposite of %? | What is the contrary of %?", opposites)
	f = pairs(f, "What colour is %? | Which colour is %? | What is the colour of %?", colours)
	f = pairs(f, "What do you call a young %? | What is the name for a young %? | What is a young % called?", young)
	f = pairs(f, "What does a % say? | What sound does a % make? | What noise does a % make?", sounds)
	f = pairs(f, "Where does a % live? | What is the home of a % called? | What do you call the home of a %?", homes)
	f = pairs(f, "What kind of thing is a %? | What is a %? | What sort of thing is a %?", classes)
	f = pairs(f, "How many legs does a % have? | How many legs has a %? | What is the number of legs of a %?", legs)
	f = pairs(f, "How many %? | Tell me: how many %? | Here is a question: how many %?", counts)
	f = pairs(f, "What do you use to %? | With what does one %? | What is needed to %?", tools)
	f = pairs(f, "What is the plural of %? | What is the plural form of %? | What is more than one % called?", plurals)
	f = pairs(f, "What is the past tense of %? | What is the past form of %? | What does % become in the past?", pasts)
	f = pairs(f, "What language do people speak in %? | Which language is spoken in %? | What is the language of %?", languages)
	f = pairs(f, "%? | Tell me: %? | Do you know this: %?", various)
	f = sequence(f, "month", words(months))
	f = sequence(f, "day", words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"))
	for a := 1; a <= 10; a++ {
		for b := a; b <= 10; b++ {
			f = append(f, closedFact{answer: fmt.Sprint(a + b), questions: []string{
				fmt.Sprintf("What is %d plus %d?", a, b), fmt.Sprintf("How much is %d and %d?", a, b),
				fmt.Sprintf("What is %d plus %d?", b, a)}})
		}
	}
	return f
}

// sequence asks what comes before and after each name of a circle.
func sequence(f []closedFact, noun string, names []string) []closedFact {
	n := len(names)
	for i, name := range names {
		next, last := names[(i+1)%n], names[(i+n-1)%n]
		f = append(f,
			closedFact{answer: next, questions: []string{fmt.Sprintf("Which %s comes after %s?", noun, name),
				fmt.Sprintf("What %s follows %s?", noun, name), fmt.Sprintf("What comes after %s?", name)}},
			closedFact{answer: last, questions: []string{fmt.Sprintf("Which %s comes before %s?", noun, name),
				fmt.Sprintf("What %s is before %s?", noun, name), fmt.Sprintf("What comes before %s?", name)}})
	}
	return f
}
