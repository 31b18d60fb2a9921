package recipe

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Mix mixes the rows of several recipes by weight, in random order. Rows keep
// their Source, so that losses are reported for each. All recipes are given the
// same input. A recipe that makes no row is an error. Rows that are HeldOut are
// all kept, and count in no share.
type Mix struct {
	Recipes []Recipe
	// Weights are the shares of the recipes in the rows, relative to each other.
	// Nil = equal shares.
	Weights []float64
	// Total is the number of rows; 0 = as many as the weights allow without
	// repeating a row. Shares are rounded by largest remainders. A recipe that has
	// too few rows gives all it has; the others are not increased.
	Total int
}

// Name is "hybrid" and the names of its recipes.
func (r Mix) Name() string {
	names := make([]string, len(r.Recipes))
	for i, one := range r.Recipes {
		names[i] = one.Name()
	}
	return "hybrid(" + strings.Join(names, "+") + ")"
}

func (r Mix) check() error {
	switch {
	case len(r.Recipes) == 0:
		return fmt.Errorf("hybrid: there are no recipes to mix: set Mix.Recipes")
	case r.Weights != nil && len(r.Weights) != len(r.Recipes):
		return fmt.Errorf("hybrid: there are %d weights for %d recipes", len(r.Weights), len(r.Recipes))
	case r.Total < 0:
		return fmt.Errorf("hybrid: Total is %d: it cannot be negative", r.Total)
	}
	for i, w := range r.Weights {
		if !(w > 0) || math.IsInf(w, 0) {
			return fmt.Errorf("hybrid: the weight of %s is %v: it must be above 0", r.Recipes[i].Name(), w)
		}
	}
	return nil
}

// Estimate is the sum of the recipes' costs.
func (r Mix) Estimate(in Input) (model.Cost, error) {
	if err := r.check(); err != nil {
		return model.Cost{}, err
	}
	total := model.Cost{}
	for _, one := range r.Recipes {
		c, err := one.Estimate(in)
		if err != nil {
			return model.Cost{}, err
		}
		total.Add(c)
	}
	return total, nil
}

// Rows makes the rows of every recipe and draws from them.
func (r Mix) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	out := &Result{Dropped: map[string]int{}}
	made := make([][]rows.Row, len(r.Recipes))
	have := make([]int, len(r.Recipes))
	weights := make([]float64, len(r.Recipes))
	for i, one := range r.Recipes {
		part, err := one.Rows(ctx, in)
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
		if have[i] = len(made[i]); have[i] == 0 {
			return nil, inputErrorf("hybrid: the recipe %s made no rows (%s): leave it out of the mixture", one.Name(), reasons(part.Dropped))
		}
		if weights[i] = 1; r.Weights != nil {
			weights[i] = r.Weights[i]
		}
		for reason, n := range part.Dropped {
			out.Dropped[reason] += n
		}
		out.Refusal = cmp.Or(out.Refusal, part.Refusal)
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

// reasons lists why nothing came of questions or texts: "no-oracle 3, short 1".
func reasons(dropped map[string]int) string {
	var list []string
	for _, reason := range slices.Sorted(maps.Keys(dropped)) {
		if n := dropped[reason]; n > 0 {
			list = append(list, fmt.Sprint(reason, " ", n))
		}
	}
	return cmp.Or(strings.Join(list, ", "), "nothing was dropped")
}

// shares returns how many rows each recipe gives: total by weight, rounded by
// largest remainders, at most what it has. A total of 0 is the largest that
// every recipe has enough rows for.
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
	remainder := make([]float64, len(weights))
	for i, w := range weights {
		exact := float64(total) * w / sum
		out[i] = int(exact)
		remainder[i] = exact - float64(out[i])
		given += out[i]
	}
	for ; given < total; given++ {
		best := 0
		for i := range remainder {
			if remainder[i] > remainder[best] {
				best = i
			}
		}
		out[best]++
		remainder[best] = -1
	}
	for i := range out {
		out[i] = min(out[i], have[i])
	}
	return out
}
