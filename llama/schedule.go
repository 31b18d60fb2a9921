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

// worthSharing is the least number of common tokens for which a prompt waits for another one.
const worthSharing = 16

// scheduler runs jobs. It runs as many lanes as the context has room for, and starts others as those end: in the order of the queue,
// except as pass and takeTurns say. [Context.Generate] makes one for each call, a [Batcher] one for its lifetime.
type scheduler struct {
	*Context
	queue []*job // with samples to start
	lanes []*lane
	slots []int // free sequences
	cells *cells
	cache *cache
	turn  uint64 // number of the current batch
	since uint64 // number of the first batch with the current adapters
	chunk int    // largest number of prompt tokens in a batch with lanes that generate; 0: no limit
	stats counters

	ctx     context.Context // of the call that has it alone
	reading bool            // the first of the queue waits for its grammar

	blocked   *job   // the last job that was the first of the queue and did not fit
	blockedAt uint64 // number of the batch before which that was noticed
}

// newScheduler returns a scheduler that keeps up to keep finished sequences. Unless the caches are separate, the context must
// have been created with as many additional sequences.
func newScheduler(c *Context, keep int) *scheduler {
	s := &scheduler{Context: c, ctx: context.Background()}
	s.reset(keep)
	return s
}

// reset marks all sequences as free.
func (s *scheduler) reset(keep int) {
	size, slots := s.layout.size, s.parallel()+keep
	if s.layout.separate {
		// A request fits into one cache, so there is always room.
		slots -= keep
		size *= slots
	}
	s.lanes, s.slots, s.cells, s.cache = nil, nil, newCells(size), &cache{room: keep}
	for slot := range slots {
		s.slots = append(s.slots, slot)
	}
}

// clear removes all sequences. There must be no lanes.
func (s *scheduler) clear() {
	C.ragft_context_clear(s.ptr)
	s.reset(s.cache.room)
}

func (s *scheduler) run(ctx context.Context) error {
	s.ctx = ctx
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if working, err := s.step(); err != nil || !working {
			return err
		}
	}
}

