package question

import (
	"regexp"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

const writerSystem = "You write questions. Each names what it is about, and has the given answer."

// examples are turns that show how a question is written. They are ours, so that no document's licence comes along with them.
// As turns of their own, and with little around them, they leak less into the questions of a small model than in one message.
var examples = []struct{ title, sentence, answer, question string }{
	{"Alder Bridge", "The Alder Bridge was opened in 1931 and carries the coast road.", "1931", "When was the Alder Bridge opened?"},
	{"Sandhill", "After the flood, Mayor Ilse Brandt moved the market to Sandhill.", "Ilse Brandt",
		"Who moved the market to Sandhill after the flood?"},
	{"Cheese", "The valley of Corran has 14 dairies, which sell most of their cheese abroad.", "14",
		"How many dairies does the valley of Corran have?"},
	{"Hay", "Farmers in Lowmoor dry the hay on frames known as hurdles.", "hurdles",
		"What are the frames called on which farmers in Lowmoor dry hay?"},
}

// writeMessages ask for a question with this answer. They show its sentence and title alone: a whole passage costs several times
// as much to read, and a small model then asks about something else in it.
func writeMessages(chunk retriever.Chunk, c candidate) []model.Message {
	messages := []model.Message{{Role: model.RoleSystem, Content: writerSystem}}
	for _, e := range examples {
		messages = append(messages, writeMessage(e.title, e.sentence, e.answer), model.Message{Role: model.RoleAssistant, Content: e.question})
	}
	return append(messages, writeMessage(chunk.Title, c.sentence, c.text))
}

func writeMessage(title, sentence, answer string) model.Message {
	title = strings.Join(strings.Fields(title), " ")
	return model.Message{Role: model.RoleUser, Content: "Title: " + title + "\nSentence: " + sentence + "\nAnswer: " + answer + "\nQuestion:"}
}

const readInstruction = "Answer the question in a few words of the document."

// readMessages ask a question of the passage, and closedMessages without it.
func readMessages(chunk retriever.Chunk, question string) []model.Message {
	return layout.User(layout.Ask(readInstruction, question, []retriever.Hit{{Chunk: chunk}}))
}

func closedMessages(question string) []model.Message {
	return layout.User(layout.Ask("Answer the question in a few words.", question, nil))
}

// landNames are words of names of what has a place and is no person.
const landNames = `Fort|Duchy|Kingdom|Colony|Province|County|City|Islands?|River|Lake|Valley`

var (
	titles = regexp.MustCompile(`\b(?:King|Queen|Pope|President|Emperor|Empress|Sir|Lord|Lady|Duke|Count|Prince|Princess|General|Captain|` +
		`Saint|St|Dr|Mr|Mrs|Professor|Bishop|Archbishop|Minister|Mayor|Governor|Admiral|Khan)\b`)
	roles = regexp.MustCompile(`(?i)\b(?:king|queen|pope|president|emperor|leader|author|writer|historian|engineer|general|captain|brother|` +
		`sister|son|daughter|wife|husband|father|mother|founder|inventor|poet|scientist|architect|governor|minister|duke|ruler) $`)
	things = regexp.MustCompile(`\b(?:Act|War|Wars|Treaty|Parliament|University|College|Party|Church|Council|Committee|Empire|Dynasty|` +
		`Company|Corporation|Army|Navy|Battle|Revolution|System|Network|Edict|Agreement|Crisis|Court|Government|Museum|Language|` +
		`Mill|Inn|Tower|Castle|Palace|Station|Theatre|Hotel|Building|Bridge|School|` +
		`Institute|Association|Union|Conference|Plan|Project|Office|House|Law|Age|Century)\b`)
	lands  = regexp.MustCompile(`\b(?:` + landNames + `)\b`) // no "who"
	places = regexp.MustCompile(`\b(?:` + landNames + `|Mountains?|Sea|Ocean|Bay|Coast|Street|` +
		`North|South|East|West|Northern|Southern|Eastern|Western)\b`)
	placing = regexp.MustCompile(`(?i)\b(?:in|at|near|across|around|outside|through) (?:the )?$`)
	timing  = regexp.MustCompile(`(?i)\b(?:in|on|since|by|until|around|about)(?: the year)? (?:about |around )?$`)
)

// words that may begin a question for a name, the likeliest first.
func askName(c candidate) []string {
	before := c.before()
	switch {
	case titles.MatchString(c.text), titles.MatchString(lastWord(before)), roles.MatchString(before):
		return []string{"Who"}
	case things.MatchString(c.text):
		return []string{"What"}
	case placing.MatchString(before):
		return []string{"Where", "What"}
	case places.MatchString(c.text):
		return []string{"What", "Where"}
	}
	return []string{"Who", "What"}
}

func lastWord(s string) string {
	fields := strings.Fields(s)
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1]
}

// asks are the words with which a question for the answer may begin.
func asks(c candidate) []string {
	switch c.kind {
	case year, date:
		return []string{"When"}
	case percentage:
		return []string{"What percentage of"}
	case money:
		return []string{"How much"}
	case number:
		return []string{"How many " + firstWord.FindString(strings.TrimSpace(c.after()))}
	case name:
		return askName(c)
	}
	return []string{"What"}
}

// starts are beginnings of questions for the answer, which the model completes. The longer ones, with the subject of the
// sentence, leave a small model less to go wrong with.
func starts(c candidate) []string {
	var out []string
	f, ok := framed(c.sentence)
	ok = ok && !loose.MatchString(f.rest) && strings.Contains(f.rest, c.text) && !strings.Contains(f.subject, c.text)
	for _, ask := range asks(c) {
		if ok && c.kind != number && c.kind != percentage && c.kind != money {
			ask += f.begin()
		}
		out = append(out, ask)
	}
	return out
}
