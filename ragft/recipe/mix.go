package recipe

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// HybridPart is one recipe of a mixture.
type MixPart struct {
	Recipe Recipe
	Weight float64 // its share of the rows, relative to the others; 0 = 1
}

// Hybrid mixes the rows of several recipes by weight, in random order. Rows
// keep their Source, so that losses are reported for each. Its input goes to
// every recipe. A recipe that makes no row is an error; rows that are HeldOut
// are all kept, and count in no share.
type Mix struct {
	Parts []MixPart
	// Total is the number of rows; 0 = as many as the weights allow without
	// repeating a row. Shares are rounded by largest remainders. A recipe that
	// has too few rows gives all that it has, and the others their share.
	Total int
}

// ErrNoRows means that a recipe made nothing of what it was given.
var ErrNoRows = errors.New("a recipe made no rows")

// Name is "hybrid" and the names of its parts.
func (r Mix) Name() string {
	names := make([]string, len(r.Parts))
	for i, p := range r.Parts {
		names[i] = p.Recipe.Name()
	}
	return "hybrid(" + strings.Join(names, "+") + ")"
}

// Estimate is the sum of its parts.
func (r Mix) Estimate(in Input) (model.Cost, error) {
	if len(r.Parts) == 0 {
		return model.Cost{}, errors.New("ragft: hybrid: no recipes to mix: set Hybrid.Parts")
	}
	total := model.Cost{}
	for _, p := range r.Parts {
		if p.Weight < 0 || math.IsNaN(p.Weight) || math.IsInf(p.Weight, 0) {
			return model.Cost{}, fmt.Errorf("ragft: hybrid: the weight of %s is %v", p.Recipe.Name(), p.Weight)
		}
		c, err := p.Recipe.Estimate(in)
		if err != nil {
			return model.Cost{}, err
		}
		total.Add(c)
	}
	return total, nil
}

// Rows makes the rows of every part and draws from them.
func (r Mix) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	out := &Result{Dropped: map[rows.DropReason]int{}}
	made := make([][]rows.Row, len(r.Parts))
	have := make([]int, len(r.Parts))
	weights := make([]float64, len(r.Parts))
	for i, p := range r.Parts {
		part, err := p.Recipe.Rows(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, row := range part.Rows {
			if row.HeldOut {
				out.Rows = append(out.Rows, row)
			} else {
				made[i] = append(made[i], row)
			}
		}
		if have[i], weights[i] = len(made[i]), p.Weight; have[i] == 0 {
			return nil, fmt.Errorf("ragft: hybrid: %w: %s, dropped %v; leave it out of the mixture", ErrNoRows, p.Recipe.Name(), part.Dropped)
		}
		if p.Weight == 0 {
			weights[i] = 1
		}
		for reason, n := range part.Dropped {
			out.Dropped[reason] += n
		}
		out.Cost.Add(part.Cost)
	}
	rng := rand.New(rand.NewPCG(in.Seed, seed.Derive(in.Seed, "hybrid", r.Name())))
	for i, n := range shares(r.Total, weights, have) {
		out.Rows = append(out.Rows, drawRows(made[i], n, rng)...)
	}
	rng.Shuffle(len(out.Rows), func(i, j int) { out.Rows[i], out.Rows[j] = out.Rows[j], out.Rows[i] })
	out.Cost.PerRow(len(out.Rows))
	return out, nil
}

// shares says how many rows each part gives: total by weight, rounded by
// largest remainders, at most what it has. A total of 0 is the largest that
// no part falls short of.
func shares(total int, weights []float64, have []int) []int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	if total <= 0 {
		most := math.Inf(1)
		for i, w := range weights {
			most = min(most, float64(have[i])*sum/w)
		}
		total = int(most + 1e-9)
	}
	out, given := make([]int, len(weights)), 0
	rest := make([]float64, len(weights))
	for i, w := range weights {
		exact := float64(total) * w / sum
		out[i] = int(exact)
		rest[i] = exact - float64(out[i])
		given += out[i]
	}
	for ; given < total; given++ {
		best := 0
		for i := range rest {
			if rest[i] > rest[best] {
				best = i
			}
		}
		out[best]++
		rest[best] = -1
	}
	for i := range out {
		out[i] = min(out[i], have[i])
	}
	return out
}