// step computes one batch, and reports whether there was anything to compute.
func (s *scheduler) step() (working bool, err error) {
	if err := s.goOn(); err != nil {
		return false, err
	}
	if err := s.admit(); err != nil {
		return false, err
	}
	if !s.busy() {
		return s.stuck()
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
	err = s.take()
	s.settle()
	return true, err
}

// errNoRoom is an error of the scheduler itself: a request that is accepted fits into an empty cache.
var errNoRoom = errors.New("llama: no sequence runs, and a request still has no room")

// stuck ends the first request if one waits that nothing will make room for. It reports whether to go on with the others.
func (s *scheduler) stuck() (goOn bool, err error) {
	switch {
	case len(s.lanes) > 0 || len(s.queue) == 0:
		return false, nil
	case s.reading: // a batcher is told when it was read, and a call that is alone has waited until its context ended
		return false, s.ctx.Err()
	}
	err = s.fail(s.queue[0], errNoRoom)
	s.clear()
	return true, err
}

// adapterTurns is the number of batches in a row with the same adapters while others wait, as llama.cpp plans its graph again
// after each change.
const adapterTurns = 4

// nextAdapters returns the adapters of the next batch: for some batches those of the last one, then those of the lane that has
// waited longest.
func (s *scheduler) nextAdapters() []AdapterScale {
	var waiting *lane
	stay := false
	for _, l := range s.lanes {
		if l.asked != nil {
			continue
		}
		if slices.Equal(l.job.adapters, s.applied) {
			stay = stay || s.turn-s.since < adapterTurns
		} else if waiting == nil || l.turn < waiting.turn {
			waiting = l
		}
	}
	if stay || waiting == nil {
		return s.applied
	}
	return waiting.job.adapters
}

// use makes the context compute with the adapters.
func (s *scheduler) use(adapters []AdapterScale) error {
	if slices.Equal(adapters, s.applied) {
		return nil
	}
	s.since = s.turn
	return s.apply(adapters, false)
}

// fail ends a job with an error of its own. It returns the error if the scheduler works for one call, which then ends too.
func (s *scheduler) fail(j *job, err error) error {
	if j.alone() {
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

// fill makes the next batch: one token of every lane that generates, with what may come after it, and as much of the prompts as
// fits.
func (s *scheduler) fill() {
	rows := s.share()
	// llama.cpp computes separate caches together only if the indexes of their sequences are consecutive.
	order := slices.SortedFunc(maps.Keys(rows), func(a, b *lane) int { return a.slot - b.slot })
	b := &s.batch
	b.reset()
	for _, l := range order {
		l.turn = s.turn
		if l.decoding() {
			b.add(l.next, l.at, l.slot)
			b.pick(l)
			for i, t := range l.draft {
				b.guess(l, t, l.at+1+i)
			}
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

// share returns how many rows of the next batch each lane has. Lanes without any are left out.
func (s *scheduler) share() map[*lane]int {
	rows := make(map[*lane]int, len(s.lanes))
	for _, l := range s.lanes {
		if l.decoding() && l.asked == nil && slices.Equal(l.job.adapters, s.applied) {
			rows[l] = 1
		}
	}
	s.draft(rows)
	room := s.options.BatchSize
	for _, n := range rows {
		room -= n
	}
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

// advance copies prompts to lanes that waited for them.
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

// take adds to every lane the token that was picked for it.
func (s *scheduler) take() error {
	for i, l := range s.batch.owners {
		pick, picked := s.batch.picks[i], s.batch.picked[i]
		if !slices.Contains(s.lanes, l) || picked.token == unpicked {
			continue // its sample has ended, its job has failed because of another lane, or a guess was wrong
		}
		if pick.drafted {
			s.stats.accepted++
		}
		if pick.slot < 0 { // asked for beside the first token
			l.first = append(l.first, float32(picked.logprob))
			continue
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
		chosen := ChosenToken{TokenLogProb{Token(picked.token), float32(picked.logprob)}, s.batch.likeliest(i)}
		if s.stats.generated++; len(l.tokens) == 0 && l.job.onFirst != nil {
			s.ask(l, chosen)
			continue
		}
		if err := s.chosen(l, chosen); err != nil {
			return err
		}
	}
	return nil
}

// chosen adds a token to a lane's sample, which may end with it.
func (s *scheduler) chosen(l *lane, t ChosenToken) error {
	if reason := s.addToken(l, t.Token, t.LogProb, t.Top); reason != 0 {
		return s.close(l, reason)
	}
	if len(l.tokens) == 1 && len(l.job.sampling.NotFirst) > 0 {
		return s.setSampler(l) // without the tokens that could not be the first
	}
	return nil
}

// addToken adds a token to a lane's sample. It returns the reason why the sample ends with it, or 0.
func (s *scheduler) addToken(l *lane, token Token, prob float32, top []TokenLogProb) StopReason {
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

// close ends a lane. If its request has more samples, the next one takes over the lane's sequence, prompt and cells. They become free
// where it has none, with a recurrent state, which cannot be cut back to the prompt, and where another request waits for a place.
func (s *scheduler) close(l *lane, reason StopReason) error {
	l.text.finish()
	j := l.job
	j.samples[l.sample] = Sample{
		Text: l.text.text.String(), Tokens: l.tokens, LogProbs: l.probs, Top: l.top, First: l.first, Stop: reason,
	}
	if j.closed++; j.closed == len(j.samples) && j.onDone != nil {
		j.onDone()
	}
	if j.started == len(j.samples) || bool(s.model.info.recurrent) || !s.hasGrammar(j) || s.givesWay(j) {
		s.free(l, true)
		if j.closed == len(j.samples) && j.ended != nil {
			j.over = true
			j.ended(nil)
		}
		return nil
	}
	s.detach(l)
	keep := len(j.prompt) - 1
	C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(keep))
	next := &lane{job: j, sample: j.started, slot: l.slot, held: l.held, known: keep, turn: s.turn}
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

// free ends a lane. If keep is set and its sequence is worth keeping, it stays for later requests.
func (s *scheduler) free(l *lane, keep bool) {
	s.detach(l)
	s.reassign(l)
	j := l.job
	s.cells.free += j.maxTokens
	if !keep || !s.remember(l) {
		C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), 0)
		s.slots = append(s.slots, l.slot)
	}
	s.cells.drop(l.held)
}

// reassign finds a new donor for lanes that wait for one which ends before it has computed what they share with it. One of them,
// the successor, takes over what has been computed and computes the rest, and the others wait for it.
func (s *scheduler) reassign(l *lane) {
	var successor *lane
	for _, other := range s.lanes {
		if other.donor == l && (successor == nil || other.share > successor.share) {
			successor = other
		}
	}
	if successor == nil {
		return
	}
	for _, other := range s.lanes {
		if other.donor == l && other != successor {
			other.donor = successor
		}
	}
	successor.share = min(successor.share, l.known)
	s.inherit(successor)
}
