package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/internal/yesno"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// evaluator is the state of [Run].
type evaluator struct {
	Config
	questions []Question
	hits      [][]retriever.Hit // by question, best first, as many as a system needs
	chunks    []retriever.Chunk // the beginning of the corpus, read for the first system that is shown as much of it as fits
	judged    *judge.Judge
}

// search finds the passages of all questions, if a system needs them.
func (e *evaluator) search(ctx context.Context) error {
	depth := 0
	for _, s := range e.Systems {
		switch s.Setting {
		case SettingClosed:
		case SettingRetrieval:
			depth = max(depth, e.Passages)
		default:
			depth = max(depth, reading.EvidenceDepth)
		}
		if s.Change != nil {
			depth = max(depth, reading.EvidenceDepth)
		}
	}
	n := len(e.Questions)
	e.questions = make([]Question, n)
	e.hits = make([][]retriever.Hit, n)
	for i, q := range question.WithIDs(e.Questions) {
		// The answer alone decides, as in question.Read.
		q.Unanswerable = len(q.Golds()) == 0
		q.NameHits(e.Evidence[q.ID])
		e.questions[i] = Question{Question: q}
		if depth == 0 {
			continue
		}
		hits, err := e.Search.Search(ctx, q.Question, depth)
		if err != nil {
			return fmt.Errorf("search for question %s: %w", q.ID, err)
		}
		e.hits[i] = hits[:min(len(hits), depth)]
		e.Progress(Progress{Stage: "search", Done: i + 1, Total: n})
	}
	return ctx.Err()
}

// digest returns the digest of the index, if a system is shown passages.
func (e *evaluator) digest(ctx context.Context) (string, error) {
	if !slices.ContainsFunc(e.Systems, func(s System) bool { return s.Setting.ShowsPassages() }) {
		return "", nil
	}
	return reading.DigestOf(ctx, e.Search)
}

// remember adds passages that were shown to those of a question, each once.
func (e *evaluator) remember(i int, hits []retriever.Hit) {
	q := &e.questions[i]
	for _, h := range hits {
		d := Document{ID: h.ID, Source: h.Source, Title: h.Title, Text: h.Text, Score: h.Score}
		if !slices.ContainsFunc(q.Documents, func(o Document) bool { return o.ID == d.ID && o.Text == d.Text }) {
			q.Documents = append(q.Documents, d)
		}
	}
}

// prompts returns the prompts of a system, with its own instruction.
func (e *evaluator) prompts(s System) prompt.Set {
	p := e.Prompts
	if s.Prompt != "" {
		p.Read, p.Closed, p.Template = s.Prompt, s.Prompt, nil
	}
	if s.Template != nil {
		p.Template = s.Template
	}
	return p
}

// arm is a system at work.
type arm struct {
	System
	records []Record          // by question
	shown   [][]retriever.Hit // by question
}

