package dense

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Match is a passage with the similarity of its vector to the query's.
type Match struct {
	ID string
	// Similarity is the inner product of the two vectors: their cosine, if the model's vectors have length 1.
	Similarity float64
}

// errVector is returned for a vector with a number that is not finite.
var errVector = errors.New("dense: a vector has a number that is not finite")

// quantise divides the range of a vector's numbers into steps of one size, from -most to most of them, and returns that size.
func quantise[N int8 | int64](v []float32, most float64, out []N) (step float32, err error) {
	top := 0.0
	for _, x := range v {
		top = max(top, math.Abs(float64(x))) // NaN stays
	}
	if math.IsNaN(top) || math.IsInf(top, 0) {
		return 0, errVector
	}
	step = float32(top / most)
	if step == 0 { // zeros, or so small that they make no difference
		clear(out[:len(v)])
		return 0, nil
	}
	for i, x := range v {
		out[i] = N(max(-most, min(most, math.Round(float64(x)/float64(step)))))
	}
	return step, nil
}

const (
	rowMost   = 127     // of a stored vector
	queryMost = 1 << 15 // of a query's: its rounding is far below that of the rows
)

// dot is the inner product of a query and a row, in their steps.
func dot(q []int64, row []int8) int64 {
	var a, b, c, d int64
	for len(row) >= 8 && len(q) >= 8 {
		a += q[0]*int64(row[0]) + q[4]*int64(row[4])
		b += q[1]*int64(row[1]) + q[5]*int64(row[5])
		c += q[2]*int64(row[2]) + q[6]*int64(row[6])
		d += q[3]*int64(row[3]) + q[7]*int64(row[7])
		q, row = q[8:], row[8:]
	}
	for i, x := range row {
		a += q[i] * int64(x)
	}
	return a + b + c + d
}

// scanRows is the number of rows between two looks at the context.
const scanRows = 1 << 14

// nearest returns the k rows that are most similar to a query, best first; equal ones in the order of their IDs. All
// processors compare.
func (r *rows) nearest(ctx context.Context, query []float32, k int) ([]Match, error) {
	if len(query) != r.dims || k <= 0 || len(r.ids) == 0 {
		return nil, ctx.Err()
	}
	q := make([]int64, r.dims)
	step, err := quantise(query, queryMost, q)
	if err != nil {
		return nil, err
	}
	parts := min(runtime.GOMAXPROCS(0), (len(r.ids)+scanRows-1)/scanRows)
	best := make([]top, parts)
	var all sync.WaitGroup
	for i := range parts {
		all.Go(func() {
			best[i].k = k
			r.scan(ctx, q, float64(step), len(r.ids)*i/parts, len(r.ids)*(i+1)/parts, &best[i])
		})
	}
	all.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var out []Match
	for _, b := range best {
		out = append(out, b.list...)
	}
	slices.SortFunc(out, compare)
	return out[:min(k, len(out))], nil
}

// scan compares the rows from begin to end, until ctx ends.
func (r *rows) scan(ctx context.Context, q []int64, step float64, begin, end int, best *top) {
	for i := begin; i < end; i++ {
		if i%scanRows == 0 && ctx.Err() != nil {
			return
		}
		similarity := float64(dot(q, r.values[i*r.dims:(i+1)*r.dims])) * step * float64(r.steps[i])
		if len(best.list) < best.k || similarity >= best.list[0].Similarity {
			best.add(Match{r.ids[i], similarity})
		}
	}
}

// compare orders the more similar first.
func compare(a, b Match) int {
	return cmp.Or(cmp.Compare(b.Similarity, a.Similarity), cmp.Compare(a.ID, b.ID))
}

// top are the best k matches, as a heap with the worst of them first.
type top struct {
	k    int
	list []Match
}

func (t *top) add(m Match) {
	if len(t.list) < t.k {
		heap.Push(t, m)
	} else if compare(m, t.list[0]) < 0 {
		t.list[0] = m
		heap.Fix(t, 0)
	}
}

func (t *top) Len() int           { return len(t.list) }
func (t *top) Less(i, j int) bool { return compare(t.list[i], t.list[j]) > 0 }
func (t *top) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }
func (t *top) Push(m any)         { t.list = append(t.list, m.(Match)) }

// Pop is never called: it completes [heap.Interface].
func (t *top) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}
