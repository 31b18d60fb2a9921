//go:build cgo

package llama

// #include "shim.h"
import "C"

import "slices"

// An answer that quotes its prompt, or repeats itself, goes on as the quoted text does. So the tokens that followed the last
// ones where those stood before are computed in the same batch as the token that is known, which takes little longer than that
// one alone, and are kept as far as the sampler chooses the same (copying from a reference, arXiv 2304.04487).
//
// How many are drafted is limited by what drafts have saved. A sample has a credit, in tokens of a batch without drafts: each
// token of a draft costs a part of one, and each that is accepted saves one. So drafts that are wrong cost a sample no more than
// drafts have saved it, but for an allowance.

const (
	draftRows  = 16   // of a batch, with the tokens that are known: beyond, each costs about as much as in a batch of its own
	draftsFrom = 12   // MaxTokens of a request for which drafts are made
	leastAlike = 3    // last tokens that must have stood before
	mostAlike  = 8    // tokens that are compared
	rowCost    = 0.25 // time of one more row, in times of a batch of one row
	firstDraft = 3    // tokens that a sample alone may draft at first
	allowance  = 0.02 // credit that each token of a sample adds
)

// A drafter guesses the next tokens of one sample.
type drafter struct {
	said   []Token // the prompt and the sample
	credit float64
	from   int // position of the known token before the current draft
}

// newDrafter returns a drafter for a sample of up to n tokens.
func newDrafter(prompt []Token, n int) drafter {
	return drafter{said: slices.Grow(slices.Clone(prompt), n+draftRows), credit: firstDraft * rowCost}
}

// add tells which tokens were chosen.
func (d *drafter) add(tokens []Token) {
	d.said = append(d.said, tokens...)
	d.credit = min(d.credit+allowance*float64(len(tokens)), draftRows*rowCost)
}

// guess returns up to n tokens that may come next, which cost that much each, and none that ends the sample.
func (d *drafter) guess(n int, cost float64, ends func(Token) bool) []Token {
	at, alike := repeats(d.said)
	n = min(n, 2*alike, int(d.credit/cost))
	if alike < leastAlike || n < 1 {
		return nil
	}
	size, said := len(d.said), d.said
	for range n { // a text that repeats itself goes on beyond its end
		if ends(said[at]) {
			break
		}
		said = append(said, said[at])
		at++
	}
	return slices.Clone(said[size:])
}

// repeats returns where the last tokens stood before, as many of them as possible: the place after them, and their number.
// Of several such places it returns the last.
func repeats(said []Token) (after, alike int) {
	end := len(said) - 1
	for i := end - 1; i >= 0 && alike < mostAlike; i-- {
		n := 0
		for n <= i && n < mostAlike && said[i-n] == said[end-n] {
			n++
		}
		if n > alike {
			after, alike = i+1, n
		}
	}
	return after, alike
}

// draftCost is the cost of one more row in a batch of so many samples, in tokens: what such a batch takes for each.
func draftCost(samples int) float64 {
	n := float64(samples)
	return rowCost * n / (1 + rowCost*(n-1))
}

// draft guesses the next tokens of the samples that generate, which have a row each, and gives them rows for these.
func (s *scheduler) draft(rows map[*lane]int) {
	if !s.options.Drafts || bool(s.model.info.recurrent) || len(rows) == 0 {
		return // a recurrent state cannot be cut back
	}
	// Half of the batch is left for prompts.
	room := min(draftRows-len(rows), s.outputs-len(s.lanes), (s.options.BatchSize-len(rows))/2) / len(rows)
	if room < 1 {
		return
	}
	cost := draftCost(len(rows))
	shortest := room
	for _, l := range s.lanes {
		if rows[l] > 0 {
			l.draft = s.guess(l, room, cost)
			shortest = min(shortest, len(l.draft))
		}
	}
	for _, l := range s.lanes {
		if rows[l] == 0 {
			continue
		}
		if s.layout.separate { // llama.cpp computes separate caches together only for as many rows each
			l.draft = l.draft[:shortest]
		}
		rows[l] += len(l.draft)
		l.drafter.credit -= cost * float64(len(l.draft))
		s.stats.drafted += uint64(len(l.draft))
	}
}

// guess returns up to n tokens that may come next in a lane's sample.
func (s *scheduler) guess(l *lane, n int, cost float64) []Token {
	n = min(n, l.job.maxTokens-len(l.tokens)-1) // one token comes after those of the draft
	if l.job.maxTokens < draftsFrom || n < 1 {
		return nil
	}
	d := &l.drafter
	if d.said == nil {
		*d = newDrafter(l.job.prompt, cap(l.tokens))
	}
	d.add(l.tokens[len(d.said)-len(l.job.prompt):])
	d.from = l.at
	return d.guess(n, cost, func(t Token) bool { return s.model.vocab.is(t, endFlag) })
}

// settle removes the tokens of drafts that were not chosen.
func (s *scheduler) settle() {
	for _, l := range s.lanes {
		if len(l.draft) == 0 {
			continue
		}
		accepted := l.at - l.drafter.from - 1
		l.drafter.credit += float64(accepted)
		if accepted < len(l.draft) {
			C.ragft_sequence_drop(s.ptr, C.int32_t(l.slot), C.int32_t(l.at))
		}
		l.draft = nil
	}
}
