package dataset

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
)

// mtragTask is a line of the generation tasks. "answerability" is in the task, in
// some files with a capital letter, or in the last turn.
type mtragTask struct {
	ID            string `json:"task_id"`
	Contexts      []mtragContext
	Input         []mtragTurn
	Targets       []mtragTurn
	Answerability oneOrMany
}

type mtragTurn struct {
	Speaker, Text string
	Enrichments   struct{ Answerability oneOrMany }
}

// mtragContext is a passage with the marks of the annotators.
type mtragContext struct {
	Passage
	Reference bool // in RAG.jsonl and reference+RAG.jsonl
	Feedback  struct {
		Relevant map[string]struct{ Value string } // "yes" or "no", by annotator
	}
}

// relevant reports whether an annotator marked the passage as relevant, and whether
// there is any mark.
func (c mtragContext) relevant() (relevant, marked bool) {
	relevant, marked = c.Reference, c.Reference
	for _, mark := range c.Feedback.Relevant {
		relevant, marked = relevant || mark.Value == "yes", true
	}
	return relevant, marked
}

// answerability returns the task's answerability in capital letters, or "" if it has
// none.
func (t mtragTask) answerability() string {
	last := t.Input[len(t.Input)-1].Enrichments.Answerability
	for _, words := range []oneOrMany{t.Answerability, last} {
		if len(words) > 0 {
			return strings.ToUpper(words[0])
		}
	}
	return ""
}

// passages divides the contexts. In a file with marks, relevant passages are the
// evidence. Others are distractors if they are known not to have the answer: by a
// mark, or because the task is unanswerable. In a file without marks all contexts are
// evidence.
func (t mtragTask) passages(marks bool) (evidence, distractors []Passage) {
	for _, c := range t.Contexts {
		switch relevant, marked := c.relevant(); {
		case relevant || !marks:
			evidence = append(evidence, c.Passage)
		case marked || t.answerability() == "UNANSWERABLE":
			distractors = append(distractors, c.Passage)
		}
	}
	return evidence, distractors
}

func readMTRAG(s *Set, data []byte) error {
	marks := false
	eachObject(data, func(_ int, t mtragTask) error { // errors are returned below
		marks = marks || slices.ContainsFunc(t.Contexts, func(c mtragContext) bool { _, marked := c.relevant(); return marked })
		return nil
	})
	return eachObject(data, func(_ int, t mtragTask) error {
		if len(t.Input) == 0 {
			return errors.New(`"input" has no turns`)
		}
		last := len(t.Input) - 1
		item := Item{Question: question.Question{ID: t.ID, Question: t.Input[last].Text}}
		item.Evidence, item.Distractors = t.passages(marks)
		for _, turn := range t.Input[:last] {
			role := model.RoleUser
			if turn.Speaker == "agent" {
				role = model.RoleAssistant
			}
			item.History = append(item.History, model.Message{Role: role, Content: turn.Text})
		}
		var answers []string
		switch kind := t.answerability(); kind {
		case "UNANSWERABLE": // the target says that there is no answer
		case "ANSWERABLE", "PARTIAL":
			for _, target := range t.Targets {
				answers = append(answers, target.Text)
			}
			if len(answers) == 0 {
				s.Skipped["no target"]++
				return nil
			}
		default:
			s.Skipped[cmp.Or(strings.ToLower(kind), "no answerability")]++
			return nil
		}
		return s.add(item, answers)
	})
}
