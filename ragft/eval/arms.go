package eval

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// arm is a system at work.
type arm struct {
	System
	records []Record          // by question
	shown   [][]retriever.Hit // by question
}

// answerAll lets every system answer, and judges all answers. The systems of a model are asked together about the same questions,
// and questions with the same passages one after the other, so that a model reads these once.
func (e *evaluator) answerAll(ctx context.Context) ([]*arm, error) {
	arms := make([]*arm, len(e.Systems))
	for i, s := range e.Systems {
		arms[i] = &arm{System: s, records: make([]Record, len(e.questions)), shown: make([][]retriever.Hit, len(e.questions))}
	}
	order, done := e.order(), 0
	for _, group := range byModel(arms) {
		for _, batch := range e.batches(order, len(group)) {
			if err := e.answer(ctx, group, batch); err != nil {
				return nil, err
			}
			if err := e.judge(ctx, group, batch); err != nil {
				return nil, fmt.Errorf("%s: judge: %w", group[0].Name, err)
			}
			for _, a := range group {
				for _, i := range batch {
					a.records[i].decide(a.Rule)
					a.records[i].score(e.questions[i].Question)
				}
				done += len(batch)
				e.Progress(Progress{Stage: "answer", System: a.Name, Done: done, Total: len(arms) * len(e.questions)})
			}
		}
	}
	for _, a := range arms {
		for i, r := range a.records {
			e.OnRecord(a.Name, r, a.shown[i][:min(len(a.shown[i]), reading.EvidenceDepth)], r.cut)
		}
	}
	return arms, nil
}

// byModel groups the arms whose model is the same. The last arm of all is in the last group.
func byModel(arms []*arm) (groups [][]*arm) {
	for _, a := range slices.Backward(arms) {
		same := func(g []*arm) bool { return reflect.ValueOf(a.Model).Comparable() && g[0].Model == a.Model }
		if i := slices.IndexFunc(groups, same); i >= 0 {
			groups[i] = append([]*arm{a}, groups[i]...)
		} else {
			groups = append(groups, []*arm{a})
		}
	}
	slices.Reverse(groups)
	return groups
}

// order returns the order of the questions, by index. Questions with the same best passages follow the first of them.
func (e *evaluator) order() []int {
	first := map[string]int{} // question that was found these passages first
	ranks, order := make([][]int, len(e.questions)), make([]int, len(e.questions))
	for i, hits := range e.hits {
		order[i] = i
		found := ""
		for k := range e.Passages {
			if found += "\n"; k < len(hits) {
				found += hits[k].ID
			}
			if _, ok := first[found]; !ok {
				first[found] = i
			}
			ranks[i] = append(ranks[i], first[found])
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(ranks[a], ranks[b]) })
	return order
}

// batches cuts the ordered questions into batches with about Batch requests each, given the number of systems. A batch
// continues, up to twice that, as long as the best passage is the same.
func (e *evaluator) batches(order []int, systems int) (batches [][]int) {
	best := func(i int) string {
		if len(e.hits[i]) == 0 {
			return ""
		}
		return e.hits[i][0].ID
	}
	size := max(1, e.Batch/systems)
	for len(order) > 0 {
		n := min(size, len(order))
		for n < min(2*size-1, len(order)) && best(order[n]) != "" && best(order[n]) == best(order[n-1]) {
			n++
		}
		batches, order = append(batches, order[:n]), order[n:]
	}
	return batches
}

