package question

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// Question is one question with its reference answers.
type Question struct {
	ID           string   `json:"id,omitempty"`
	Question     string   `json:"question"`
	Answer       string   `json:"answer"`                 // "" = unanswerable
	Aliases      []string `json:"aliases,omitempty"`      // other correct answers
	Unanswerable bool     `json:"unanswerable,omitempty"` // nothing in the documents answers it
	Gap          Gap      `json:"gap,omitempty"`          // why it is unanswerable; "" = answerable, or not known

	// Group names questions that belong together, such as those about one paragraph: intervals of an evaluation resample
	// groups. "" = a group of its own.
	Group string `json:"group,omitempty"`

	// Hidden is the document (its source) or passage (its id) that is hidden from the search, so that the question has no
	// answer. It is hidden whatever is asked, but not from assistants. "" = nothing.
	Hidden string `json:"hidden,omitempty"`

	// History are the turns before the question, oldest first, without which
	// "Where?" cannot be answered. Evaluations and recipes show them to the model
	// in the same place as an assistant does, so that a row is asked as the tuned
	// model will be. Passages are searched for the question alone, and a judge sees
	// only the question and the reference. What the assistant said in them is
	// prompt; it is learnt only with the loss "all" of package finetune.
	History []model.Message `json:"history,omitempty"`

	// Parts, where set, are what an answer must hold all of, each with its
	// aliases: "Ann Lee" and "Orrin" of "Who built the light, and where?".
	// Answer is then the whole in one text.
	Parts [][]string `json:"parts,omitempty"`

	// Evidence, where set, are the texts of the passages that answer the
	// question. A passage then counts as holding the answer if it is one of
	// them or a piece of one, and not by its words: "no" is in most passages,
	// and a long answer in none.
	Evidence []string `json:"evidence,omitempty"`
}

// Gap says why the documents do not answer a question. The two kinds differ so much in how hard they are to notice that
// evaluations report them apart.
type Gap string

// The kinds of gaps.
const (
	GapAbsent  Gap = "absent"  // no document is about it
	GapAltered Gap = "altered" // a document is about it, but does not say: as in SQuAD 2.0's altered questions
)

// Golds returns the reference answers: Answer, then Aliases, without empty
// ones. It is empty for a question that is unanswerable.
func (q Question) Golds() []string {
	if q.Unanswerable {
		return nil
	}
	golds := make([]string, 0, 1+len(q.Aliases))
	for _, gold := range append([]string{q.Answer}, q.Aliases...) {
		if strings.TrimSpace(gold) != "" {
			golds = append(golds, gold)
		}
	}
	return golds
}

// Read reads questions in JSONL: one object a line with the fields question and
// answer, and optionally the other fields of [Question]. Empty lines are skipped,
// unknown fields ignored. An empty answer makes a question unanswerable, as does
// "unanswerable": true instead of the answer; with neither it is an error, since
// the answers may be under another name. Only an unanswerable question may have a
// gap. A question without an id gets "q" and its line number. The first broken
// line ends reading with a [*retriever.LineError].
func Read(r io.Reader) ([]Question, error) { return read("", r) }

func read(name string, r io.Reader) ([]Question, error) {
	var questions []Question
	seen, unnamed := map[string]int{}, map[int]int{} // lines, by id and by place
	err := jsonl.Each(name, r, func(number int, line []byte) error {
		q, err := parseQuestion(line)
		if err != nil {
			return err
		}
		if q.ID == "" {
			unnamed[len(questions)] = number
			questions = append(questions, q)
			return nil
		}
		if first, ok := seen[q.ID]; ok {
			return fmt.Errorf("id %q was used before, in line %d", q.ID, first)
		}
		seen[q.ID] = number
		questions = append(questions, q)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("questions: %w", err)
	}
	for _, i := range slices.Sorted(maps.Keys(unnamed)) { // a name that is made up must not be one of those given
		number := unnamed[i]
		base := "q" + strconv.Itoa(number)
		id := base
		for n := 2; seen[id] > 0; n++ {
			id = base + "#" + strconv.Itoa(n)
		}
		seen[id] = number
		questions[i].ID = id
	}
	return questions, nil
}

// ReadFile is [Read] of a file.
func ReadFile(path string) ([]Question, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("questions: %w", err)
	}
	defer f.Close()
	return read(path, f)
}

// parseQuestion reads one line and brings it into its canonical form: trimmed
// fields, and Unanswerable exactly when there is no answer.
func parseQuestion(line []byte) (Question, error) {
	var in struct {
		Question
		ID      questionID      `json:"id"`
		Answer  *string         `json:"answer"`
		Answers json.RawMessage `json:"answers"`
	}
	if err := json.Unmarshal(line, &in); err != nil {
		return Question{}, err
	}
	q := in.Question
	if in.Answer != nil {
		q.Answer = *in.Answer
	}
	q.ID = strings.TrimSpace(string(in.ID))
	q.Question = strings.TrimSpace(q.Question)
	q.Answer = strings.TrimSpace(q.Answer)
	aliases := q.Aliases
	q.Aliases = nil
	for _, alias := range aliases {
		alias = strings.TrimSpace(alias)
		if alias != "" && alias != q.Answer && !slices.Contains(q.Aliases, alias) {
			q.Aliases = append(q.Aliases, alias)
		}
	}
	switch {
	case q.Question == "":
		return Question{}, errors.New(`the field "question" is missing or empty`)
	case q.Answer == "" && len(q.Aliases) > 0:
		return Question{}, errors.New(`"aliases" without an "answer"`)
	case q.Answer != "" && q.Unanswerable:
		return Question{}, errors.New(`"unanswerable" together with an "answer"`)
	case q.Answer != "" && q.Gap != "":
		return Question{}, fmt.Errorf(`"gap" %q together with an "answer": it says why there is none`, q.Gap)
	case q.Gap != "" && q.Gap != GapAbsent && q.Gap != GapAltered:
		return Question{}, fmt.Errorf(`"gap" is %q: it is %q or %q`, q.Gap, GapAbsent, GapAltered)
	case in.Answer == nil && in.Answers != nil:
		return Question{}, errors.New(`the field "answers" is not read: put one answer into "answer" and the others into "aliases", ` +
			`or read the file with package dataset`)
	case in.Answer == nil && !q.Unanswerable:
		return Question{}, errors.New(`the field "answer" is missing: give the reference answer, or "" for a question ` +
			`that the documents do not answer`)
	}
	q.Unanswerable = q.Answer == ""
	return q, nil
}

