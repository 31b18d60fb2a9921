//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"fmt"
	"slices"
	"unsafe"
)

// worthSharing is the least number of tokens for which a prompt waits for another one's beginning.
const worthSharing = 16

// A job is a request at work.
type job struct {
	prompt    []Token
	maxTokens int
	sampling  Sampling
	stops     []string
	onText    func(int, string)
	samples   []Sample

	started int      // samples that have a lane, or had one
	lanes   []*lane  // the live ones
	held    *holding // the prompt's cells, while there is a live lane
}

// A lane is one live sample: a sequence of llama.cpp with its sampler.
type lane struct {
	job    *job
	sample int
	slot   int // the sequence, and the sampler

	// While the prompt is computed: how much of it the sequence has, whom it waits for to take over
	// the first share tokens, and the samples that will take over the whole prompt.
	known     int
	donor     *lane
	share     int
	followers []*lane
	waiting   bool // is a follower

	// Then: the token to decode next, and its position.
	next   Token
	at     int
	text   stream
	tokens []Token
	probs  []float32
}

func (l *lane) decoding() bool { return !l.waiting && l.known == len(l.job.prompt) }

// A scheduler runs the jobs of one call: it keeps as many lanes going as the context holds and starts
// others, in the order of the requests, as those end.
type scheduler struct {
	*Context
	queue []*job // with samples to start
	lanes []*lane
	slots []int // free
	cells *cells
}

func newScheduler(c *Context, jobs []*job) *scheduler {
	s := &scheduler{Context: c, queue: jobs, cells: newCells(c.size)}
	for slot := c.options.Sequences - 1; slot >= 0; slot-- {
		s.slots = append(s.slots, slot)
	}
	return s
}

func (s *scheduler) run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.admit(); err != nil {
			return err
		}
		if len(s.lanes) == 0 {
			return nil
		}
		s.fill()
		if err := s.batch.decode(s.ptr); err != nil {
			return err
		}
		s.advance()
		if err := s.take(); err != nil {
			return err
		}
	}
}

// admit starts samples while there are slots and cells. The queue is served strictly in order, so that
// samples of one request run together and find its prompt still there.
func (s *scheduler) admit() error {
	for len(s.queue) > 0 && len(s.slots) > 0 {
		j := s.queue[0]
		if j.started == len(j.samples) {
			s.queue = s.queue[1:]
			continue
		}
		l := &lane{job: j, sample: j.started, slot: s.slots[len(s.slots)-1]}
		if !s.place(l) {
			return nil
		}
		s.slots = s.slots[:len(s.slots)-1]
		if err := s.open(l); err != nil {
			return err
		}
	}
	return nil
}

// place reserves the lane's cells and decides where its prompt comes from. It reports whether there is room.
func (s *scheduler) place(l *lane) bool {
	j := l.job
	partial := !bool(s.model.info.recurrent) // a recurrent state cannot be cut back to a prefix
	switch {
	case len(j.lanes) > 0 && !j.lanes[0].decoding() && !j.lanes[0].waiting:
		if s.cells.free < j.maxTokens {
			return false
		}
		l.waiting = true
		j.lanes[0].followers = append(j.lanes[0].followers, l)
	case len(j.lanes) > 0 && partial:
		// The prompt's last token is computed again: its logits are gone.
		if s.cells.free < j.maxTokens {
			return false
		}
		l.donor, l.share = j.lanes[0], len(j.prompt)-1
	default:
		donor, share := (*lane)(nil), 0
		if partial {
			donor, share = s.bestDonor(j)
		}
		if s.cells.free < len(j.prompt)-share+j.maxTokens {
			return false
		}
		var from *holding
		if l.donor, l.share = donor, share; donor != nil {
			from = donor.job.held
		}
		j.held = s.cells.hold(len(j.prompt), share, from)
	}
	s.cells.free -= j.maxTokens
	return true
}

