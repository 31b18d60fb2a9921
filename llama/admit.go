//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// admit starts samples while there are slots and cells. The queue is served in order, so that the samples of one request
// run together and share its prompt; only those of a batcher take turns, and if the first does not fit, others pass it for a while.
func (s *scheduler) admit() error {
	s.cache.promised, s.reading = nil, false
	for len(s.queue) > 0 && len(s.lanes) < s.parallel() {
		if s.takeTurns(); len(s.queue) == 0 {
			return nil
		}
		j := s.queue[0]
		if j.started == len(j.samples) {
			s.queue = s.queue[1:]
			continue
		}
		if s.reading = !s.ready(j); s.reading {
			return s.pass(j) // the running ones go on meanwhile
		}
		started, err := s.start(j)
		if err != nil {
			return err
		}
		if !started {
			return s.pass(j)
		}
	}
	return nil
}

// takeTurns puts the requests of a batcher with the fewest running samples first, so that one with many samples does not hold up the
// others.
func (s *scheduler) takeTurns() {
	if !s.queue[0].alone() {
		s.queue = slices.DeleteFunc(s.queue, func(j *job) bool { return j.started == len(j.samples) })
		slices.SortStableFunc(s.queue, func(a, b *job) int { return len(a.lanes) - len(b.lanes) })
	}
}

// givesWay reports whether a request of a batcher leaves the place of a sample that has ended to one that waits without any, and could
// start there. A request keeps one place, so that it goes on.
func (s *scheduler) givesWay(j *job) bool {
	waits := func(other *job) bool {
		return len(other.lanes) == 0 && other.started < len(other.samples) &&
			s.canMakeRoom(len(other.prompt)+other.maxTokens-j.maxTokens) && s.ready(other)
	}
	return !j.alone() && len(j.lanes) > 1 && slices.ContainsFunc(s.queue, waits)
}

// ready reports whether all but room is there for one more sample of the job.
func (s *scheduler) ready(j *job) bool {
	if j.started == 0 {
		if j.adapters = j.request; j.adapters == nil {
			j.adapters = s.Context.adapters
		}
	}
	return s.hasGrammar(j)
}

// hasGrammar reports whether the grammar of one more sample of the job was read. A call that has the scheduler alone waits for it.
func (s *scheduler) hasGrammar(j *job) bool {
	if j.alone() {
		return j.grammars.await(s.ctx, s.parallel())
	}
	return j.grammars.available(s.parallel())
}

// start starts one more sample of the job, which is ready. It reports whether there was room.
func (s *scheduler) start(j *job) (started bool, err error) {
	l := &lane{job: j, sample: j.started, turn: s.turn}
	if !s.place(l) {
		return false, nil
	}
	if err := s.open(l); err != nil {
		s.attach(l)
		return true, s.fail(j, err)
	}
	return true, nil
}

// patience is the number of batches for which later requests may start before the first of the queue, which does not fit. After
// that the first one is the next, so that it has room once those that run have ended. As many later ones are tried.
const patience = 64

// pass starts requests behind the first one, which does not fit, where places are free. What is kept that the first one would
// continue from stays. In a call of [Context.Generate] nobody waits for a turn, and the order is that of what prompts share.
func (s *scheduler) pass(first *job) error {
	if first.alone() {
		return nil
	}
	if s.blocked != first {
		s.blocked, s.blockedAt = first, s.turn
	}
	if s.turn-s.blockedAt >= patience {
		return nil
	}
	s.cache.promised, _ = s.cache.best(first)
	for _, j := range slices.Clone(s.queue[1:min(len(s.queue), 1+patience)]) {
		for s.mayPass(j) {
			started, err := s.start(j)
			if err != nil {
				return err
			}
			if !started {
				break
			}
		}
	}
	s.queue = slices.DeleteFunc(s.queue, func(j *job) bool { return j.started == len(j.samples) })
	return nil
}

// mayPass reports whether to try to start one more sample of the job. Its grammar is not read where it cannot fit.
func (s *scheduler) mayPass(j *job) bool {
	return !j.over && j.started < len(j.samples) && len(s.lanes) < s.parallel() && s.canMakeRoom(j.maxTokens) && s.ready(j)
}

// place assigns a sequence to the lane, reserves its cells and decides from where it takes its prompt. It reports whether
// there is room.
func (s *scheduler) place(l *lane) bool {
	j := l.job
	partial := !bool(s.model.info.recurrent) // a recurrent state cannot be cut back to a prefix
	switch {
	case len(j.lanes) > 0 && !j.lanes[0].decoding() && !j.lanes[0].waiting:
		if !s.makeRoom(j.maxTokens) {
			return false
		}
		l.slot, l.waiting = s.takeSlot(), true
		j.lanes[0].followers = append(j.lanes[0].followers, l)
		l.held = s.cells.hold(len(j.prompt), len(j.prompt), j.lanes[0].held)
	case len(j.lanes) > 0 && partial:
		// The last token of the prompt is computed again, as its logits were not kept.
		if !s.makeRoom(j.maxTokens) {
			return false
		}
		l.slot, l.donor, l.share = s.takeSlot(), j.lanes[0], len(j.prompt)-1
		l.held = s.cells.hold(len(j.prompt), len(j.prompt), j.lanes[0].held)
	default:
		donor, share := (*lane)(nil), 0
		if partial {
			donor, share = s.bestDonor(j)
		}
		if kept, n := s.cache.best(j); n > share {
			if !s.placeOn(l, kept, n) {
				return false
			}
			break
		}
		if !s.makeRoom(len(j.prompt) - share + j.maxTokens) {
			return false
		}
		var from *holding
		l.slot = s.takeSlot()
		if l.donor, l.share = donor, share; donor != nil {
			from = donor.held
		}
		l.held = s.cells.hold(len(j.prompt), share, from)
		if j.started == 0 {
			j.reused = share
		}
	}
	s.cells.free -= j.maxTokens
	return true
}

