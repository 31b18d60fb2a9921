//go:build cgo

package llama

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCellsSharedPrefix(t *testing.T) {
	c := newCells(100)
	a := c.hold(30, 0, nil)
	require.Equal(t, 70, c.free)
	b := c.hold(40, 20, a) // 20 of a's, 20 own
	require.Equal(t, 50, c.free)
	d := c.hold(30, 25, b) // 20 of a's, 5 of b's, 5 own
	require.Equal(t, 45, c.free)
	c.drop(a) // keeps the 20 that b and d use
	require.Equal(t, 55, c.free)
	c.drop(b) // keeps 20 and 5
	require.Equal(t, 70, c.free)
	c.drop(d)
	require.Equal(t, 100, c.free)
}

// TestCellsModel compares with a count of the distinct cells that the live prompts use.
func TestCellsModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const size = 1000
	c := newCells(size)
	type prompt struct {
		held  *holding
		cells []int
	}
	var live []prompt
	next := 0
	for range 5000 {
		if len(live) > 0 && rng.IntN(2) == 0 {
			i := rng.IntN(len(live))
			c.drop(live[i].held)
			live = append(live[:i], live[i+1:]...)
		} else {
			p := prompt{}
			length, shared := 1+rng.IntN(40), 0
			var from *holding
			if len(live) > 0 && rng.IntN(3) > 0 {
				donor := live[rng.IntN(len(live))]
				shared = rng.IntN(min(length, len(donor.cells)) + 1)
				from = donor.held
				p.cells = append(p.cells, donor.cells[:shared]...)
			}
			for len(p.cells) < length {
				p.cells = append(p.cells, next)
				next++
			}
			p.held = c.hold(length, shared, from)
			live = append(live, p)
		}
		used := map[int]bool{}
		for _, p := range live {
			for _, cell := range p.cells {
				used[cell] = true
			}
		}
		require.Equal(t, size-len(used), c.free)
	}
}
