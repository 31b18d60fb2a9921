package selfdemo

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
)

// proposePrompt is the instruction that asks the model for a better
// instruction.
const proposePrompt = `Below is an instruction, and what a model answered when it was given it. ` +
	`Write a better instruction, with which the answers agree with the references more often. ` +
	`It must suit any question and must not contain any answer. Reply with the instruction only.`

// SearchOptions controls [SearchPrompts]. The zero value has the numbers of the
// code of arXiv 2502.10596, which cost up to 2,010 answers and 60 proposals for
// each arm; Train 10, Eval 10, Beam 4, Rounds 2 cost up to 150 and 8.
type SearchOptions struct {
	Train, Eval int // questions to propose from, and to choose on; 0 = 30; fewer if there are too few questions
	Beam        int // instructions proposed in a round; 0 = 12
	Rounds      int // 0 = 5
	Keep        int // best instructions that a round begins with; 0 = 5
	Best        int // instructions returned for each arm; 0 = 3
	Shown       int // answers shown with the instruction, the best-scored first; 0 = 5

	Arms           []rows.Arm    // "closed" and "read", or one of them; nil = both
	MaxTokens      int           // limit for an answer; 0 = 128
	ProposalTokens int           // limit for an instruction; 0 = 128. A truncated one is left out
	MaxWords       int           // longest instruction, in words; 0 = 80
	Judge          judge.Options // Model nil = no judge; Knockout is not used, as there is one answer to each question
}

// counts are the options that are numbers, with their defaults.
func (o *SearchOptions) counts() []struct {
	name  string
	field *int
	value int
} {
	return []struct {
		name  string
		field *int
		value int
	}{
		{"Train", &o.Train, 30}, {"Eval", &o.Eval, 30}, {"Beam", &o.Beam, 12}, {"Rounds", &o.Rounds, 5}, {"Keep", &o.Keep, 5},
		{"Best", &o.Best, 3},
		{"Shown", &o.Shown, 5}, {"MaxTokens", &o.MaxTokens, 128}, {"ProposalTokens", &o.ProposalTokens, 128}, {"MaxWords", &o.MaxWords, 80},
	}
}

func (o SearchOptions) withDefaults() SearchOptions {
	for _, c := range o.counts() {
		*c.field = cmp.Or(*c.field, c.value)
	}
	if len(o.Arms) == 0 {
		o.Arms = []rows.Arm{armClosed, armRead}
	}
	o.Judge = o.Judge.WithDefaults()
	o.Judge.Knockout = false
	return o
}

// ScoredPrompt is an instruction and the shares of the questions that the
// model answers correctly with it.
type ScoredPrompt struct {
	Text  string  `json:"text"`
	Train float64 `json:"train"` // on the questions to propose from
	Eval  float64 `json:"eval"`  // on the others
	F1    float64 `json:"f1"`    // mean token F1 on the others; decides between equals
}

// Found holds the best instructions of each arm, best first. Those that the
// search began with compete too. An arm that was not searched has none.
type Found struct {
	Closed []ScoredPrompt `json:"closed,omitempty"`
	Read   []ScoredPrompt `json:"read,omitempty"`
	Cost   model.Cost     `json:"cost"`
}

// Apply has the recipe generate candidates with the prompts found, and with that
// of Input.Prompts in an arm that was not searched.
func (p *Found) Apply(r *Recipe) {
	texts := func(list []ScoredPrompt) (out []string) {
		for _, one := range list {
			out = append(out, one.Text)
		}
		return out
	}
	r.ClosedPrompts, r.ReadPrompts = texts(p.Closed), texts(p.Read)
}

// SearchPrompts looks for instructions with which the model answers more
// questions correctly, for the arm without passages and the arm with them, by
// beam search as in arXiv 2502.10596, section 3: the model is shown an
// instruction with its best-scored answers and proposes another; the best go on
// to the next round; in the end all are scored again on questions that were not
// used. An answer's score is its verdict, by package judge; in the paper the
// model gives one. Proposals that hold the answer of a question are left out.
// Answers are greedy. Progress counts rounds.
//
// It needs Model, Questions, of which at least two have an answer, and for the
// read arm Search. It is an error to search that arm with a template in Prompts,
// which has no instruction.
func SearchPrompts(ctx context.Context, in recipe.Input, o SearchOptions) (*Found, error) {
	found, err := searchPrompts(ctx, in, o)
	if err != nil {
		return nil, fmt.Errorf("prompt search: %w", err)
	}
	return found, nil
}

