//go:build cgo

package lora

import (
	"context"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"time"

	"github.com/ragft/ragft/internal/stats"
)

// Scored is the score that Config.Score gave the adapter after a step.
type Scored struct {
	Step        int
	Score       float64
	HeldOutLoss float64 // NaN without held-out examples
}

const scoredSuffix = ".scored"

// mostScores bounds how often Score is asked in a run.
const mostScores = 4

// keepsBest says whether the adapter that is written may be an earlier one than the last.
func (c Config) keepsBest() bool { return c.KeepBest || c.Score != nil }

// planScores chooses the steps after which Score is asked. With fewer than two there is nothing to choose from.
func (r *run) planScores() {
	if r.scorePoints = map[int]bool{}; r.config.Score == nil || len(r.steps) < 2 {
		return
	}
	r.scorePoints[len(r.steps)] = true
	if r.config.Epochs == 1 {
		r.scorePoints[(len(r.steps)+1)/2] = true
		return
	}
	n := min(r.config.Epochs, mostScores)
	for step, epoch := range r.epochEnds {
		for k := 1; k < n; k++ {
			if epoch == k*r.config.Epochs/n {
				r.scorePoints[step] = true
			}
		}
	}
}

// evaluate measures the held-out loss and the score where they are due: before the first step and after those that Config
// says. It reports whether the loss was measured.
func (r *run) evaluate(ctx context.Context) (bool, error) {
	if r.evaluated == r.done || !r.evaluationDue() {
		return false, nil
	}
	l := Losses{Loss: math.NaN()}
	if len(r.heldOut) > 0 {
		var err error
		if l, err = r.Evaluate(ctx, r.heldOut); err != nil {
			return false, err
		}
		if !stats.IsFinite(l.Loss) {
			return false, &DivergedError{Step: r.done, Loss: l.Loss, LearningRate: r.config.Rate(max(1, r.done), len(r.steps))}
		}
	}
	if r.done == 0 {
		r.baseLoss, r.baseSources = l.Loss, maps.Clone(l.BySource)
	} else if !r.rises(l) {
		score, err := r.score(ctx, l.Loss)
		if err != nil {
			return false, err
		}
		if err := r.compare(l, score); err != nil {
			return false, err
		}
	}
	r.evaluated, r.lastHeldOut = r.done, l // not before the score, so that a run that ends there asks for it again
	return len(r.heldOut) > 0, r.metrics.evaluation(r.done, l, r.scoreOf(r.done))
}

func (r *run) evaluationDue() bool {
	if r.scorePoints[r.done] {
		return true
	}
	every := r.config.EvaluateEvery
	_, epochEnded := r.epochEnds[r.done]
	return len(r.heldOut) > 0 &&
		(r.done == 0 || r.done == len(r.steps) || (every == 0 && epochEnded) || (every > 0 && r.done%every == 0))
}

// score asks Score where it is due, and is -Inf elsewhere.
func (r *run) score(ctx context.Context, heldOutLoss float64) (float64, error) {
	if !r.scorePoints[r.done] {
		return math.Inf(-1), nil
	}
	path := r.path + scoredSuffix
	defer os.Remove(path)
	if err := r.Save(path); err != nil {
		return 0, err
	}
	began := time.Now()
	score, err := r.config.Score(ctx, path)
	r.scoring += time.Since(began)
	if err == nil && math.IsNaN(score) {
		err = fmt.Errorf("the score is not a number")
	}
	if err != nil {
		return 0, fmt.Errorf("lora: scoring the adapter of step %d: %w", r.done, err)
	}
	r.scores = append(r.scores, Scored{r.done, score, heldOutLoss})
	return score, nil
}

// scoreOf is the score of the adapter after a step; NaN where there is none.
func (r *run) scoreOf(step int) float64 {
	if n := len(r.scores); n > 0 && r.scores[n-1].Step == step {
		return r.scores[n-1].Score
	}
	return math.NaN()
}

// rises says whether a source's loss is above its bound, and notes which.
func (r *run) rises(l Losses) bool {
	for _, source := range slices.Sorted(maps.Keys(r.config.MaxRise)) {
		if l.BySource[source] > r.baseSources[source]+r.config.MaxRise[source] {
			r.rose = source
			return true
		}
	}
	return false
}

// compare keeps count of the best evaluation: by score first, then by loss, and the later one where neither tells.
func (r *run) compare(l Losses, score float64) error {
	r.stale++
	if l.Loss < r.lowestLoss-r.config.MinImprovement {
		r.stale = 0
	}
	if l.Loss < r.lowestLoss {
		r.lowestLoss = l.Loss
	}
	if score < r.bestScore || score == r.bestScore && l.Loss >= r.bestLoss {
		return nil
	}
	r.bestScore, r.bestLoss, r.bestSources, r.bestStep, r.bestUpdates = score, l.Loss, maps.Clone(l.BySource), r.done, r.Trainer.step
	if !r.config.keepsBest() {
		return nil
	}
	var err error
	r.best, err = r.engine.Values()
	return err
}
