package question

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"

	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

// ComposeOptions controls [Compose]. The zero value asks for three questions about each passage, and makes a third of all
// questions unanswerable.
type ComposeOptions struct {
	PerChunk  int            // most questions about a passage; 0 = 3
	Limit     int            // stop after this many questions; 0 = no limit
	MaxTokens int            // limit for a question; 0 = 40
	MaxWords  int            // longest answer, in words; 0 = 6
	MinChunk  opt.Value[int] // shortest passage worth asking about, in bytes; unset = 80; opt.Of(0) = any
	Seed      uint64         // of the choice of answers, hidden documents and alterations
	Batch     int            // passages at a time; 0 = 16

	// Unanswerable is the share of unanswerable questions, in [0, 1); unset = 1/3. Half of them are about documents that are
	// hidden from the search ([GapAbsent]), as far as there are enough documents, and half are altered ([GapAltered]).
	Unanswerable opt.Value[float64]

	// Searcher finds passages for a question: those of an unanswerable one must not answer it. Nil = a comparison of words
	// with each passage.
	Searcher retriever.Searcher

	Progress func(model.Progress) // called after each call of the model, from the caller's goroutine; nil = none
}

// check reports options that cannot be used.
func (o ComposeOptions) check() error {
	if err := nonnegative.Check(o); err != nil {
		return err
	}
	if u := o.Unanswerable.Or(0); u >= 1 {
		return fmt.Errorf("the share of unanswerable questions is %v: it must be from 0 to below 1", u)
	}
	return nil
}

func (o ComposeOptions) withDefaults() ComposeOptions {
	o.PerChunk, o.MaxTokens, o.MaxWords = cmp.Or(o.PerChunk, 3), cmp.Or(o.MaxTokens, 40), cmp.Or(o.MaxWords, 6)
	o.Batch = cmp.Or(o.Batch, 16)
	return o
}

func (o ComposeOptions) minChunk() int         { return o.MinChunk.Or(80) }
func (o ComposeOptions) unanswerable() float64 { return o.Unanswerable.Or(1.0 / 3) }

// tried is how many answers of a passage are tried for each question that is wanted of it.
const tried = 4

// readTokens limits an answer that a written question is checked with.
const readTokens = 16

// Estimate is the most that [Compose] costs: two beginnings, a reading and a closed-book answer for each answer that is
// tried. Limit may end it earlier. Scores are not counted.
func (o ComposeOptions) Estimate(chunks []retriever.Chunk) model.Cost {
	o = o.withDefaults()
	n := 0
	for _, chunk := range chunks {
		if len(chunk.Text) >= o.minChunk() {
			n += tried * o.PerChunk
		}
	}
	return model.Cost{Calls: 4 * n, Tokens: 2 * n * (o.MaxTokens + readTokens)}
}

// Composed is the result of [Compose].
type Composed struct {
	Questions []Question // in the order of the passages; ids are the passage's id, "/" and a number

	// Rejected counts answers and questions that were not used, by the reason. Of the wording: "no-question", "wrong-kind" (it
	// asks for another kind of answer), "long-question", "truncated", "given-away" (the question holds its answer),
	// "contextual" (it needs the passage to be understood),
	// "garbled", "copied" (from the sentence), "unrelated" (to the passage), "vague", "duplicate". Of the answer: "not-read"
	// (the model does not find it in the passage), "known" (it gives it without the passage), "surplus" (the passage has enough
	// questions, or one kind has). Of unanswerable ones: "found-elsewhere" (a document that is left answers it),
	// "nothing-to-alter" and "altered-answered" (a passage may answer what was altered).
	Rejected map[string]int
	Chunks   int // passages that were asked about
	Cost     model.Cost
}

// Compose writes questions about passages, in a way that needs little of the model. Answers come first: rules choose names,
// dates, numbers and other phrases of a passage. For each the model writes a question, whose first words are given, or rules
// turn the sentence into one. The question must be clear by itself, the model must find its answer in the passage, and not
// without it. Of the remaining ones the best are kept. Some documents are hidden from the search, so that questions about them
// have no answer, and some questions are altered until no passage answers them. Read some of the questions: a third of them
// may be bad with a small model.
//
// When ctx ends, Compose returns its error. With a cache (package model/cache)
// the next run continues where this one stopped.
func Compose(ctx context.Context, m model.Model, chunks []retriever.Chunk, o ComposeOptions) (*Composed, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("question: compose: %w", err)
	}
	c := composer{ComposeOptions: o.withDefaults(), model: m, meter: meter.New(o.Progress, slog.Default()), seen: map[string]bool{},
		chunks: chunks, inside: namesInside(chunks), names: collect(chunks), result: &Composed{Rejected: map[string]int{}}}
	c.scorer, c.begins = model.As[model.Scorer](m)
	c.hide()
	if err := c.run(ctx); err != nil {
		return nil, fmt.Errorf("question: compose: %w", err)
	}
	c.result.Cost = c.meter.Cost(0)
	return c.result, nil
}

// composer is one run of [Compose].
type composer struct {
	ComposeOptions
	model  model.Model
	scorer model.Scorer // nil: none
	begins bool         // the model continues [model.Request.Begin], as those that score do
	meter  *meter.Meter
	chunks []retriever.Chunk
	inside map[string]bool
	names  corpusNames
	hidden map[string]bool // see [Question.Hidden]
	seen   map[string]bool // accepted questions, normalised
	done   int             // passages
	total  int
	kept   []*draft
	result *Composed
}

