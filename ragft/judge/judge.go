package judge

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Options says who judges, and how. The zero value is no judge: what comparing
// strings leaves open is incorrect.
type Options struct {
	// Model votes, or chooses. Nil = no judge.
	Model model.Model

	// Votes is the number of replies for each open answer; the majority
	// decides, and a tie counts against the answer. 0 = 1.
	Votes int
	// Temperature of the replies. 0 = greedy for one vote, 0.7 for several.
	Temperature float64
	// MaxTokens limits a reply. 0 = 16; a model that reasons before it answers
	// needs more.
	MaxTokens int
	// CorrectF1 is the token F1 from which an answer is correct without being
	// judged, unless its numbers differ from those of the reference. 0 = never.
	CorrectF1 float64

	// Knockout has the judge choose among the answers to a question instead of
	// voting on each, as in the code of arXiv 2502.10596: they are shuffled and
	// compared three at a time, with question, reference and passages in view,
	// until one is left. That takes about half as many calls as there are
	// answers. Votes and CorrectF1 are not used.
	Knockout bool
	// KnockoutPrompt is the instruction of such a comparison. "" = `Which
	// prediction answers the question best? It must agree with the reference.
	// Where the documents do not hold the answer and every answer is wrong, the
	// best prediction is one that declines. Reply with one line:
	// Best: Prediction N`.
	KnockoutPrompt string
	// Tries is the number of times that a comparison is repeated, with another
	// seed, until the reply can be read. 0 = 5.
	Tries int
}

// Check returns an error for options that cannot be used.
func (o Options) Check() error {
	switch {
	case o.Votes < 0 || o.MaxTokens < 0 || o.Tries < 0:
		return fmt.Errorf("judge: negative options: Votes %d, MaxTokens %d, Tries %d; leave Model nil to do without a judge", o.Votes,
			o.MaxTokens, o.Tries)
	case !(o.Temperature >= 0):
		return fmt.Errorf("judge: the temperature is %v", o.Temperature)
	case !(o.CorrectF1 >= 0 && o.CorrectF1 <= 1):
		return fmt.Errorf("judge: CorrectF1 is %v: it is a share from 0 to 1", o.CorrectF1)
	case o.Knockout && o.Model == nil:
		return fmt.Errorf("judge: a knockout needs a model: set Model")
	}
	return nil
}

// WithDefaults returns o with all defaults filled in.
func (o Options) WithDefaults() Options {
	o.Votes, o.MaxTokens, o.Tries = cmp.Or(o.Votes, 1), cmp.Or(o.MaxTokens, 16), cmp.Or(o.Tries, 5)
	if o.Votes > 1 {
		o.Temperature = cmp.Or(o.Temperature, 0.7)
	}
	o.KnockoutPrompt = cmp.Or(o.KnockoutPrompt, defaultKnockoutPrompt)
	return o
}

// Cost is the most that judging n answers to one question costs.
func (o Options) Cost(n int) model.Cost {
	o = o.WithDefaults()
	switch {
	case o.Model == nil:
		return model.Cost{}
	case !o.Knockout:
		return model.Cost{Calls: n, Tokens: n * o.Votes * o.MaxTokens}
	}
	calls := 0
	for left := n; left > 1; left = (left + bracketSize - 1) / bracketSize {
		calls += (left + bracketSize - 1) / bracketSize * o.Tries
	}
	return model.Cost{Calls: calls, Tokens: calls * o.MaxTokens}
}

// Judge judges answers. It keeps count of the replies that it cannot read, so
// that a model which never gives a verdict is noticed early. Each run takes a
// Judge of its own. It is not safe for concurrent use.
type Judge struct {
	Options
	Prompts prompt.Set // asked with Prompts.Judge
	Seed    uint64     // of all replies that are not greedy, and of the draws of a knockout

	replies, read int
	first         string // reply that could not be read
}

// Case is a question with the answers that are judged.
type Case struct {
	Question question.Question
	Passages []retriever.Hit // shown in a knockout, the last ones left out until the rest fits
	Answers  []Answer

	// Winner is the index of the answer that wins a knockout. It is -1 if none
	// took part, or if no reply of the judge could be read, and without a
	// knockout.
	Winner int
}

