//go:build cgo

package llama

// #include "shim.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// worthSharing is the least number of tokens for which a prompt waits for another one's beginning.
const worthSharing = 16

// A job is a request at work.
type job struct {
	model     *Model
	index     int // in its call
	prompt    []Token
	maxTokens int
	sampling  Sampling
	stops     []string
	top       int
	request   []AdapterScale // Request.Adapters
	onText    func(int, string)
	onToken   func(int, ChosenToken)
	samples   []Sample

	ctx   context.Context // ends this job alone; nil while the scheduler works for one call
	ended func(error)     // called once, when all samples have ended or the job has failed; nil likewise

	adapters []AdapterScale // what it is computed with
	reused   int            // prompt tokens that were there
	started  int            // samples that have a lane, or had one
	closed   int            // samples that have ended
	over     bool           // ended was called
	lanes    []*lane        // the live ones
	held     *holding       // the prompt's cells, while there is a live lane
}

func (j *job) result() Result {
	return Result{Samples: j.samples, PromptTokens: len(j.prompt), ReusedTokens: j.reused}
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
	top    [][]TokenLogProb
	turn   uint64 // number of the last batch that it was part of
}

func (l *lane) decoding() bool { return !l.waiting && l.known == len(l.job.prompt) }

// A scheduler runs jobs: it keeps as many lanes going as the context holds and starts others, in the order
// of the queue, as those end. [Context.Generate] makes one for its call, a [Batcher] one for its life.
type scheduler struct {
	*Context
	queue []*job // with samples to start
	lanes []*lane
	slots []int // free sequences
	cells *cells
	cache *cache
	turn  uint64 // number of the batch at work
	since uint64 // number of the first batch with these adapters
	chunk int    // prompt tokens in a batch with lanes that generate; 0: what fits
	stats counters
}

// newScheduler makes a scheduler that keeps up to so many sequences after they have ended. Unless the context's
// sequences are separate, it must have been made with as many more.
func newScheduler(c *Context, keep int) *scheduler {
	s := &scheduler{Context: c}
	s.reset(keep)
	return s
}

// reset makes all sequences free.
func (s *scheduler) reset(keep int) {
	size, slots := s.size, s.options.Sequences+keep
	if s.layout.separate {
		// A request fits into a sequence, so that there is always room.
		slots = s.options.Sequences
		size *= slots
	}
	s.lanes, s.slots, s.cells, s.cache = nil, nil, newCells(size), &cache{room: keep}
	for slot := range slots {
		s.slots = append(s.slots, slot)
	}
}

// clear forgets all sequences, while there is no lane.
func (s *scheduler) clear() {
	C.ragft_context_clear(s.ptr)
	s.reset(s.cache.room)
}

func (s *scheduler) run(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if working, err := s.step(); err != nil || !working {
			return err
		}
	}
}

// step computes one batch. It tells whether there was anything to compute.
func (s *scheduler) step() (working bool, err error) {
	if err := s.admit(); err != nil {
		return false, err
	}
	if len(s.lanes) == 0 {
		return false, nil
	}
	s.turn++
	if err := s.use(s.nextAdapters()); err != nil {
		return false, err
	}
	s.fill()
	if err := s.batch.decode(s.Context); err != nil && !errors.Is(err, ErrNotANumber) {
		return false, err
	}
	s.stats.batch(&s.batch)
	s.advance()
	return true, s.take()
}

// turns is how many batches in a row are computed with the same adapters while others wait: to change them
// has llama.cpp plan its graph anew.
const turns = 4

// nextAdapters says what to compute the next batch with: what the last one was, for some batches, then what
// the lane wants that has waited longest.
func (s *scheduler) nextAdapters() []AdapterScale {
	var waiting *lane
	stay := false
	for _, l := range s.lanes {
		if slices.Equal(l.job.adapters, s.applied) {
			stay = stay || s.turn-s.since < turns
		} else if waiting == nil || l.turn < waiting.turn {
			waiting = l
		}
	}
	if stay || waiting == nil {
		return s.applied
	}
	return waiting.job.adapters
}

// use has the context compute with the adapters.
func (s *scheduler) use(adapters []AdapterScale) error {
	if slices.Equal(adapters, s.applied) {
		return nil
	}
	s.since = s.turn
	s.model.mu.Lock()
	defer s.model.mu.Unlock()
	return s.apply(adapters, false)
}