// answerAll has every system answer and judges all answers. The systems of a model are asked together about the same questions,
// and questions about the same passages one after the other, so that a model reads these once.
func (e *evaluator) answerAll(ctx context.Context) ([]*arm, error) {
	arms := make([]*arm, len(e.Systems))
	for i, s := range e.Systems {
		arms[i] = &arm{System: s, records: make([]Record, len(e.questions)), shown: make([][]retriever.Hit, len(e.questions))}
	}
	order, done := e.order(), 0
	for _, group := range byModel(arms) {
		for batch := range slices.Chunk(order, e.Batch) {
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

// order returns the places of the questions. Those that were found the same best passages stand where the first of them does.
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
		r.Ensemble = s.Ensemble
	}
	if s.Rule != nil {
		r.Like.Exclude = wordings.With(s.Rule.Refusal)
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

// answered stores an answer and the places that it cites in the passages it was
// written from.
func (r *Record) answered(q question.Question, s System, response model.Response, from []retriever.Hit) {
	sample := response.Samples[0]
	text := strings.TrimSpace(sample.Text)
	if r.Answer = text; s.Extract != nil {
		if r.Answer = s.Extract(text); r.Answer != text {
			r.Text = text
		}
	}
	r.Tokens, r.PromptTokens, r.Seconds = sample.Tokens, response.PromptTokens, response.Seconds
	r.Truncated = sample.Truncated
	r.Confidence = stats.Finite(math.Exp(sample.MeanLogProb))
	r.cite(q, text, from)
}

// noteShown stores which passages, of a number before they were cut to the context,
// were shown with a question.
func (e *evaluator) noteShown(s System, i int, hits []retriever.Hit, of int, r *Record) {
	if !s.Setting.ShowsPassages() {
		return
	}
	r.Passages, r.Context = len(hits), e.questions[i].Question.Context(hits)
	r.cut = r.cut || len(hits) < of
	if s.Setting != SettingLong {
		r.Shortened = r.cut
		e.remember(i, hits)
	}
	for _, hit := range hits[:min(len(hits), reading.EvidenceDepth)] {
		r.Shown = append(r.Shown, hit.ID)
	}
}

// cite finds the places that the answer cites or is attributed to, and counts the
// cited ones that hold the reference answer.
func (r *Record) cite(q question.Question, text string, hits []retriever.Hit) {
	if len(hits) == 0 || answer.IsRefusal(r.Answer) {
		return
	}
	places, unfound := answer.Cite(q.Question, text, hits)
	r.Cited, r.CitedNowhere = len(unfound), unfound
	var right []retriever.Hit // of those that the model cited itself
	for _, c := range places {
		quote := retriever.Hit{Chunk: retriever.Chunk{Text: c.Quote}}
		holds := q.HeldBy(quote)
		if !c.Attributed {
			if r.Cited++; holds {
				right = append(right, quote)
			}
		}
		r.Citations = append(r.Citations, Citation{
			Passage: c.Chunk.ID, Start: c.Start - c.Chunk.Start, End: c.End - c.Chunk.Start, Quote: c.Quote,
			Marker: c.Marker, Attributed: c.Attributed, Support: c.Support, Right: holds,
		})
	}
	r.CitedRight, r.CitedWhole = len(right), q.Context(right) == answer.Present
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

// score compares an answer with the reference answers.
func (r *Record) score(q question.Question) {
	golds := q.Golds()
	if r.Verdict == answer.Refused || len(golds) == 0 {
		return
	}
	r.ExactMatch = words.SquadExactMatch(r.Answer, golds)
	r.Contains = q.In(r.Answer)
	if q.YesNo() {
		said := yesno.First(answer.Normalize(r.Answer))
		r.Contains = said != "" && answer.ExactMatch(said, golds)
	}
	r.F1, r.RougeL = words.SquadF1(r.Answer, golds), words.RougeL(r.Answer, golds)
}

// describe returns the result of a system without its metrics.
func (e *evaluator) describe(s System, records []Record) SystemResult {
	out := SystemResult{
		Name: s.Name, Model: s.Model.Name(), Setting: s.Setting, Records: records, Rule: s.Rule,
		Ensemble: s.Ensemble, Extracted: s.Extract != nil, ScoresTrue: signals.Scores(s.Model),
	}
	out.Prompt = e.prompts(s).Closed
	if s.Setting.ShowsPassages() {
		out.Prompt, out.Layout = e.prompts(s).Read, layout.Fingerprint(e.prompts(s).ReadMessages)
	}
	out.count()
	return out
}

// count computes the matrix and the curves from the records.
func (s *SystemResult) count() {
	s.Matrix = map[answer.Context]map[answer.Verdict]int{answer.Present: {}, answer.Absent: {}}
	for _, r := range s.Records {
		s.Matrix[r.Context][r.Verdict]++
	}
	s.Tradeoff = tradeoff(s.Records)
	s.Curve, s.Reliability = stats.CurvesOf(answeredOutcomes(s.Records))
}

// signals collects the signals of the records of a batch. Refusals have only those that
// come with the answer.
func (e *evaluator) signals(ctx context.Context, s System, reqs []model.Request, records []Record, shown [][]retriever.Hit) error {
	var open []int
	var asked []signals.Answer
	for i, r := range records {
		records[i].Signals = signals.Free(r.Confidence, shown[i])
		if !words.IsBlank(r.Answer) && !answer.IsRefusal(r.Answer) {
			open, asked = append(open, i), append(asked, signals.Answer{Request: reqs[i], Text: r.Answer})
		}
	}
	collected, err := signals.Ask(ctx, s.Model, e.Signals, asked, s.Extract, e.Seed)
	if err != nil {
		return fmt.Errorf("signals: %w", err)
	}
	for k, i := range open {
		maps.Copy(records[i].Signals, collected[k])
	}
	return nil
}
