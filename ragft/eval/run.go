package eval

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/signals"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/internal/yesno"
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

// answered stores an answer and the places that it cites in the passages it was
// written from.
func (r *Record) answered(q question.Question, s System, response model.Response, from []retriever.Hit) {
	sample := reading.Chosen(response.Samples)
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
		Drafts: e.reader(s).Drafts,
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
	s.Tradeoff = tradeoff(s.Records, s.Rule)
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