func searchPrompts(ctx context.Context, in recipe.Input, o SearchOptions) (*Found, error) {
	o = o.withDefaults()
	train, eval, err := o.split(in)
	if err != nil {
		return nil, err
	}
	if err := in.NeedModel(); err != nil {
		return nil, err
	}
	if slices.Contains(o.Arms, armRead) {
		if err := in.NeedSearch(); err != nil {
			return nil, err
		}
	}
	g := newGenerator(in, Recipe{MaxTokens: o.MaxTokens, Temperature: opt.Of(0.0), Judge: o.Judge})
	out := &Found{}
	for i, arm := range o.Arms {
		start, found := g.in.Prompts.Closed, &out.Closed
		if arm == armRead {
			start, found = g.in.Prompts.Read, &out.Read
		}
		s := &promptSearch{g: g, o: o, arm: arm, train: train, eval: eval, known: map[string]bool{}, before: i * (o.Rounds + 1)}
		if *found, err = s.run(ctx, start); err != nil {
			return nil, fmt.Errorf("%s arm: %w", arm, err)
		}
	}
	out.Cost = g.Cost(0)
	return out, nil
}

// Estimate is the most that [SearchPrompts] costs with this input. Questions and
// options that it cannot use are an error here already.
func (o SearchOptions) Estimate(in recipe.Input) (model.Cost, error) {
	o = o.withDefaults()
	train, eval, err := o.split(in)
	if err != nil {
		return model.Cost{}, fmt.Errorf("prompt search: %w", err)
	}
	answers := len(train)*(1+o.Rounds*o.Beam) + len(eval)*(max(o.Keep, o.Best)+1) // the first prompt is scored again in any case
	proposals := 1 + (o.Rounds-1)*min(o.Keep, o.Beam)                             // the first round knows one prompt alone
	judged := o.Judge.Cost(answers)
	calls, tokens := answers+proposals+judged.Calls, answers*o.MaxTokens+o.Rounds*o.Beam*o.ProposalTokens+judged.Tokens
	return model.Cost{Calls: len(o.Arms) * calls, Tokens: len(o.Arms) * tokens}, nil
}

// check reports options that cannot be used.
func (o SearchOptions) check(p prompt.Set) error {
	for _, c := range o.counts() {
		if *c.field < 0 {
			return fmt.Errorf("SearchOptions.%s is %d: it cannot be negative", c.name, *c.field)
		}
	}
	for i, arm := range o.Arms {
		switch {
		case arm != armClosed && arm != armRead:
			return fmt.Errorf("SearchOptions.Arms has %q: it may have %s and %s", arm, armClosed, armRead)
		case slices.Contains(o.Arms[:i], arm):
			return fmt.Errorf("SearchOptions.Arms has %s twice", arm)
		case arm == armRead && p.Template != nil:
			return fmt.Errorf("Prompts.Template is %s, and an instruction would replace it: leave it out, or the %s arm",
				p.Template.Name, armRead)
		}
	}
	return o.Judge.Check()
}

// split draws two sets of questions that share none.
func (o SearchOptions) split(in recipe.Input) (train, eval []question.Question, err error) {
	if err := cmp.Or(o.check(in.Prompts), in.NeedQuestions()); err != nil {
		return nil, nil, err
	}
	if in.Passages < 0 {
		return nil, nil, fmt.Errorf("%w: Passages is %d: it cannot be negative", recipe.ErrInput, in.Passages)
	}
	in = in.WithDefaults()
	answerable := slices.DeleteFunc(slices.Clone(in.Questions), func(q question.Question) bool { return len(q.Golds()) == 0 })
	if len(answerable) < 2 {
		return nil, nil, fmt.Errorf("%w: at least two with an answer are needed, and there are %d", question.ErrNone, len(answerable))
	}
	slices.SortFunc(answerable, func(a, b question.Question) int { return seed.Order(in.Seed, "optimise", a.ID, b.ID) })
	n := o.Train
	if o.Train+o.Eval > len(answerable) {
		n = len(answerable) * o.Train / (o.Train + o.Eval)
		n = min(max(n, 1), len(answerable)-1)
	}
	return answerable[:n], answerable[n:min(n+o.Eval, len(answerable))], nil
}