// fail ends a job over what is wrong with it alone. The error is not nil if the scheduler works for one call,
// which ends with it.
func (s *scheduler) fail(j *job, err error) error {
	if j.ended == nil {
		return err
	}
	if j.over {
		return nil
	}
	j.over = true
	s.queue = slices.DeleteFunc(s.queue, func(other *job) bool { return other == j })
	for _, l := range slices.Clone(j.lanes) {
		s.free(l, errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
	}
	j.ended(err)
	return nil
}

// fill makes the next batch: one token of every lane that generates, then as much of the prompts as fits.
func (s *scheduler) fill() {
	rows := s.share()
	// llama.cpp computes rows of separate caches at once only if the sequences' numbers follow one another.
	order := slices.SortedFunc(maps.Keys(rows), func(a, b *lane) int { return a.slot - b.slot })
	b := &s.batch
	b.reset()
	for _, l := range order {
		l.turn = s.turn
		if l.decoding() {
			b.add(l.next, l.at, l.slot)
			b.pick(l)
			continue
		}
		prompt := l.job.prompt
		for end := l.known + rows[l]; l.known < end; l.known++ {
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

// share says how many rows of the next batch each lane has; those without any are left out.
func (s *scheduler) share() map[*lane]int {
	rows := make(map[*lane]int, len(s.lanes))
	for _, l := range s.lanes {
		if l.decoding() && slices.Equal(l.job.adapters, s.applied) {
			rows[l] = 1
		}
	}
	room := s.options.BatchSize - len(rows)
	if s.chunk > 0 && len(rows) > 0 {
		room = min(room, s.chunk)
	}
	for _, l := range s.lanes {
		if l.waiting || l.donor != nil || l.decoding() || !slices.Equal(l.job.adapters, s.applied) || room == 0 {
			continue
		}
		n := min(len(l.job.prompt)-l.known, room)
		rows[l] = n
		room -= n
	}
	return rows
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
		s.inherit(l)
	}
}

// take gives every lane the token that was picked for it.
func (s *scheduler) take() error {
	for i, l := range s.batch.owners {
		picked := s.batch.picked[i]
		if !slices.Contains(s.lanes, l) {
			continue // its job has failed over another lane
		}
		if picked.token < 0 {
			err := error(ErrNotANumber)
			if picked.token == -2 {
				err = fmt.Errorf("llama: request %d: %w", l.job.index, ErrGrammarStuck)
			}
			if err := s.fail(l.job, err); err != nil {
				return err
			}
			continue
		}
		reason := s.say(l, Token(picked.token), float32(picked.logprob), s.batch.likeliest(i))
		if reason == 0 {
			continue
		}
		if err := s.close(l, reason); err != nil {
			return err
		}
	}
	return nil
}

// say adds a token to a lane's sample, and tells why that ends with it, or 0.
func (s *scheduler) say(l *lane, token Token, prob float32, top []TokenLogProb) StopReason {
	j := l.job
	l.at = len(j.prompt) + len(l.tokens)
	l.next = token
	l.tokens = append(l.tokens, token)
	l.probs = append(l.probs, prob)
	if j.top > 0 {
		l.top = append(l.top, top)
	}
	if j.onToken != nil {
		j.onToken(l.sample, ChosenToken{TokenLogProb: TokenLogProb{token, prob}, Top: top})
	}
	switch {
	case s.model.vocab.is(token, endFlag):
		return StopEnd
	case l.text.push(s.model.vocab.visible(token)):
		return StopString
	case len(l.tokens) == j.maxTokens:
		return StopLength
	}
	return 0
}

// close ends a lane. If its request has samples to start, the next one takes the lane's place, prompt and
// cells; otherwise these are free.
func (s *scheduler) close(l *lane, reason StopReason) error {
	l.text.finish()
	j := l.job
	j.samples[l.sample] = Sample{Text: l.text.text.String(), Tokens: l.tokens, LogProbs: l.probs, Top: l.top, Stop: reason}
	if j.closed++; j.started == len(j.samples) {
		s.free(l, true)
		if j.closed == len(j.samples) && j.ended != nil {
			j.over = true
			j.ended(nil)
		}
		return nil
	}
	s.detach(l)
	keep := 0
	if !bool(s.model.info.recurrent) {
		keep = len(j.prompt) - 1
	}
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(keep))
	next := &lane{job: j, sample: j.started, slot: l.slot, known: keep, turn: s.turn}
	if err := s.open(next); err != nil {
		s.attach(next)
		return s.fail(j, err)
	}
	return nil
}

func (s *scheduler) detach(l *lane) {
	other := func(other *lane) bool { return other == l }
	s.lanes = slices.DeleteFunc(s.lanes, other)
	l.job.lanes = slices.DeleteFunc(l.job.lanes, other)
}

// free ends a lane. Its sequence stays for later requests if it is worth keeping.
func (s *scheduler) free(l *lane, keep bool) {
	s.detach(l)
	s.orphan(l)
	j := l.job
	s.cells.free += j.maxTokens
	if !keep || !s.remember(l) {
		C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), 0)
		s.slots = append(s.slots, l.slot)
	}
	if len(j.lanes) == 0 && j.held != nil {
		s.cells.drop(j.held)
		j.held = nil
	}
}

// orphan finds another way for the lanes that wait for one which ends before it has computed what they want
// of it: one of them takes over what there is and computes the rest, and the others wait for that one.
func (s *scheduler) orphan(l *lane) {
	var heir *lane
	for _, other := range s.lanes {
		if other.donor == l && (heir == nil || other.share > heir.share) {
			heir = other
		}
	}
	if heir == nil {
		return
	}
	for _, other := range s.lanes {
		if other.donor == l && other != heir {
			other.donor = heir
		}
	}
	heir.share = min(heir.share, l.known)
	s.inherit(heir)
}
