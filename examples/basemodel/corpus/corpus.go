// Package corpus makes the text from which the base model learns to read.
//
// A tiny model has a few million tokens to learn from, so the text is made for that: invented entities (inns, ships,
// people, villages and so on), each with a few facts, written in many wordings into short numbered documents, and
// several questions on them whose answers are spans of the text. No name of the test split occurs in the training
// split, nor do the wordings that are held out, so the test measures reading and not memory.
//
// Everything follows from the seed: two generators with the same options and the same calls give the same items.
// A Generator is not safe for concurrent use; make one for each goroutine.
package corpus

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"
)

// Kind says what an item teaches.
type Kind int

// The kinds of items. The first five have an instruction of their own.
const (
	Read    Kind = iota // answer from documents; every question can be answered
	Careful             // answer from documents, or decline; about half of the questions cannot be answered
	Refuse              // decline whatever is asked
	Closed              // answer a general question without documents
	Judge               // say whether an answer agrees with a reference
	Cloze               // like Read, on passages of the caller's text
	Text                // plain prose, no conversation
	numKinds
)

// String returns the kind's name in lower case.
func (k Kind) String() string {
	names := [...]string{"read", "careful", "refuse", "closed", "judge", "cloze", "text"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind(%d)", int(k))
	}
	return names[k]
}

// Turn is one question with its answer.
type Turn struct {
	// User is what follows Item.Prefix in the user message. It begins with "Question: ".
	User string
	// Answer is the assistant's message: a span of the documents, "yes" or "no", or a refusal.
	Answer string
	// Unanswerable says that the documents do not hold the answer, whether or not Answer is a refusal.
	Unanswerable bool
	// Type is "lookup", "reverse", "two-hop", "yes-no", "missing", "absent", "fact", "judge" or "cloze".
	Type string
	// Relation names what is asked, for instance "inn/owner"; empty where that makes no sense.
	Relation string
}

// Item is a block of documents with independent questions on them, or plain prose.
//
// The conversation of turn i is the system message System(), the user message User(i) and the assistant message
// Turns[i].Answer. The user message has the documents, the instruction and the question, in this order. The turns share
// everything before the question, so that a trainer can hold it once.
type Item struct {
	Kind Kind
	// Instruction says what to do: answer, answer or decline, decline, judge.
	Instruction string
	// Prefix holds the documents up to and including the blank line before the instruction; empty without documents.
	Prefix string
	Turns  []Turn
	// Text is the prose of an item of kind Text, which has neither Instruction nor Turns.
	Text string
	// HeldOut says that the wordings are those that training never shows. Only TestSet sets it.
	HeldOut bool
}

// User returns the whole user message of turn i.
func (it Item) User(i int) string { return it.Prefix + it.Instruction + "\n" + it.Turns[i].User }

// System returns the system message, which is the same for all items.
func (it Item) System() string { return systemMessage }

// Options configure a Generator. The zero value gives the default mixture without real text and seed 0.
type Options struct {
	// Seed determines everything that is generated.
	Seed uint64
	// Weights of the kinds, in any unit. Nil means DefaultWeights.
	Weights map[Kind]float64
	// TextFS holds real prose in .txt files, at any depth. Nil means none: Cloze is then made as Read, and Text
	// is of the invented world only.
	TextFS fs.FS
	// MaxDocuments is the largest number of documents of an item. 0 means 5.
	MaxDocuments int
	// MaxWords bounds the words of an item's documents. 0 means 210, which is near 330 tokens.
	MaxWords int
}

// DefaultWeights returns the mixture of kinds that the base model is trained on.
func DefaultWeights() map[Kind]float64 {
	return map[Kind]float64{Read: 42, Careful: 26, Refuse: 7, Closed: 7, Judge: 5, Cloze: 9, Text: 4}
}

// ErrOptions marks options that make no sense.
var ErrOptions = errors.New("corpus: bad options")

// Generator makes items.
type Generator struct {
	rng     *rng
	opts    Options
	weights [numKinds]float64
	world   *lore
	closed  []closedFact
	prompts prompts
	text    *library
	split   split
	held    bool // use the held-out wordings
}

