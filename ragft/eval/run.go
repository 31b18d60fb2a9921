package eval

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/yesno"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// evaluator is one run of [Run].
type evaluator struct {
	Config
	questions []Question
	hits      [][]retriever.Hit // by question, best first, as deep as a system needs them
	chunks    []retriever.Chunk // the corpus, once a system is shown all of it
	judged    *judge.Judge
}

// search finds the passages of every question, if a system needs them.
func (e *evaluator) search(ctx context.Context) error {
	depth := 0
	for _, s := range e.Systems {
		switch s.Setting {
		case SettingClosed:
		case SettingRetrieval:
			depth = max(depth, e.K)
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
		// The answer alone decides, as in ReadQuestions.
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

// digest is that of what is searched, for systems that are shown passages.
func (e *evaluator) digest(ctx context.Context) (string, error) {
	if !slices.ContainsFunc(e.Systems, func(s System) bool { return s.Setting.WithDocuments() }) {
		return "", nil
	}
	return reading.DigestOf(ctx, e.Search)
}

// remember keeps the passages that a question was shown with, once each.
func (e *evaluator) remember(i int, hits []retriever.Hit) {
	q := &e.questions[i]
	for _, h := range hits {
		d := NewEvalDocument(h)
		if !slices.ContainsFunc(q.Documents, func(o Document) bool { return o.ID == d.ID && o.Text == d.Text }) {
			q.Documents = append(q.Documents, d)
		}
	}
}

func NewEvalDocument(h retriever.Hit) Document {
	return Document{ID: h.ID, Source: h.Source, Title: h.Title, Text: h.Text, Score: h.Score}
}

// prompts returns the texts of one system, its own message in place.
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

// answerAll answers and judges all questions; done counts the answers before.
func (e *evaluator) answerAll(ctx context.Context, s System, done int) ([]Record, error) {
	records := make([]Record, 0, len(e.questions))
	for from := 0; from < len(e.questions); from += e.Batch {
		batch, err := e.answer(ctx, s, from, min(from+e.Batch, len(e.questions)))
		if err != nil {
			return nil, err
		}
		if err := e.judge(ctx, batch, from); err != nil {
			return nil, fmt.Errorf("judge: %w", err)
		}
		for i := range batch {
			batch[i].score(e.questions[from+i].Question)
		}
		records = append(records, batch...)
		e.Progress(Progress{Stage: "answer", System: s.Name,
			Done: done + len(records), Total: len(e.Systems) * len(e.questions)})
	}
	return records, nil
}

// answer generates the answers to questions[from:to].
func (e *evaluator) answer(ctx context.Context, s System, from, to int) ([]Record, error) {
	prompts := e.prompts(s)
	records := make([]Record, to-from)
	asks := make([]*reading.Asking, to-from)
	shown := make([][]retriever.Hit, to-from)
	for i := range asks {
		q := e.questions[from+i].Question
		records[i] = Record{QuestionID: q.ID, Unanswerable: q.Unanswerable, Context: answer.Absent}
		asks[i] = &reading.Asking{Messages: func(hits []retriever.Hit) []model.Message { return s.Setting.Messages(prompts, q, hits) }}
		var err error
		if asks[i].Hits, err = e.passagesFor(ctx, s, from+i, &records[i]); err != nil {
			return nil, err
		}
		shown[i] = asks[i].Hits
	}
	r := reading.Reader{Model: s.Model, Extract: s.Extract, Like: model.Request{MaxTokens: e.MaxTokens, Stop: e.Stop}}
	if s.Setting.WithDocuments() {
		r.Ensemble = s.Ensemble
	}
	responses, err := r.Answer(ctx, asks)
	if err != nil {
		return nil, fmt.Errorf("questions %s to %s: %w", records[0].QuestionID, records[len(records)-1].QuestionID, err)
	}
	reqs := make([]model.Request, len(asks))
	for i, response := range responses {
		e.note(s, from+i, asks[i].Hits, len(shown[i]), &records[i])
		records[i].answered(e.questions[from+i].Question, s, response, asks[i].From)
		reqs[i], shown[i] = asks[i].Request(r.Like), asks[i].Hits
	}
	return records, e.signals(ctx, s, reqs, records, shown)
}

// answered writes down an answer, and the passages that it was written from.
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

// note writes down what a question was shown with, of so many passages.
func (e *evaluator) note(s System, i int, hits []retriever.Hit, of int, r *Record) {
	if !s.Setting.WithDocuments() {
		return
	}
	r.Passages, r.Context = len(hits), e.questions[i].Question.Context(hits)
	if e.KeepHits {
		r.Hits = hits[:min(len(hits), reading.EvidenceDepth)]
	}
	r.Cut = r.Cut || len(hits) < of
	if s.Setting != SettingLong {
		r.Shortened = r.Cut
		e.remember(i, hits)
	}
	for _, hit := range hits[:min(len(hits), reading.EvidenceDepth)] {
		r.Shown = append(r.Shown, hit.ID)
	}
}

// cite finds the places that the answer cites, or else seems to rest on, and
// counts those of them that hold the answer.
func (r *Record) cite(q question.Question, text string, hits []retriever.Hit) {
	if len(hits) == 0 || answer.IsRefusal(r.Answer) {
		return
	}
	places, nowhere := answer.Written(q.Question, text, hits)
	r.Cited, r.CitedNowhere = len(places)+len(nowhere), nowhere
	var quotes []retriever.Hit
	for _, c := range places {
		if quote := (retriever.Hit{Chunk: retriever.Chunk{Text: c.Quote}}); q.HeldBy(quote) {
			quotes = append(quotes, quote)
		}
	}
	r.CitedRight, r.CitedWhole = len(quotes), q.Context(quotes) == answer.Present
	if len(places) == 0 {
		places = answer.Attributed(q.Question, text, hits)
	}
	for _, c := range places {
		r.Citations = append(r.Citations, CitedPlace{
			Passage: c.Chunk.ID, Start: c.Start - c.Chunk.Start, End: c.End - c.Chunk.Start, Quote: c.Quote,
			Marker: c.Marker, Attributed: c.Attributed, Support: c.Support,
			Right: q.HeldBy(retriever.Hit{Chunk: retriever.Chunk{Text: c.Quote}}),
		})
	}
}

// judge gives the records of a batch their verdicts.
func (e *evaluator) judge(ctx context.Context, records []Record, from int) error {
	cases := make([]*judge.Case, len(records))
	for i := range records {
		a := judge.Answer{Text: records[i].Answer}
		if answer.IsBlank(a.Text) {
			a.Verdict, a.Decision = answer.Refused, answer.ByEmpty // as an Assistant declines there
		}
		cases[i] = &judge.Case{Question: e.questions[from+i].Question, Answers: []judge.Answer{a}}
	}
	if err := e.judged.Decide(ctx, cases); err != nil {
		return err
	}
	for i, c := range cases {
		a := c.Answers[0]
		records[i].Verdict, records[i].Decision, records[i].Votes = a.Verdict, a.Decision, a.Votes
	}
	return nil
}

// score fills in the comparison with the gold answers.
func (r *Record) score(q question.Question) {
	golds := q.Golds()
	if r.Verdict == answer.Refused || len(golds) == 0 {
		return
	}
	r.ExactMatch = answer.SquadExactMatch(r.Answer, golds)
	r.Contains = q.In(r.Answer)
	if q.YesNo() {
		said := yesno.First(answer.Normalize(r.Answer))
		r.Contains = said != "" && answer.ExactMatch(said, golds)
	}
	r.F1, r.RougeL = answer.SquadF1(r.Answer, golds), answer.RougeL(r.Answer, golds)
}

// describe starts the result of a system: all but the metrics.
func (e *evaluator) describe(s System, records []Record) SystemResult {
	out := SystemResult{
		Name: s.Name, Model: s.Model.Name(), Setting: s.Setting, Records: records,
		Ensemble: s.Ensemble, Extracted: s.Extract != nil, ScoresTrue: confidence.ScoresTrue(s.Model),
	}
	out.Prompt = e.prompts(s).Closed
	if s.Setting.WithDocuments() {
		out.Prompt, out.Layout = e.prompts(s).Read, layout.Fingerprint(e.prompts(s).ReadMessages)
	}
	out.count()
	return out
}

// count makes the matrix and the curves from the records.
func (s *SystemResult) count() {
	s.Matrix = Matrix{answer.Present: {}, answer.Absent: {}}
	for _, r := range s.Records {
		s.Matrix[r.Context][r.Verdict]++
	}
	s.Curve, s.Reliability = stats.CurvesOf(answeredOutcomes(s.Records))
}

// MeasureAgain computes everything that follows from the records.
func (e *Evaluation) MeasureAgain(ctx context.Context) error {
	m := evaluator{Config: Config{Seed: e.Seed, Resamples: e.Resamples, Progress: func(Progress) {}}}
	if m.Resamples <= 0 {
		return fmt.Errorf("%d bootstrap samples", e.Resamples)
	}
	for i := range e.Systems {
		s := &e.Systems[i]
		for k := range s.Records {
			r := &s.Records[k]
			r.Unanswerable = e.Questions[k].Unanswerable
			r.ExactMatch, r.Contains, r.F1, r.RougeL = false, false, 0, 0
			r.score(e.Questions[k].Question)
		}
		s.count()
	}
	for _, c := range e.Comparisons {
		m.Compare = append(m.Compare, Pair{c.Base, c.Other})
	}
	e.Comparisons = nil
	return m.measure(ctx, e)
}
