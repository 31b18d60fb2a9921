//go:build cgo

package lora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/tfevents"
)

// metrics writes what a run reports to a JSONL file, to TensorBoard's event files, to both or to neither.
type metrics struct {
	run   string // names the run in each line
	lines *os.File
	board *tfevents.Writer
}

// metricsLine is a line of the metrics file.
type metricsLine struct {
	Run   string    `json:"run"`   // of one model, data set and Config
	Event string    `json:"event"` // "step" or "evaluation"
	Step  int       `json:"step"`
	Time  time.Time `json:"time"`

	Loss     *float64           `json:"loss,omitempty"`
	BySource map[string]float64 `json:"loss_by_source,omitempty"`
	Pairs    int                `json:"pairs,omitempty"`
	PairsWon *float64           `json:"pairs_won,omitempty"`
	Margin   *float64           `json:"margin,omitempty"`
	Score    *float64           `json:"score,omitempty"`

	*stepMetrics
}

type stepMetrics struct {
	Epoch           int     `json:"epoch"`
	LearningRate    float64 `json:"learning_rate"`
	GradientNorm    float64 `json:"gradient_norm"`
	TokensPerSecond float64 `json:"tokens_per_second"`
	Tokens          int     `json:"tokens"`
	LossTokens      int     `json:"loss_tokens"`
	Skipped         bool    `json:"skipped,omitempty"`
}

const (
	eventStep       = "step"
	eventEvaluation = "evaluation"
)

// openMetrics opens what Config asks for. Lines that the same run wrote of steps after done, and of evaluations after
// evaluated, are removed, since it will write them again.
func openMetrics(c *Config, run string, done, evaluated int) (*metrics, error) {
	m := &metrics{run: run[:16]}
	if path := c.MetricsFile; path != "" {
		err := m.cut(path, done, evaluated)
		if err == nil {
			m.lines, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
		}
		if err != nil {
			return nil, fmt.Errorf("lora: metrics file: %w", err)
		}
	}
	if c.TensorBoard != "" {
		from := int64(done) + 1
		if evaluated < 0 {
			from = 0
		}
		var err error
		if m.board, err = tfevents.Create(c.TensorBoard, from); err != nil {
			return nil, errors.Join(fmt.Errorf("lora: TensorBoard: %w", err), m.close())
		}
	}
	return m, nil
}

func (m *metrics) cut(path string, done, evaluated int) error {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(data) {
		var l struct {
			Run, Event string
			Step       int
		}
		if err := json.Unmarshal(line, &l); err != nil {
			const begin = `{"run":`
			if n := min(len(line), len(begin)); line[len(line)-1] != '\n' && string(line[:n]) == begin[:n] {
				continue // the half of a line that a killed run wrote
			}
			return fmt.Errorf("%s holds lines that are not metrics: name a file of its own for them", path)
		}
		last := done
		if l.Event == eventEvaluation {
			last = evaluated
		}
		if l.Run != m.run || (l.Step <= last && l.Step <= done) {
			kept.Write(bytes.TrimSuffix(line, []byte("\n")))
			kept.WriteByte('\n')
		}
	}
	if bytes.Equal(kept.Bytes(), data) {
		return nil
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := kept.WriteTo(w); return err })
}

func (m *metrics) step(p Progress, tokensPerSecond float64) error {
	if err := m.line(metricsLine{Event: eventStep, Step: p.Step, stepMetrics: &stepMetrics{
		Epoch: p.Epoch, LearningRate: p.LearningRate, GradientNorm: p.GradientNorm, TokensPerSecond: tokensPerSecond,
		Tokens: p.Tokens, LossTokens: p.LossTokens, Skipped: p.Skipped,
	}}, p.Losses); err != nil {
		return err
	}
	return m.scalars("train", p.Step, p.Losses, []tfevents.Scalar{
		{Tag: "train/learning_rate", Value: p.LearningRate},
		{Tag: "train/gradient_norm", Value: p.GradientNorm},
		{Tag: "train/tokens_per_second", Value: tokensPerSecond},
	})
}

// evaluation reports a held-out loss, a score or both; what was not measured is NaN.
func (m *metrics) evaluation(step int, l Losses, score float64) error {
	if err := m.line(metricsLine{Event: eventEvaluation, Step: step, Score: stats.Finite(score)}, l); err != nil {
		return err
	}
	var more []tfevents.Scalar
	if stats.IsFinite(score) {
		more = []tfevents.Scalar{{Tag: "held_out/score", Value: score}}
	}
	return m.scalars("held_out", step, l, more)
}

func (m *metrics) line(line metricsLine, l Losses) error {
	if m.lines == nil {
		return nil
	}
	line.Run, line.Time, line.Loss, line.BySource, line.Pairs = m.run, time.Now().UTC(), stats.Finite(l.Loss), l.BySource, l.Pairs
	if l.Pairs > 0 {
		line.PairsWon, line.Margin = &l.PairsWon, &l.Margin
	}
	data, err := json.Marshal(line)
	if err == nil {
		_, err = m.lines.Write(append(data, '\n')) // in one piece
	}
	if err != nil {
		return fmt.Errorf("lora: metrics file: %w", err)
	}
	return nil
}

func (m *metrics) scalars(prefix string, step int, l Losses, more []tfevents.Scalar) error {
	if m.board == nil {
		return nil
	}
	values := more
	if stats.IsFinite(l.Loss) {
		values = append([]tfevents.Scalar{{Tag: prefix + "/loss", Value: l.Loss}}, more...)
	}
	for _, source := range slices.Sorted(maps.Keys(l.BySource)) {
		values = append(values, tfevents.Scalar{Tag: prefix + "/loss/" + source, Value: l.BySource[source]})
	}
	if l.Pairs > 0 {
		values = append(values, tfevents.Scalar{Tag: prefix + "/pairs_won", Value: l.PairsWon},
			tfevents.Scalar{Tag: prefix + "/margin", Value: l.Margin})
	}
	if err := m.board.Scalars(int64(step), values); err != nil {
		return fmt.Errorf("lora: TensorBoard: %w", err)
	}
	return nil
}

// sync makes what was written durable, before a checkpoint relies on it.
func (m *metrics) sync() error {
	var err error
	if m.lines != nil {
		err = m.lines.Sync()
	}
	if m.board != nil {
		err = errors.Join(err, m.board.Sync())
	}
	if err != nil {
		return fmt.Errorf("lora: metrics: %w", err)
	}
	return nil
}

func (m *metrics) close() error {
	var err error
	if m.lines != nil {
		err = m.lines.Close()
	}
	if m.board != nil {
		err = errors.Join(err, m.board.Close())
	}
	if err != nil {
		return fmt.Errorf("lora: metrics: %w", err)
	}
	return nil
}