// New makes a Generator of training items. It reads all of Options.TextFS.
func New(opts Options) (*Generator, error) {
	if opts.MaxDocuments == 0 {
		opts.MaxDocuments = 5
	}
	if opts.MaxWords == 0 {
		opts.MaxWords = 210
	}
	if opts.MaxDocuments < 1 || opts.MaxWords < 40 {
		return nil, fmt.Errorf("%w: %d documents of at most %d words", ErrOptions, opts.MaxDocuments, opts.MaxWords)
	}
	g := &Generator{opts: opts, rng: newRNG(opts.Seed), world: newLore(), closed: closedFacts(), prompts: newPrompts()}
	weights := opts.Weights
	if weights == nil {
		weights = DefaultWeights()
	}
	var sum float64
	for k := range numKinds {
		w := weights[k]
		if w < 0 || math.IsNaN(w) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("%w: weight %v of %s", ErrOptions, w, k)
		}
		g.weights[k] = w
		sum += w
	}
	if sum == 0 {
		return nil, fmt.Errorf("%w: all weights are zero", ErrOptions)
	}
	if opts.TextFS != nil {
		var err error
		if g.text, err = readLibrary(opts.TextFS); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// Next makes the next training item. Progress runs from 0, at the start of training, to 1: items begin with one short
// document, many questions and no rarer kinds, since copying has to be learnt first, and reach full size at 0.3.
// Values outside [0, 1] are moved to the nearer end.
func (g *Generator) Next(progress float64) Item {
	progress = min(max(progress, 0), 1)
	return g.make(g.pickKind(progress), min(progress/0.3, 1))
}

// Sample makes n items of full size, for looking.
func (g *Generator) Sample(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = g.Next(1)
	}
	return items
}

func (g *Generator) pickKind(progress float64) Kind {
	w := g.weights
	if progress < 0.05 { // only plain reading at first, and a little of the rest
		for _, k := range []Kind{Careful, Refuse, Judge, Cloze} {
			w[k] *= 0.25
		}
	}
	return Kind(g.rng.weighted(w[:]))
}

func (g *Generator) make(k Kind, size float64) Item {
	switch k {
	case Closed:
		return g.closedItem()
	case Judge:
		return g.judgeItem()
	case Text:
		return g.textItem()
	case Cloze:
		if g.text != nil && len(g.text.passages) > 0 {
			return g.clozeItem(size)
		}
		k = Read
	}
	return g.readingItem(k, size)
}

// TestSet makes n items on names that no training item has. Read, Careful, Refuse and Judge alternate, in the share
// of 4 : 4 : 1 : 1. Every second item of each kind also uses the held-out wordings alone, for questions always and
// for statements where there are some. It does not depend on what Next has returned.
func (g *Generator) TestSet(seed uint64, n int) []Item {
	t := *g
	t.rng, t.split = newRNG(seed^0x7e57_5e7), testSplit
	kinds := []Kind{Read, Careful, Read, Careful, Refuse, Read, Careful, Read, Careful, Judge}
	items := make([]Item, n)
	for i := range items {
		t.held = (i/len(kinds)+i/2)%2 == 0
		items[i] = t.make(kinds[i%len(kinds)], 1)
		items[i].HeldOut = t.held
	}
	return items
}

// TestClosed returns every general fact once, in one wording, as items of one turn. Closed questions have no held-out
// facts: they measure what the model remembers.
func (g *Generator) TestClosed(seed uint64) []Item {
	t := *g
	t.rng = newRNG(seed)
	items := make([]Item, len(t.closed))
	for i, f := range t.closed {
		items[i] = Item{Kind: Closed, Instruction: t.prompts.closed[0], Turns: []Turn{t.closedTurn(f)}}
	}
	return items
}

func (g *Generator) instruction(k Kind) string {
	all := g.prompts.of(k)
	if g.split == testSplit || g.rng.chance(0.6) {
		return all[0]
	}
	return all[1+g.rng.n(len(all)-1)]
}

// capital returns s with an upper-case first letter.
func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