// takeSlot takes the first free sequence. If there is none, it evicts the least recently used one that is kept.
func (s *scheduler) takeSlot() int {
	if len(s.slots) == 0 {
		s.evict(s.cache.kept[0])
	}
	slot := slices.Min(s.slots)
	s.slots = slices.DeleteFunc(s.slots, func(other int) bool { return other == slot })
	return slot
}

// bestDonor returns the lane that has the longest beginning of its prompt in common with j, and that length.
func (s *scheduler) bestDonor(j *job) (best *lane, share int) {
	share = worthSharing - 1
	for _, l := range s.lanes {
		if l.waiting || l.job == j || !slices.Equal(l.job.adapters, j.adapters) {
			continue
		}
		if n := commonPrefix(l.job.prompt, j.prompt[:len(j.prompt)-1]); n > share {
			best, share = l, n
		}
	}
	if best == nil {
		return nil, 0
	}
	return best, share
}

func commonPrefix(a, b []Token) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// notFirst practically forbids a token.
const notFirst = -1000

// setSampler sets up the lane's sampler for the token that comes next.
func (s *scheduler) setSampler(l *lane) error {
	j := l.job
	p := j.sampling
	params := C.ragft_sampling{
		temperature: C.float(p.Temperature), top_p: C.float(p.TopP), min_p: C.float(p.MinP),
		repeat_penalty: C.float(p.RepeatPenalty), presence_penalty: C.float(p.PresencePenalty),
		frequency_penalty: C.float(p.FrequencyPenalty), top_k: C.int32_t(p.TopK), repeat_last: C.int32_t(p.RepeatLast),
		seed: C.uint32_t(seedOf(p.Seed, l.sample) + uint32(len(l.tokens))),
	}
	said := slices.Concat(j.prompt, l.tokens)
	recent := said[max(0, len(said)-p.RepeatLast):]
	biases := make([]C.ragft_bias, 0, len(p.LogitBias)+len(p.NotFirst))
	for token, bias := range p.LogitBias {
		biases = append(biases, C.ragft_bias{token: C.int32_t(token), bias: C.float(bias)})
	}
	if len(l.tokens) == 0 {
		for _, token := range p.NotFirst {
			biases = append(biases, C.ragft_bias{token: C.int32_t(token), bias: C.float(notFirst)})
		}
	}
	grammar, err := j.grammars.take()
	if err != nil {
		return fmt.Errorf("llama: request %d: %w", j.index, err)
	}
	var cerr C.ragft_error
	code := C.ragft_sampler_set(s.ptr, C.int32_t(l.slot), &params, grammar, unsafe.SliceData(biases), C.int32_t(len(biases)),
		(*C.int32_t)(unsafe.SliceData(recent)), C.int32_t(len(recent)), &cerr)
	if code != C.RAGFT_OK {
		return fmt.Errorf("llama: request %d: sampler: %s", j.index, errorText(&cerr))
	}
	return nil
}

// seedOf returns the seed of one sample. It mixes the bits as SplitMix64 does, so that similar seeds give unrelated
// samples.
func seedOf(seed uint32, sample int) uint32 {
	x := uint64(seed)<<32 | uint64(uint32(sample))
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	if uint32(x) == math.MaxUint32 {
		return 0 // for llama.cpp the largest seed means a random one
	}
	return uint32(x)
}

// open sets up the lane's sampler and text.
func (s *scheduler) open(l *lane) error {
	if err := s.setSampler(l); err != nil {
		return err
	}
	j := l.job
	var emit func(string)
	if j.onText != nil {
		emit = func(text string) { j.onText(l.sample, text) }
	}
	l.text = newStream(j.stops, emit)
	room := min(j.maxTokens, 1024)
	l.tokens, l.probs = make([]Token, 0, room), make([]float32, 0, room)
	s.attach(l)
	s.inherit(l)
	return nil
}

// attach adds a lane to those that run.
func (s *scheduler) attach(l *lane) {
	if l.job.started++; l.job.started == 1 {
		s.stats.prompt += uint64(len(l.job.prompt))
		s.stats.reused += uint64(l.job.reused)
	}
	l.job.lanes = append(l.job.lanes, l)
	s.lanes = append(s.lanes, l)
}

// inherit copies the tokens that the lane shares with its donor, once the donor has them all.
func (s *scheduler) inherit(l *lane) {
	if l.donor == nil || l.donor.known < l.share {
		return
	}
	if l.donor != l {
		C.ragft_sequence_share(s.ptr, C.int32_t(l.donor.slot), C.int32_t(l.slot), C.int32_t(l.share))
	}
	l.known, l.donor = l.share, nil
}
