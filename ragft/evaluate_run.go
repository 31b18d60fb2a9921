package ragft

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// evaluator is one run of [Evaluate].
type evaluator struct {
	EvalConfig
	questions []EvalQuestion
	hits      [][]retriever.Hit // by question
	contexts  []Context         // by question, for systems with retrieval
}

// search finds the passages of every question, if a system needs them.
func (e *evaluator) search(ctx context.Context) error {
	needed := false
	for _, s := range e.Systems {
		needed = needed || s.Retrieval
	}
	n := len(e.Questions)
	e.questions = make([]EvalQuestion, n)
	e.hits = make([][]retriever.Hit, n)
	e.contexts = make([]Context, n)
	for i, q := range e.Questions {
		if q.ID == "" {
			q.ID = "#" + strconv.Itoa(i+1)
		}
		// The answer alone decides, as in ReadQuestions.
		q.Unanswerable = len(q.Golds()) == 0
		e.questions[i] = EvalQuestion{Question: q}
		if !needed {
			continue
		}
		hits, err := e.Search.Search(ctx, q.Question, e.K)
		if err != nil {
			return fmt.Errorf("search for question %s: %w", q.ID, err)
		}
		hits = hits[:min(len(hits), e.K)]
		e.hits[i], e.contexts[i] = hits, labelContext(q, hits)
		for _, h := range hits {
			e.questions[i].Documents = append(e.questions[i].Documents,
				EvalDocument{ID: h.ID, Source: h.Source, Title: h.Title, Text: h.Text, Score: h.Score})
		}
		e.Progress(EvalProgress{Stage: "search", Done: i + 1, Total: n})
	}
	return ctx.Err()
}

// prompts returns the texts of one system, its own message in place.
func (e *evaluator) prompts(s System) Prompts {
	p := e.Prompts
	if s.Prompt != "" {
		p.Read, p.Closed = s.Prompt, s.Prompt
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
		e.Progress(EvalProgress{Stage: "answer", System: s.Name,
			Done: done + len(records), Total: len(e.Systems) * len(e.questions)})
	}
	return records, nil
}

// answer generates the answers to questions[from:to].
func (e *evaluator) answer(ctx context.Context, s System, from, to int) ([]Record, error) {
	prompts := e.prompts(s)
	records := make([]Record, to-from)
	reqs := make([]ChatRequest, to-from)
	for i := range reqs {
		q := e.questions[from+i]
		records[i] = Record{QuestionID: q.ID, Unanswerable: q.Unanswerable, Context: Absent}
		messages := prompts.ClosedMessages(q.Question.Question)
		if s.Retrieval {
			records[i].Context = e.contexts[from+i]
			messages = prompts.ReadMessages(q.Question.Question, e.hits[from+i])
		}
		reqs[i] = ChatRequest{Messages: messages, MaxTokens: e.MaxTokens, Stop: e.Stop}
	}
	responses, err := chatAll(ctx, s.Model, reqs)
	if err != nil {
		return nil, fmt.Errorf("questions %s to %s: %w", records[0].QuestionID, records[len(records)-1].QuestionID, err)
	}
	for i, response := range responses {
		sample := response.Samples[0]
		records[i].Answer = strings.TrimSpace(sample.Text)
		records[i].Tokens, records[i].PromptTokens = sample.Tokens, response.PromptTokens
		records[i].Truncated = sample.Truncated
		records[i].Confidence = finite(math.Exp(sample.MeanLogProb))
	}
	return records, nil
}

// chatAll is Chat with a check of what came back.
func chatAll(ctx context.Context, m Model, reqs []ChatRequest) ([]ChatResponse, error) {
	if err := ctx.Err(); err != nil || len(reqs) == 0 {
		return nil, err
	}
	responses, err := m.Chat(ctx, reqs)
	if err != nil {
		return nil, err
	}
	if len(responses) != len(reqs) {
		return nil, fmt.Errorf("model %s returned %d responses for %d requests", m.Name(), len(responses), len(reqs))
	}
	for i := range responses {
		if got, want := len(responses[i].Samples), max(1, reqs[i].Samples); got != want {
			return nil, fmt.Errorf("model %s returned %d samples where %d were asked for", m.Name(), got, want)
		}
	}
	return responses, nil
}

// judge gives the records of a batch their verdicts.
func (e *evaluator) judge(ctx context.Context, records []Record, from int) error {
	var reqs []ChatRequest
	var open []int
	for i := range records {
		r, q := &records[i], e.questions[from+i].Question
		r.Verdict, r.Decision = cascade(r.Answer, q.Golds(), e.Judge.CorrectF1)
		switch {
		case r.Verdict != "":
		case e.Judge.Model == nil || e.Judge.Votes < 0:
			r.Verdict, r.Decision = Incorrect, ByUndecided
		default:
			open = append(open, i)
			reqs = append(reqs, ChatRequest{
				Messages: e.Prompts.JudgeMessages(q.Question, strings.Join(q.Golds(), " / "), r.Answer),
				Samples:  e.Judge.Votes, MaxTokens: e.Judge.MaxTokens, Temperature: e.Judge.Temperature,
				Seed: deriveSeed(e.Seed, q.ID, "judge", r.Answer),
			})
		}
	}
	if len(reqs) == 0 {
		return nil
	}
	responses, err := chatAll(ctx, e.Judge.Model, reqs)
	if err != nil {
		return err
	}
	for i, response := range responses {
		votes := countVotes(response.Samples)
		r := &records[open[i]]
		r.Votes = &votes
		r.Verdict, r.Decision = votes.verdict()
	}
	return nil
}

// score fills in the comparison with the gold answers.
func (r *Record) score(q Question) {
	golds := q.Golds()
	if r.Verdict == Refused || len(golds) == 0 {
		return
	}
	r.ExactMatch, r.Contains = ExactMatch(r.Answer, golds), Contains(r.Answer, golds)
	r.F1, r.RougeL = F1(r.Answer, golds), RougeL(r.Answer, golds)
}

// describe starts the result of a system: all but the metrics.
func (e *evaluator) describe(s System, records []Record) SystemResult {
	out := SystemResult{Name: s.Name, Model: s.Model.Name(), Retrieval: s.Retrieval, Records: records}
	out.Prompt = e.prompts(s).Closed
	if s.Retrieval {
		out.Prompt = e.prompts(s).Read
	}
	out.Matrix = Matrix{Present: {}, Absent: {}}
	for _, r := range records {
		out.Matrix[r.Context][r.Verdict]++
	}
	outcomes := answeredOutcomes(records)
	if curve := RiskCoverage(outcomes); len(curve) > 0 {
		// The curve of the answers is drawn over all questions: it ends at the
		// coverage of the system.
		for _, p := range curve {
			p.Coverage *= float64(len(curve)) / float64(len(records))
			out.Curve = append(out.Curve, p)
		}
		out.Reliability = Reliability(outcomes)
	}
	return out
}
