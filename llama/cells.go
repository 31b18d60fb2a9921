//go:build cgo

package llama

import "slices"

// cells counts the cells of the key-value cache that are in use. llama.cpp stores a token once for all sequences that share
// it, so the cells of a common prefix are counted once, until the last sequence is dropped.
type cells struct {
	free     int
	holdings map[*holding]struct{}
}

// holding is the cells of one prompt, as spans in order of position.
type holding struct{ spans []*span }

// span is a range of positions whose cells are the same in all holdings that contain it.
type span struct{ length, users int }

func newCells(size int) *cells {
	return &cells{free: size, holdings: map[*holding]struct{}{}}
}

// hold reserves cells for a prompt of the given length. It shares its first positions, as many as shared, with from.
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

// drop releases the cells of a prompt.
func (c *cells) drop(h *holding) {
	delete(c.holdings, h)
	for _, s := range h.spans {
		if s.users--; s.users == 0 {
			c.free += s.length
		}
	}
}

// prefix returns the spans of the first n positions. A span that is longer is divided, in all holdings.
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