// bestDonor finds the live lane whose prompt begins with the most of j's.
func (s *scheduler) bestDonor(j *job) (best *lane, share int) {
	share = worthSharing - 1
	for _, l := range s.lanes {
		if l.waiting || l.job == j {
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

// open gives the lane its sampler and text.
func (s *scheduler) open(l *lane) error {
	j := l.job
	p := j.sampling
	params := C.ragft_sampling{
		temperature: C.float(p.Temperature), top_p: C.float(p.TopP), min_p: C.float(p.MinP),
		repeat_penalty: C.float(p.RepeatPenalty), top_k: C.int32_t(p.TopK), repeat_last: C.int32_t(p.RepeatLast),
		seed: C.uint32_t(seedOf(p.Seed, l.sample)),
	}
	said := j.prompt[max(0, len(j.prompt)-p.RepeatLast):]
	var cerr C.ragft_error
	code := C.ragft_sampler_set(s.ptr, C.int32_t(l.slot), &params, (*C.int32_t)(unsafe.SliceData(said)), C.int32_t(len(said)), &cerr)
	if code != C.RAGFT_OK {
		return fmt.Errorf("llama: sampler: %s", errorText(&cerr))
	}
	var emit func(string)
	if j.onText != nil {
		emit = func(text string) { j.onText(l.sample, text) }
	}
	l.text = newStream(j.stops, emit)
	room := min(j.maxTokens, 1024)
	l.tokens, l.probs = make([]Token, 0, room), make([]float32, 0, room)
	j.started++
	j.lanes = append(j.lanes, l)
	s.lanes = append(s.lanes, l)
	return s.inherit(l)
}

// inherit takes the donor's tokens over as soon as it has them.
func (s *scheduler) inherit(l *lane) error {
	if l.donor == nil || l.donor.known < l.share {
		return nil
	}
	if l.donor != l {
		C.ragft_sequence_share(s.ptr, C.int32_t(l.donor.slot), C.int32_t(l.slot), C.int32_t(l.share))
	}
	l.known, l.donor = l.share, nil
	return nil
}

// fill makes the next batch: one token of every lane that generates, then as much of the prompts as fits.
func (s *scheduler) fill() {
	b := &s.batch
	b.reset()
	for _, l := range s.lanes {
		if l.decoding() {
			b.add(l.next, l.at, l.slot)
			b.pick(l)
		}
	}
	for _, l := range s.lanes {
		room := s.options.BatchSize - len(b.tokens)
		if room == 0 {
			return
		}
		if l.waiting || l.donor != nil || l.decoding() {
			continue
		}
		prompt := l.job.prompt
		end := min(len(prompt), l.known+room)
		for ; l.known < end; l.known++ {
			b.add(prompt[l.known], l.known, l.slot)
		}
		if l.known == len(prompt) {
			b.pick(l)
			for _, f := range l.followers {
				b.pick(f)
			}
		}
	}
}

// advance lets lanes that waited for another's prompt take it over.
func (s *scheduler) advance() {
	for _, l := range s.lanes {
		for _, f := range l.followers {
			if !l.decoding() {
				break
			}
			C.ragft_sequence_share(s.ptr, C.int32_t(l.slot), C.int32_t(f.slot), C.int32_t(len(l.job.prompt)))
			f.known, f.waiting = l.known, false
		}
		if l.decoding() {
			l.followers = nil
		}
	}
	for _, l := range s.lanes {
		_ = s.inherit(l)
	}
}

// take gives every lane the token that was picked for it.
func (s *scheduler) take() error {
	for i, l := range s.batch.owners {
		token, prob := Token(s.batch.picked[i].token), float32(s.batch.picked[i].logprob)
		l.at = len(l.job.prompt) + len(l.tokens)
		l.next = token
		l.tokens = append(l.tokens, token)
		l.probs = append(l.probs, prob)
		reason := StopReason(0)
		switch {
		case s.model.vocab.is(token, endFlag):
			reason = StopEnd
		case l.text.push(s.model.vocab.visible(token)):
			reason = StopString
		case len(l.tokens) == l.job.maxTokens:
			reason = StopLength
		}
		if reason == 0 {
			continue
		}
		if err := s.close(l, reason); err != nil {
			return err
		}
	}
	return nil
}

// close ends a lane. If its request has samples to start, the next one takes the lane's place, prompt and
// cells; otherwise these are free.
func (s *scheduler) close(l *lane, reason StopReason) error {
	l.text.finish()
	j := l.job
	j.samples[l.sample] = Sample{Text: l.text.text.String(), Tokens: l.tokens, LogProbs: l.probs, Stop: reason}
	s.lanes = slices.DeleteFunc(s.lanes, func(other *lane) bool { return other == l })
	j.lanes = slices.DeleteFunc(j.lanes, func(other *lane) bool { return other == l })
	keep := 0
	if j.started < len(j.samples) && !bool(s.model.info.recurrent) {
		keep = len(j.prompt) - 1
	}
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(keep))
	if j.started < len(j.samples) {
		return s.open(&lane{job: j, sample: j.started, slot: l.slot, known: keep})
	}
	s.slots = append(s.slots, l.slot)
	s.cells.free += j.maxTokens
	if len(j.lanes) == 0 {
		s.cells.drop(j.held)
		j.held = nil
	}
	return nil
}
