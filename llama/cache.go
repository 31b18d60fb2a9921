//go:build cgo

package llama

// #include "shim.h"
import "C"

import "slices"

// A cache keeps sequences that have ended, so that a later prompt with the same beginning need not be
// computed from there: the system message of all requests, or a conversation that goes on.
type cache struct {
	room int     // sequences at most
	kept []*kept // least recently used first
}

// A kept is a sequence that has ended: tokens are what llama.cpp has computed in it.
type kept struct {
	slot     int
	adapters []AdapterScale
	tokens   []Token
	held     *holding
}

// best finds the sequence that begins with the most of the job's prompt.
func (c *cache) best(j *job) (best *kept, share int) {
	share = worthSharing - 1
	for _, k := range c.kept {
		if !slices.Equal(k.adapters, j.adapters) {
			continue
		}
		if n := commonPrefix(k.tokens, j.prompt[:len(j.prompt)-1]); n > share {
			best, share = k, n
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, share
}

// touch makes a sequence the last that will be evicted.
func (c *cache) touch(k *kept) {
	c.remove(k)
	c.kept = append(c.kept, k)
}

func (c *cache) remove(k *kept) {
	c.kept = slices.DeleteFunc(c.kept, func(other *kept) bool { return other == k })
}

// remember keeps a lane's sequence, and tells whether it did.
func (s *scheduler) remember(l *lane) bool {
	if s.cache.room == 0 || bool(s.model.info.recurrent) || l.waiting || l.donor != nil || l.known < worthSharing {
		return false
	}
	j := l.job
	tokens := j.prompt[:l.known]
	if len(j.samples) == 1 && len(l.tokens) > 1 {
		tokens = slices.Concat(tokens, l.tokens[:len(l.tokens)-1]) // the last one was never computed with
	}
	for _, k := range slices.Clone(s.cache.kept) {
		if !slices.Equal(k.adapters, j.adapters) {
			continue
		}
		switch commonPrefix(k.tokens, tokens) {
		case len(tokens):
			s.cache.touch(k)
			return false
		case len(k.tokens):
			s.evict(k)
		}
	}
	if len(s.cache.kept) == s.cache.room {
		s.evict(s.cache.kept[0])
	}
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(len(tokens)))
	s.cache.kept = append(s.cache.kept, &kept{
		slot: l.slot, adapters: j.adapters, tokens: tokens, held: s.cells.hold(len(tokens), l.known, j.held),
	})
	return true
}

// evict forgets a sequence.
func (s *scheduler) evict(k *kept) {
	s.cache.remove(k)
	C.ragft_sequence_drop(s.ptr, C.int32_t(k.slot), 0)
	s.cells.drop(k.held)
	s.slots = append(s.slots, k.slot)
}

// makeRoom forgets sequences, the least recently used first, until so many cells are free. It tells whether
// they are.
func (s *scheduler) makeRoom(need int) bool {
	for s.cells.free < need && len(s.cache.kept) > 0 {
		s.evict(s.cache.kept[0])
	}
	return s.cells.free >= need
}

// placeOn reserves a lane's cells where the first n of its prompt's tokens are those of a kept sequence. It
// tells whether there is room.
func (s *scheduler) placeOn(l *lane, k *kept, n int) bool {
	j := l.job
	s.cache.touch(k) // evicted last; what is shared stays even then
	j.held = s.cells.hold(len(j.prompt), n, k.held)
	if s.layout.separate && (n == len(k.tokens) || len(s.slots) == 0 && len(s.cache.kept) == 1) {
		// A copy would keep nothing that is not in the lane, or there is no place for one.
		l.slot = k.slot
		s.cache.remove(k)
		s.cells.drop(k.held)
		C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(n))
	} else {
		l.slot = s.seat()
		C.ragft_sequence_share(s.ptr, C.int32_t(k.slot), C.int32_t(l.slot), C.int32_t(n))
	}
	if !s.makeRoom(j.maxTokens) {
		C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), 0)
		s.slots = append(s.slots, l.slot)
		s.cells.drop(j.held)
		j.held = nil
		return false
	}
	l.known, j.reused = n, n
	return true
}
