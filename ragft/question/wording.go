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

var (
	titles = regexp.MustCompile(`\b(?:King|Queen|Pope|President|Emperor|Empress|Sir|Lord|Lady|Duke|Count|Prince|Princess|General|Captain|` +
		`Saint|St|Dr|Mr|Mrs|Professor|Bishop|Archbishop|Minister|Mayor|Governor|Admiral|Khan)\b`)
	roles = regexp.MustCompile(`(?i)\b(?:king|queen|pope|president|emperor|leader|author|writer|historian|engineer|general|captain|brother|` +
		`sister|son|daughter|wife|husband|father|mother|founder|inventor|poet|scientist|architect|governor|minister|duke|ruler) $`)
	things = regexp.MustCompile(`\b(?:Act|War|Wars|Treaty|Parliament|University|College|Party|Church|Council|Committee|Empire|Dynasty|` +
		`Company|Corporation|Army|Navy|Battle|Revolution|System|Network|Edict|Agreement|Crisis|Court|Government|Museum|Language|` +
		`Mill|Inn|Tower|Castle|Palace|Station|Theatre|Hotel|Building|Bridge|School|` +
		`Institute|Association|Union|Conference|Plan|Project|Office|House|Law|Age|Century)\b`)
	places = regexp.MustCompile(`\b(?:River|City|Island|Islands|Lake|Valley|Mountain|Mountains|Sea|Ocean|Bay|Coast|Street|County|Kingdom|` +
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

var (
	lead    = regexp.MustCompile(`^(?:(?:In|On|By|During|After|At|From|Since|Before|Under) [^,]{1,50}|However|Later|Today), `)
	clause  = regexp.MustCompile(`^((?:The |A |An )?[^,;:()"“]+?) (was|were|is|are|can|could|will|would|must) (.+)$`)
	past    = regexp.MustCompile(`^((?:The )?` + capital + `(?:(?: of)? ` + capital + `)*) (\p{Ll}+ed) (.+)$`)
	binding = regexp.MustCompile(`(?i)\b(?:that|which|who|when|while|because|as|if|and|but|where|whose|to)\b`)
)

// frame is a main clause with its answer behind the auxiliary: "The mill | was | built in 1912".
type frame struct{ subject, auxiliary, rest string }

// framed takes the main clause of a simple sentence apart, or reports that it cannot.
func framed(c candidate) (f frame, ok bool) {
	sentence := c.sentence[len(lead.FindString(c.sentence)):]
	if m := clause.FindStringSubmatch(sentence); m != nil {
		f = frame{m[1], m[2], m[3]}
	} else if m := past.FindStringSubmatch(sentence); m != nil {
		f = frame{m[1], "did", m[2] + " " + m[3]}
	}
	switch {
	case f.subject == "", len(strings.Fields(f.subject)) > 8, dangling.MatchString(f.subject), binding.MatchString(f.subject),
		strings.Contains(f.subject, c.text):
		return f, false
	}
	return frame{lowerFirst(f.subject), f.auxiliary, f.rest}, true
}

// lowerFirst writes the first word small where only its place gave it a capital: "The mill", "Each packet".
func lowerFirst(s string) string {
	first, rest, more := strings.Cut(s, " ")
	if lower := strings.ToLower(first); more && functionWords[lower] {
		return lower + " " + rest
	}
	return s
}

// starts are beginnings of questions for the answer, which the model completes. The longer ones, with the subject of the
// sentence, leave a small model less to go wrong with.
func starts(c candidate) []string {
	var out []string
	f, ok := framed(c)
	for _, ask := range asks(c) {
		if ok && c.kind != number && c.kind != percentage && c.kind != money {
			out = append(out, ask+" "+f.auxiliary+" "+f.subject)
		} else {
			out = append(out, ask)
		}
	}
	return out
}

// ruled are whole questions that rules make of a simple sentence (Heilman and Smith 2010, section 3): the answer is its
// subject, or a time, place or agent at the end of its main clause.
func ruled(c candidate) []string {
	var out []string
	if before := strings.TrimSpace(c.before()); before == "" || before == "The" {
		if rest := cut(c.after()); (c.kind == name || c.kind == number) && predicate.MatchString(rest) || c.kind == number && rest != "" {
			for _, ask := range asks(c) {
				switch {
				case c.kind == number:
					out = append(out, "How many"+rest+"?")
				case ask != "Where":
					out = append(out, ask+rest+"?")
				}
			}
		}
		return out
	}
	f, ok := framed(c)
	if !ok || f.auxiliary == "did" {
		return nil
	}
	if leading := lead.FindString(c.sentence); c.end <= len(leading) {
		if (c.kind == year || c.kind == date) && timing.MatchString(c.before()) {
			return []string{"When " + f.auxiliary + " " + f.subject + cut(" "+f.rest) + "?"}
		}
		return nil
	}
	body, after, found := strings.Cut(f.rest, c.text)
	if !found || strings.ContainsAny(body, ",;:(") {
		return nil
	}
	ends := after == "" || strings.ContainsAny(after[:1], ".,;")
	switch {
	case !ends && !(c.kind == name && when.MatchString(after)):
		return nil
	case c.kind == year || c.kind == date:
		if at := timing.FindStringIndex(body); at != nil {
			out = append(out, "When "+f.auxiliary+" "+f.subject+" "+strings.TrimSpace(body[:at[0]])+"?")
		}
	case c.kind == name && strings.HasSuffix(body, " by "):
		for _, ask := range asks(c) {
			out = append(out, ask+" "+f.auxiliary+" "+f.subject+" "+strings.TrimSpace(body)+when.FindString(after)+"?")
		}
	}
	return out
}

// when is a time at the end of a clause, which a question may keep.
var when = regexp.MustCompile(`^ (?:in|on|during) (?:the )?[\p{L}\p{N} ]{2,30}\b`)

// predicate begins with a finite verb.
var predicate = regexp.MustCompile(`^ (?:(?:also|later|then|first) )?(?:was|were|is|are|has|had|` +
	`became|won|led|made|wrote|took|gave|began|built|held|came|went|found|fought|left|lost|` +
	`brought|taught|sold|saw|grew|kept|sent|ran|rose|fell|drew|chose|broke|met|paid|` +
	`can|could|will|would|must|consists|contains|includes|provides|\p{Ll}+ed) `)

// cut ends a clause where a question should: before what is said by the way.
func cut(s string) string {
	s = strings.TrimRight(s, ".!?;: ")
	if at := asides.FindStringIndex(s); at != nil {
		s = s[:at[0]]
	}
	for len(strings.Fields(s)) > maxQuestionWords-3 {
		at := strings.LastIndexByte(s, ',')
		if at < 0 {
			break
		}
		s = s[:at]
	}
	return strings.TrimRight(s, ", ")
}

var asides = regexp.MustCompile(`;| \(|, (?:which|who|whose|where|when|while|although|though|but|and|because|with|as|so|` +
	`including|leading|making)\b| – | — `)