// draft is a question on its way.
type draft struct {
	candidate
	id       string
	chunk    retriever.Chunk
	place    int // of the passage
	question string
	score    float64 // mean log probability of the question
	support  float64 // how much likelier the passage makes the answer, nats
	read     bool    // the model's own answer holds the reference
	ruled    bool    // rules made the question of its sentence
}

func (c *composer) reject(reason string) { c.result.Rejected[reason]++ }

func (c *composer) report() { c.meter.Report("questions", c.done, c.total, len(c.kept)) }

// run asks about the passages in an order drawn by seed, so that a limit does not mean the first documents.
func (c *composer) run(ctx context.Context) error {
	var order []int
	for i, chunk := range c.chunks {
		if len(chunk.Text) >= c.minChunk() {
			order = append(order, i)
		}
	}
	c.total = len(order)
	slices.SortStableFunc(order, func(a, b int) int { return seed.Order(c.Seed, "passage", c.chunks[a].ID, c.chunks[b].ID) })
	for batch := range slices.Chunk(order, c.Batch) {
		if c.Limit > 0 && len(c.kept) >= c.Limit {
			break
		}
		if err := c.batch(ctx, batch); err != nil {
			return err
		}
		c.done += len(batch)
		c.result.Chunks += len(batch)
		c.report()
	}
	return c.finish(ctx)
}

// batch writes, checks and chooses questions about some passages.
func (c *composer) batch(ctx context.Context, places []int) error {
	var drafts []*draft
	for _, i := range places {
		all := answers(c.chunks[i], c.inside, c.MaxWords, c.Seed)
		for _, a := range all[:min(len(all), tried*c.PerChunk)] {
			a.located = a.kind == name && c.names.places[a.text]
			drafts = append(drafts, &draft{candidate: a, chunk: c.chunks[i], place: i})
		}
	}
	for _, step := range []func(context.Context, []*draft) ([]*draft, error){c.write, c.readable, c.unknown} {
		var err error
		if drafts, err = step(ctx, drafts); err != nil {
			return err
		}
		c.report()
	}
	slices.SortStableFunc(drafts, func(a, b *draft) int {
		return cmp.Or(cmp.Compare(a.place, b.place), cmp.Compare(b.quality(), a.quality()))
	})
	count := map[int]int{}
	for _, d := range drafts {
		switch {
		case c.seen[normal(d.question)]:
			c.reject("duplicate")
		case count[d.place] >= c.PerChunk:
			c.reject("surplus")
		default:
			count[d.place]++
			d.id = fmt.Sprintf("%s/%d", d.chunk.ID, count[d.place])
			c.seen[normal(d.question)] = true
			c.kept = append(c.kept, d)
		}
	}
	return nil
}

// quality orders the questions about a passage.
func (d *draft) quality() float64 {
	q := d.score
	if d.read {
		q++
	}
	if d.ruled {
		q++
	}
	if d.kind == phrase {
		q -= 0.5
	}
	return q
}

// finish turns what was kept into questions, in the share of unanswerable ones that was asked for.
func (c *composer) finish(ctx context.Context) error {
	var answerable, absent, altered []Question
	place := map[string]int{}
	slices.SortStableFunc(c.kept, func(a, b *draft) int { return cmp.Compare(a.place, b.place) })
	for _, d := range c.kept {
		if d.kind == name && asksPerson.MatchString(d.question) {
			c.names.person(d.text)
		}
	}
	for _, d := range c.kept {
		place[d.chunk.ID] = d.place
		if unit := c.unit(d.chunk); c.hidden[unit] {
			found, err := c.foundElsewhere(ctx, d)
			if err != nil {
				return err
			}
			if found {
				c.reject("found-elsewhere")
				continue
			}
			absent = append(absent, Question{ID: d.id, Question: d.question, Unanswerable: true, Gap: GapAbsent, Group: d.chunk.ID,
				Hidden: unit})
			continue
		}
		answerable = append(answerable, Question{ID: d.id, Question: d.question, Answer: d.text, Group: d.chunk.ID})
		if c.unanswerable() == 0 {
			continue
		}
		q, reason, err := c.altered(ctx, d)
		switch {
		case err != nil:
			return err
		case reason != "":
			c.reject(reason)
		default:
			altered = append(altered, q)
		}
	}
	c.result.Questions = c.mix(answerable, absent, altered)
	slices.SortStableFunc(c.result.Questions, func(a, b Question) int { return cmp.Compare(place[a.Group], place[b.Group]) })
	return nil
}

// mix takes of each kind as many as the share and the limit allow, drawn by seed.
func (c *composer) mix(answerable, absent, altered []Question) []Question {
	u, n := c.unanswerable(), len(answerable)
	if c.Limit > 0 {
		n = min(n, int(math.Round(float64(c.Limit)*(1-u))))
	}
	// With few unanswerable ones, more answerable ones than the share allows are better than fewer questions.
	wanted := int(math.Round(float64(n) * u / (1 - u)))
	if c.Limit > 0 {
		wanted = min(wanted, c.Limit-n) // both are rounded
	}
	first := min(len(absent), max(wanted-wanted/2, wanted-len(altered)))
	second := min(len(altered), wanted-first)
	return slices.Concat(c.draw(answerable, n), c.draw(absent, first), c.draw(altered, second))
}

func (c *composer) draw(questions []Question, n int) []Question {
	drawn := slices.Clone(questions)
	slices.SortStableFunc(drawn, func(a, b Question) int { return seed.Order(c.Seed, "draw", a.ID, b.ID) })
	for range len(drawn) - n {
		c.reject("surplus")
	}
	return drawn[:min(n, len(drawn))]
}