// answer generates the answers of systems that have the same model to a batch of questions.
func (e *evaluator) answer(ctx context.Context, group []*arm, batch []int) error {
	parts := make([]reading.Part, len(group))
	before := make([][]int, len(group)) // passages before they are cut to the context
	for k, a := range group {
		prompts := e.prompts(a.System)
		parts[k].Reader = e.reader(a.System)
		for _, i := range batch {
			q := e.questions[i].Question
			a.records[i] = Record{QuestionID: q.ID, Unanswerable: q.Unanswerable, Gap: q.Gap, Context: answer.Absent}
			hits, err := e.passagesFor(ctx, a.System, i, &a.records[i])
			if err != nil {
				return fmt.Errorf("%s: %w", a.Name, err)
			}
			before[k] = append(before[k], len(hits))
			messages := func(hits []retriever.Hit) []model.Message { return a.Setting.messages(prompts, q, hits) }
			parts[k].Asks = append(parts[k].Asks, &reading.Asking{Messages: messages, Hits: hits})
		}
	}
	responses, err := reading.AnswerAll(ctx, parts...)
	if err != nil {
		return fmt.Errorf("%s: questions %s: %w", group[0].Name, e.name(batch), err)
	}
	for k, a := range group {
		if err := e.note(ctx, a, batch, parts[k], responses[k], before[k]); err != nil {
			return fmt.Errorf("%s: questions %s: %w", a.Name, e.name(batch), err)
		}
	}
	return nil
}

// name says which questions a batch has.
func (e *evaluator) name(batch []int) string {
	return e.questions[batch[0]].ID + " to " + e.questions[batch[len(batch)-1]].ID
}

// reader is how a system reads passages.
func (e *evaluator) reader(s System) reading.Reader {
	r := reading.Reader{Model: s.Model, Extract: s.Extract, Like: model.Request{MaxTokens: e.MaxTokens, Stop: e.Stop}}
	if s.Setting.ShowsPassages() {
		if r.Ensemble = s.Ensemble; r.Ensemble == nil && r.Extract == nil {
			r.Drafts = e.Drafts
		}
	}
	switch {
	case s.Rule != nil:
		r.Like.Exclude = wordings.With(s.Rule.Refusal)
	case s.Exclude != "":
		r.Like.Exclude = wordings.With(s.Exclude)
	}
	return r
}

// note stores the answers to a batch of questions, with the signals of each. before is the number of passages that were found.
func (e *evaluator) note(ctx context.Context, a *arm, batch []int, part reading.Part, responses []model.Response, before []int) error {
	reqs, records, shown := make([]model.Request, len(batch)), make([]Record, len(batch)), make([][]retriever.Hit, len(batch))
	for k, i := range batch {
		ask := part.Asks[k]
		e.noteShown(a.System, i, ask.Hits, before[k], &a.records[i])
		a.records[i].answered(e.questions[i].Question, a.System, responses[k], ask.From)
		reqs[k], a.shown[i] = ask.Request(part.Like), ask.Hits
		records[k], shown[k] = a.records[i], ask.Hits
	}
	if err := e.signals(ctx, a.System, reqs, records, shown); err != nil {
		return err
	}
	for k, i := range batch {
		if a.records[i] = records[k]; a.Rule == nil {
			continue
		}
		known, err := abstain.Of(a.Model, e.questions[i].Question.Question, shown[k], responses[k].Samples[0])
		if err != nil {
			return err
		}
		a.records[i].chance(a.Rule, known)
	}
	return nil
}

// judge gives the records of a batch their verdicts.
func (e *evaluator) judge(ctx context.Context, group []*arm, batch []int) error {
	var cases []*judge.Case
	var records []*Record
	for _, i := range batch {
		for _, arm := range group {
			r := &arm.records[i]
			a := judge.Answer{Text: r.Answer}
			if words.IsBlank(a.Text) {
				a.Verdict, a.Decision = answer.Refused, decision.Empty // an Assistant declines here
			}
			records, cases = append(records, r), append(cases, &judge.Case{Question: e.questions[i].Question, Answers: []judge.Answer{a}})
		}
	}
	if err := e.judged.Decide(ctx, cases); err != nil {
		return err
	}
	for k, c := range cases {
		a := c.Answers[0]
		records[k].Verdict, records[k].Decision, records[k].Votes = a.Verdict, a.Decision, a.Votes
	}
	return nil
}
