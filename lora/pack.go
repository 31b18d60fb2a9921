//go:build cgo

package lora

import (
	"math/rand/v2"
	"slices"

	"github.com/ragft/ragft/lora/internal/engine"
)

// rowStep is what the number of logit rows of a window is rounded up to, so that few different graphs are built.
const rowStep = 64

// minShared is the least number of tokens, beyond those that all examples share, for which examples are kept together.
const minShared = 32

// pack puts examples into windows, where what they begin with alike is computed once: those that share most come side by
// side, and the rest is filled by best fit in order of decreasing size. The windows then come in random order. Values are
// indices into examples. The same seed gives the same windows.
func pack(examples []Example, size, maxSequences int, rng *rand.Rand) [][]int {
	groups, common := alike(examples, size, maxSequences, rng)
	type bin struct {
		members   []int
		sequences int
	}
	byRoom := make([][]*bin, size-common+1) // open windows by the tokens that are left in them
	var bins []*bin
	for _, g := range groups {
		need := g.size - common
		var found *bin
		room := need
	search:
		for ; room < len(byRoom); room++ {
			for k := len(byRoom[room]) - 1; k >= 0; k-- {
				if b := byRoom[room][k]; b.sequences+g.sequences < maxSequences {
					found = b
					byRoom[room] = slices.Delete(byRoom[room], k, k+1)
					break search
				}
			}
		}
		if found == nil {
			found, room = &bin{}, size-common
			bins = append(bins, found)
		}
		found.members = append(found.members, g.members...)
		found.sequences += g.sequences
		byRoom[room-need] = append(byRoom[room-need], found)
	}
	windows := make([][]int, len(bins))
	for k, j := range rng.Perm(len(bins)) {
		windows[k] = bins[j].members
	}
	return windows
}

// group is a number of examples that go into one window.
type group struct {
	members         []int
	size, sequences int // that they take together
}

// alike groups the examples that begin alike, as many as fit a window, largest groups first. All examples begin with the
// same common tokens.
func alike(examples []Example, size, maxSequences int, rng *rand.Rand) (groups []group, common int) {
	order := rng.Perm(len(examples))
	slices.SortStableFunc(order, func(a, b int) int { return slices.Compare(examples[a].Tokens, examples[b].Tokens) })
	if len(order) > 1 { // what the first and the last share, all share, as far as they may
		common = sharedPrefix(&examples[order[0]], &examples[order[len(order)-1]])
		for i := range examples {
			common = min(common, examples[i].shareable())
		}
	}
	for k, i := range order {
		e := &examples[i]
		if k > 0 {
			last, shared := &groups[len(groups)-1], sharedPrefix(&examples[order[k-1]], e)
			more := e.size() - shared
			if shared >= common+minShared && last.size+more <= size && last.sequences+e.sequences() < maxSequences {
				last.members = append(last.members, i)
				last.size, last.sequences = last.size+more, last.sequences+e.sequences()
				continue
			}
		}
		groups = append(groups, group{[]int{i}, e.size(), e.sequences()})
	}
	rng.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	slices.SortStableFunc(groups, func(a, b group) int { return b.size - a.size })
	return groups, common
}

// sharedPrefix is the number of tokens that both examples begin with and may share.
func sharedPrefix(a, b *Example) int {
	n := 0
	for most := min(a.shareable(), b.shareable()); n < most && a.Tokens[n] == b.Tokens[n]; {
		n++
	}
	return n
}

// windowTokens is the number of tokens that the examples take in one window.
func windowTokens(examples []Example, members []int) int {
	order := slices.Clone(members)
	slices.SortFunc(order, func(a, b int) int { return slices.Compare(examples[a].Tokens, examples[b].Tokens) })
	n := 0
	for k, i := range order {
		n += examples[i].size()
		if k > 0 {
			n -= sharedPrefix(&examples[order[k-1]], &examples[i])
		}
	}
	return n
}

// window is a batch for the engine, and the terms that its labels stand for.
type window struct {
	engine.Batch
	terms []term
}

// windowBuilder lays examples out in one batch of the engine, each token once that several begin with.
type windowBuilder struct {
	size     int
	w        window
	seqs     [][]int32 // of each token
	next     map[step]int32
	sequence int32
	labels   []label // parallel to w.terms
	hasRest  bool
}

// step is a token after another one, whose index is -1 at the beginning of an example.
type step struct {
	from  int32
	token Token
}

type label struct {
	at    int32 // index of the token whose logits predict
	token Token
}

// rest stands for all tokens that no other label of a row names.
const rest Token = -1

// term is the loss of one token of an example, and the window's label that carries it. Branches that begin alike share
// labels. Beyond the labels come the rests of the rows, if there are any.
type term struct {
	example, branch, label int     // branch -1: the example's own tokens
	weight                 float32 // of Example.Loss or Branch.Loss
}

// weigh sets the weights of the labels to the sums of their terms' weights, each multiplied by scale.
func (w *window) weigh(scale func(t *term) float32) {
	clear(w.LabelWeights)
	clear(w.RestWeights)
	for i := range w.terms {
		t := &w.terms[i]
		*w.weightOf(t.label) += t.weight * scale(t)
	}
}

// weightOf is where the weight of a term's label is.
func (w *window) weightOf(label int) *float32 {
	if n := len(w.LabelWeights); label >= n {
		return &w.RestWeights[label-n]
	}
	return &w.LabelWeights[label]
}

