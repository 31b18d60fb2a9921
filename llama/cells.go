//go:build cgo

package llama

import "slices"

// cells keeps account of the key-value cache. llama.cpp stores a token once, however many sequences see
// it: the cells of a prefix that prompts have in common are counted once, until the last of them is gone.
type cells struct {
	free     int
	holdings map[*holding]struct{}
}

// A holding is the cells of one prompt, as spans in order of position.
type holding struct{ spans []*span }

// A span is a stretch of positions whose cells are the same in all the holdings that contain it.
type span struct{ length, users int }

func newCells(size int) *cells {
	return &cells{free: size, holdings: map[*holding]struct{}{}}
}

// hold reserves cells for a prompt of the given length, whose first shared positions are those of from.
func (c *cells) hold(length, shared int, from *holding) *holding {
	h := &holding{}
	if shared > 0 {
		h.spans = c.prefix(from, shared)
	}
	for _, s := range h.spans {
		s.users++
	}
	if own := length - shared; own > 0 {
		h.spans = append(h.spans, &span{length: own, users: 1})
		c.free -= own
	}
	c.holdings[h] = struct{}{}
	return h
}

// drop gives a prompt's cells up.
func (c *cells) drop(h *holding) {
	delete(c.holdings, h)
	for _, s := range h.spans {
		if s.users--; s.users == 0 {
			c.free += s.length
		}
	}
}

// prefix returns the spans of the first n positions. It cuts the span that goes on beyond, in all holdings.
func (c *cells) prefix(h *holding, n int) []*span {
	for i, s := range h.spans {
		if s.length > n {
			rest := &span{length: s.length - n, users: s.users}
			s.length = n
			for other := range c.holdings {
				if at := slices.Index(other.spans, s); at >= 0 {
					other.spans = slices.Insert(other.spans, at+1, rest)
				}
			}
		}
		if n -= s.length; n == 0 {
			return slices.Clone(h.spans[:i+1])
		}
	}
	return slices.Clone(h.spans)
}
