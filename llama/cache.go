//go:build cgo

package llama

// #include "shim.h"
import "C"

import "slices"

// cache holds finished sequences, so that the same beginning of later prompts need not be computed again: a common system
// message, or a conversation that goes on.
type cache struct {
	room int     // largest number of sequences
	kept []*kept // least recently used first

	promised *kept // stays for a request that waits for room; nil = none
}

// kept is a finished sequence, with the tokens that were computed in it.
type kept struct {
	slot     int
	adapters []AdapterScale
	tokens   []Token
	held     *holding
}

// best returns the sequence that has the longest beginning in common with the job's prompt, and that length.
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

// touch marks a sequence as the most recently used.
func (c *cache) touch(k *kept) {
	c.remove(k)
	c.kept = append(c.kept, k)
}

// oldest returns the least recently used sequence that may be evicted, or nil.
func (c *cache) oldest() *kept {
	for _, k := range c.kept {
		if k != c.promised {
			return k
		}
	}
	return nil
}

func (c *cache) remove(k *kept) {
	c.kept = slices.DeleteFunc(c.kept, func(other *kept) bool { return other == k })
}

// remember keeps a lane's sequence if it is worth keeping, and reports whether it did.
func (s *scheduler) remember(l *lane) bool {
	if s.cache.room == 0 || bool(s.model.info.recurrent) || l.waiting || l.donor != nil || l.known < worthSharing {
		return false
	}
	j := l.job
	tokens := j.prompt[:l.known]
	if len(j.samples) == 1 && len(l.tokens) > 1 {
		tokens = slices.Concat(tokens, l.tokens[:len(l.tokens)-1]) // the last one was not computed
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
		oldest := s.cache.oldest()
		if oldest == nil || s.nextSharesLess(tokens, oldest.tokens) {
			return false
		}
		s.evict(oldest)
	}
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(len(tokens)))
	s.cache.kept = append(s.cache.kept, &kept{
		slot: l.slot, adapters: j.adapters, tokens: tokens, held: s.cells.hold(len(tokens), l.known, l.held),
	})
	return true
}

// nextSharesLess reports whether the next prompt of a call has less in common with a than with b. The prompts of a call are
// in order, so that those after the next one have no more in common with b than with the next one.
func (s *scheduler) nextSharesLess(a, b []Token) bool {
	if len(s.queue) == 0 || s.queue[0].ended != nil {
		return false
	}
	next := s.queue[0].prompt
	return commonPrefix(a, next) < commonPrefix(b, next)
}

// evict removes a sequence.
func (s *scheduler) evict(k *kept) {
	s.cache.remove(k)
	C.ragft_sequence_drop(s.ptr, C.int32_t(k.slot), 0)
	s.cells.drop(k.held)
	s.slots = append(s.slots, k.slot)
}

// canMakeRoom reports whether makeRoom can free the needed cells.
func (s *scheduler) canMakeRoom(need int) bool {
	room, users := s.cells.free, map[*span]int{}
	for _, k := range s.cache.kept {
		if room >= need {
			break
		}
		if k == s.cache.promised {
			continue
		}
		for _, part := range k.held.spans {
			if users[part]++; users[part] == part.users { // all that have it may be evicted
				room += part.length
			}
		}
	}
	return room >= need
}

// makeRoom evicts sequences, the least recently used first, until the needed cells are free. It reports whether they are. If
// they cannot be, it evicts none.
func (s *scheduler) makeRoom(need int) bool {
	if !s.canMakeRoom(need) {
		return false
	}
	for s.cells.free < need {
		s.evict(s.cache.oldest())
	}
	return true
}

// placeOn reserves cells for a lane that shares the first n tokens of its prompt with a kept sequence. It reports whether
// there is room.
func (s *scheduler) placeOn(l *lane, k *kept, n int) bool {
	j := l.job
	l.held = s.cells.hold(len(j.prompt), n, k.held)
	if !s.canMakeRoom(j.maxTokens) {
		s.cells.drop(l.held)
		l.held = nil
		return false
	}
	s.cache.touch(k) // so that it is evicted last; even then the shared cells stay
	if s.layout.separate && (n == len(k.tokens) || len(s.slots) == 0 && len(s.cache.kept) == 1) {
		// The lane takes the sequence: a copy would hold nothing more, or there is no slot for one.
		l.slot = k.slot
		s.cache.remove(k)
		s.cells.drop(k.held)
		C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(n))
	} else {
		l.slot = s.takeSlot()
		C.ragft_sequence_share(s.ptr, C.int32_t(k.slot), C.int32_t(l.slot), C.int32_t(n))
	}
	s.makeRoom(j.maxTokens)
	if l.known = n; j.started == 0 {
		j.reused = n
	}
	return true
}