// newWindow lays out the examples, which together fit into size. Every loss weight is multiplied by scale.
func newWindow(examples []Example, members []int, size int, scale float64) *window {
	b := &windowBuilder{size: size, next: map[step]int32{}}
	for _, i := range members {
		b.add(i, &examples[i])
	}
	b.pad()
	b.addLabels()
	b.w.weigh(func(*term) float32 { return float32(scale) })
	return &b.w
}

// token adds a token and returns its index.
func (b *windowBuilder) token(t Token, position int, sequences ...int32) int32 {
	b.seqs = append(b.seqs, slices.Clone(sequences))
	b.w.Tokens = append(b.w.Tokens, t)
	b.w.Positions = append(b.w.Positions, int32(position))
	return int32(len(b.w.Tokens)) - 1
}

func (b *windowBuilder) label(at int32, token Token, t term) {
	b.labels = append(b.labels, label{at, token})
	b.w.terms = append(b.w.terms, t)
}

func (b *windowBuilder) add(index int, e *Example) {
	sequences := make([]int32, e.sequences())
	for i := range sequences {
		sequences[i] = b.sequence
		b.sequence++
	}
	last, shareable := int32(-1), e.shareable()
	for i, t := range e.Tokens {
		switch of := (term{example: index, branch: -1}); {
		case e.Loss == nil || e.Loss[i] == 0:
		case e.isSoft(i):
			b.soft(last, e, i, of)
		default:
			of.weight = e.Loss[i]
			b.label(last, t, of)
		}
		at, ok := b.next[step{last, t}]
		if ok && i < shareable {
			b.seqs[at] = append(b.seqs[at], sequences...)
		} else {
			at = b.token(t, i, sequences...)
			if i < shareable {
				b.next[step{last, t}] = at
			}
		}
		last = at
	}
	for k, branch := range e.Branches {
		previous := last
		for i, t := range branch.Tokens {
			if branch.Loss != nil && branch.Loss[i] > 0 {
				b.label(previous, t, term{example: index, branch: k, weight: branch.Loss[i]})
			}
			previous = b.token(t, len(e.Tokens)+i, sequences[k])
		}
	}
}

// soft adds a label for each outcome of a distribution, with the cross-entropy of the token itself at that token's.
func (b *windowBuilder) soft(at int32, e *Example, i int, of term) {
	share, s := e.softShare(), e.Soft[i]
	for k, t := range s.Tokens {
		p := share * float64(s.P[k])
		if t == e.Tokens[i] {
			p += 1 - share
		}
		of.weight = e.Loss[i] * float32(p)
		b.label(at, t, of)
	}
	if p := share * s.rest(); p > 0 {
		of.weight, b.hasRest = e.Loss[i]*float32(p), true
		b.label(at, rest, of)
	}
}

// pad fills the window with a sequence of its own that nothing else sees.
func (b *windowBuilder) pad() {
	for position := 0; len(b.w.Tokens) < b.size; position++ {
		b.token(0, position, b.sequence)
	}
	for _, seqs := range b.seqs {
		b.w.SeqOffsets = append(b.w.SeqOffsets, int32(len(b.w.Seqs)))
		b.w.Seqs = append(b.w.Seqs, seqs...)
	}
	b.w.SeqOffsets = append(b.w.SeqOffsets, int32(len(b.w.Seqs)))
}

// addLabels turns labels into rows (each token once, ascending) and (row, token) pairs (each once), and rounds the
// number of rows up with some that have no label.
func (b *windowBuilder) addLabels() {
	isRow := make([]bool, b.size)
	rows := 0
	for _, l := range b.labels {
		if !isRow[l.at] {
			isRow[l.at] = true
			rows++
		}
	}
	target := min(b.size, roundUp(rows, rowStep))
	for i := 0; rows < target; i++ {
		if !isRow[i] {
			isRow[i] = true
			rows++
		}
	}
	rowOf := make([]int32, b.size)
	for i, is := range isRow {
		if is {
			rowOf[i] = int32(len(b.w.Rows))
			b.w.Rows = append(b.w.Rows, int32(i))
		}
	}
	type pair struct{ row, token int32 }
	known := make(map[pair]int, len(b.labels))
	for i, l := range b.labels {
		if l.token == rest {
			continue
		}
		p := pair{rowOf[l.at], l.token}
		if _, ok := known[p]; !ok {
			known[p] = len(b.w.LabelRows)
			b.w.LabelRows = append(b.w.LabelRows, p.row)
			b.w.LabelTokens = append(b.w.LabelTokens, p.token)
		}
		b.w.terms[i].label = known[p]
	}
	b.w.LabelWeights = make([]float32, len(b.w.LabelTokens))
	if !b.hasRest {
		return
	}
	b.w.RestWeights = make([]float32, len(b.w.Rows))
	for i, l := range b.labels {
		if l.token == rest {
			b.w.terms[i].label = len(b.w.LabelTokens) + int(rowOf[l.at])
		}
	}
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

// stepRand is the random source of a step or epoch, so that a resumed run draws what an uninterrupted one draws.
func stepRand(seed uint64, n int64) *rand.Rand { return rand.New(rand.NewPCG(seed, uint64(n))) }
