package corpus

import (
	"hash/fnv"
	"math/rand/v2"
)

// rng draws everything. It wraps a PCG so that a seed gives the same text with every Go release.
type rng struct{ *rand.Rand }

func newRNG(seed uint64) *rng { return &rng{rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))} }

// n returns a number in [0, n).
func (r *rng) n(n int) int { return r.IntN(n) }

// between returns a number in [lo, hi].
func (r *rng) between(lo, hi int) int { return lo + r.IntN(hi-lo+1) }

func (r *rng) chance(p float64) bool { return r.Float64() < p }

func (r *rng) pick(from []string) string { return from[r.IntN(len(from))] }

// weighted returns an index drawn in proportion to the weights, whose sum is positive.
func (r *rng) weighted(w []float64) int {
	var sum float64
	for _, x := range w {
		sum += x
	}
	x, last := r.Float64()*sum, 0
	for i := range w {
		if w[i] == 0 {
			continue
		}
		if last = i; x < w[i] {
			return i
		}
		x -= w[i]
	}
	return last
}

// shuffled returns a shuffled copy.
func shuffled[T any](r *rng, in []T) []T {
	out := append([]T(nil), in...)
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// split is one of the two halves into which all invented names fall.
type split int

const (
	trainSplit split = iota
	testSplit
)

// splitOf sends every seventh name to the test split, by its hash.
func splitOf(name string) split {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	x := h.Sum64()
	x ^= x >> 29
	if x%7 == 3 {
		return testSplit
	}
	return trainSplit
}

// Reseed makes the generator go on as a new one with this seed would, without reading its text again. A training that
// gives each step a seed of its own can be resumed at any step.
func (g *Generator) Reseed(seed uint64) { g.rng = newRNG(seed) }