// questionID is a text, or a number as other programs write it.
type questionID string

func (id *questionID) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*string)(id)); err == nil {
		return nil
	}
	var number json.Number
	err := json.Unmarshal(data, &number)
	*id = questionID(number)
	return err
}

// WriteFile writes questions in the form that [Read] reads. The file is replaced
// atomically.
func WriteFile(path string, questions []Question) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		if err := jsonl.Write(w, questions); err != nil {
			return fmt.Errorf("questions: %w", err)
		}
		return nil
	})
}

// Split draws held-out questions: a share of the answerable ones and
// the same share of the unanswerable ones, each rounded to the nearest whole,
// decided by seed and wording alone. So the order of the input does not
// matter, and questions that differ in case, punctuation and articles only are on the
// same side. Both results keep the order of the input. A share below 0 or above 1
// is taken as 0 or 1.
func Split(questions []Question, heldOut float64, seed uint64) (train, held []Question) {
	side := map[string]bool{} // normalised wording -> held out
	for _, unanswerable := range []bool{false, true} {
		drawHeldOut(questions, unanswerable, heldOut, seed, side)
	}
	return divide(questions, func(q Question) bool { return side[wordingKey(q)] })
}

// divide returns the questions that are not held out, and those that are.
func divide(questions []Question, out func(Question) bool) (train, held []Question) {
	for _, q := range questions {
		if out(q) {
			held = append(held, q)
		} else {
			train = append(train, q)
		}
	}
	return train, held
}

// SplitGroups is [Split] by whole groups: the questions of a group are on the same side, so that what is held out is about passages
// that the other questions are not about. A question without a Group is one of its own. Groups are drawn until their questions come
// nearest to the share, whatever the kinds of their questions and whether another group has one of the same wording. Single questions
// are drawn as by Split where there are no groups, and where the groups are so large that one side would have less than half of its
// share.
func SplitGroups(questions []Question, heldOut float64, s uint64) (train, held []Question) {
	count := map[string]int{}
	for _, q := range questions {
		count[groupKey(q)]++
	}
	keys := slices.SortedFunc(maps.Keys(count), func(a, b string) int { return seed.Order(s, "split", a, b) })
	want := int(math.Round(min(max(heldOut, 0), 1) * float64(len(questions))))
	side := map[string]bool{}
	left := want
	for _, key := range keys {
		if n := count[key]; n <= 2*left { // it comes nearer
			side[key] = true
			left -= n
		}
	}
	grouped := slices.ContainsFunc(questions, func(q Question) bool { return q.Group != "" })
	if !grouped || 2*left > want || -2*left > len(questions)-want {
		return Split(questions, heldOut, s)
	}
	return divide(questions, func(q Question) bool { return side[groupKey(q)] })
}

// groupKey names the group of a question, or stands for its wording if it has none.
func groupKey(q Question) string {
	if q.Group != "" {
		return "group " + q.Group
	}
	return "wording " + wordingKey(q)
}

// drawHeldOut decides the sides of the wordings of one kind.
func drawHeldOut(questions []Question, unanswerable bool, share float64, s uint64, side map[string]bool) {
	count := map[string]int{}
	total := 0
	for _, q := range questions {
		key := wordingKey(q)
		if _, taken := side[key]; !taken && q.Unanswerable == unanswerable {
			count[key]++
			total++
		}
	}
	keys := make([]string, 0, len(count))
	for key := range count {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return seed.Order(s, "split", a, b) })
	want := int(math.Round(min(max(share, 0), 1) * float64(total)))
	for _, key := range keys {
		side[key] = want > 0
		want -= count[key]
	}
}

// wordingKey groups questions that differ in case, punctuation and articles
// only. A question without any letters or digits stands for itself.
func wordingKey(q Question) string {
	if key := words.Key(q.Question); key != "" {
		return key
	}
	return q.Question
}

// ReadMessages asks the question of the documents, after the turns before it.
func (q Question) ReadMessages(p prompt.Set, hits []retriever.Hit) []model.Message {
	return layout.WithHistory(p.ReadMessages(q.Question, hits), q.History)
}

// ClosedMessages asks the question without documents, after the turns before it.
func (q Question) ClosedMessages(p prompt.Set) []model.Message {
	return layout.WithHistory(p.ClosedMessages(q.Question), q.History)
}

// RefuseMessages asks for a refusal in view of the documents, after the turns before the question.
func (q Question) RefuseMessages(p prompt.Set, hits []retriever.Hit) []model.Message {
	return layout.WithHistory(p.RefuseMessages(q.Question, hits), q.History)
}