// Answer is a text with the verdict on it.
type Answer struct {
	Text     string
	Excluded bool // takes no part in a knockout, as a truncated text; an empty text never does

	Verdict  answer.Verdict
	Decision answer.Decision // what decided
	Votes    *answer.Votes   // nil where no model was asked
}

// Decide fills in the verdicts of the answers that have none. Equal answers to
// a question are asked about once. It is [ErrUnread] if the judge has never
// given a reply that can be read, once there were four.
func (j *Judge) Decide(ctx context.Context, cases []*Case) error {
	if err := j.Check(); err != nil {
		return err
	}
	for _, c := range cases {
		c.Winner = -1
		for i := range c.Answers {
			if a := &c.Answers[i]; a.Verdict == "" {
				a.Verdict, a.Decision = compare(a.Text, c.Question, j.CorrectF1)
			}
		}
	}
	var err error
	switch {
	case j.Model == nil:
	case j.Knockout:
		err = j.knockout(ctx, cases)
	default:
		err = j.vote(ctx, cases)
	}
	if err != nil {
		return err
	}
	for _, c := range cases {
		c.settle()
	}
	return j.unread()
}

// settle labels what is still open: the winner of a knockout is correct; of the
// others nothing is known.
func (c *Case) settle() {
	for i := range c.Answers {
		a := &c.Answers[i]
		switch {
		case a.Verdict != "":
		case i == c.Winner:
			a.Verdict, a.Decision = answer.Correct, decision.Knockout
		default:
			a.Verdict, a.Decision = answer.Incorrect, decision.Undecided
		}
	}
}

// vote asks about each open answer.
func (j *Judge) vote(ctx context.Context, cases []*Case) error {
	type asked struct{ id, question, reference, text string }
	places := map[asked]int{}
	var ballots []ballot
	var open [][]*Answer // that a ballot decides
	for _, c := range cases {
		reference := references(c.Question)
		for i := range c.Answers {
			a := &c.Answers[i]
			if a.Verdict != "" {
				continue
			}
			key := asked{c.Question.ID, c.Question.Question, reference, a.Text}
			at, ok := places[key]
			if !ok {
				at = len(ballots)
				places[key] = at
				ballots = append(ballots, ballot{c.Question.Question, reference, a.Text, seed.Derive(j.Seed, c.Question.ID, "judge", a.Text)})
				open = append(open, nil)
			}
			open[at] = append(open[at], a)
		}
	}
	counted, err := j.count(ctx, ballots)
	if err != nil {
		return err
	}
	for i, votes := range counted {
		for _, a := range open[i] {
			own := votes
			a.Votes = &own
			a.Verdict, a.Decision = majority(votes)
		}
	}
	return nil
}

// references shows all reference answers, so that the judge may accept any.
func references(q question.Question) string { return strings.Join(q.Golds(), " / ") }

// ballot is one text that is voted on.
type ballot struct {
	question, reference, text string
	seed                      uint64
}

// count asks for the votes on each ballot.
func (j *Judge) count(ctx context.Context, ballots []ballot) ([]answer.Votes, error) {
	o := j.WithDefaults()
	reqs := make([]model.Request, len(ballots))
	for i, b := range ballots {
		reqs[i] = model.Request{
			Messages: j.Prompts.JudgeMessages(b.question, b.reference, b.text),
			Samples:  o.Votes, MaxTokens: o.MaxTokens, Temperature: o.Temperature, Seed: b.seed,
		}
	}
	responses, err := model.Chat(ctx, j.Model, reqs)
	if err != nil {
		return nil, err
	}
	votes := make([]answer.Votes, len(ballots))
	for i, response := range responses {
		votes[i] = countVotes(response.Samples)
		j.note(response.Samples[0].Text, votes[i].Yes+votes[i].No > 0)
	}
	return votes, nil
}

// majority returns the verdict of the votes. A tie does not show that an answer is right, so
// it is Incorrect.
func majority(v answer.Votes) (answer.Verdict, answer.Decision) {
	switch {
	case v.Yes > v.No:
		return answer.Correct, decision.Judge
	case v.No > v.Yes:
		return answer.Incorrect, decision.Judge
	default:
		return answer.Incorrect, decision.Undecided
	}
}
