package meter

import (
	"context"
	"log/slog"
	"time"

	"github.com/ragft/ragft/ragft/model"
)

// meter counts what a recipe spends.
type Meter struct {
	start         time.Time
	generating    time.Duration // see Cost
	phase         string        // what was reported last
	phaseStart    time.Time
	reported      time.Time // last
	Calls, Cached int
	Tokens        int
	Progress      func(model.Progress)
	logger        *slog.Logger
}

func New(progress func(model.Progress), logger *slog.Logger) *Meter {
	now := time.Now()
	return &Meter{start: now, phaseStart: now, reported: now, Progress: progress, logger: logger}
}

// chat is one call of a model, counted and checked.
func (m *Meter) Chat(ctx context.Context, lm model.Model, reqs []model.Request) ([]model.Response, error) {
	start := time.Now()
	responses, err := model.Chat(ctx, lm, reqs)
	if err != nil || len(reqs) == 0 {
		return nil, err
	}
	took := time.Since(start)
	var known time.Duration // by a cache, which remembers what each response took when it was generated
	m.Calls += len(reqs)
	for _, response := range responses {
		if response.Cached {
			m.Cached++
		}
		known += time.Duration(response.Seconds * float64(time.Second))
		for _, sample := range response.Samples {
			m.Tokens += sample.Tokens
		}
	}
	if known > 0 {
		took = known
	}
	m.generating += took
	return responses, nil
}

// report tells the progress after a batch: done of total, and the rows so far.
// A recipe may go through several phases, each with a total of its own; the
// time that is left is that of the phase.
func (m *Meter) Report(phase string, done, total, accepted int) {
	if phase != m.phase {
		m.phase, m.phaseStart = phase, m.reported
	}
	m.reported = time.Now()
	p := model.Progress{
		Done: done, Total: total, Accepted: accepted, Calls: m.Calls, Cached: m.Cached,
		Tokens: m.Tokens, Elapsed: m.reported.Sub(m.start),
	}
	if done > 0 {
		p.Remaining = time.Duration(float64(m.reported.Sub(m.phaseStart)) / float64(done) * float64(total-done))
	}
	if seconds := m.generating.Seconds(); seconds > 0 {
		p.TokensPerSecond = float64(m.Tokens) / seconds
	}
	m.logger.Debug(phase, "done", done, "total", total, "accepted", accepted, "cached", p.Cached)
	if m.Progress != nil {
		m.Progress(p)
	}
}

// cost is what was spent on this many rows.
func (m *Meter) Cost(rows int) model.Cost {
	c := model.Cost{Calls: m.Calls, Cached: m.Cached, Tokens: m.Tokens, Elapsed: time.Since(m.start), Generating: m.generating}
	c.PerRow(rows)
	return c
}
