package selfdemo

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// KnockoutAudit says how far the winner of a comparison of candidates, as in
// [judge.Options].Knockout, depends on the order in which they are shown: each
// bracket is judged once in each rotation of its candidates, so that each of
// them stands in each place once. Intervals are 95 %, by bootstrap over the
// brackets.
type KnockoutAudit struct {
	N      int `json:"n"`      // brackets: two or three candidates of a question with different texts
	Unread int `json:"unread"` // brackets without a reply that could be read, in one of the orders
	Ties   int `json:"ties"`   // brackets, of those read, in which no candidate wins in more orders than another
	// Consistent is the share of the brackets read that the same candidate wins in every order.
	Consistent stats.Estimate `json:"consistent"`
	// FirstShown is the share of the orders, in the brackets read, in which the
	// candidate shown first wins. Where the order makes no difference it is Even;
	// that and Chance are 0 where there is no bracket to tell it by.
	FirstShown stats.Estimate `json:"first_shown"`
	Even       float64        `json:"even"`
	// Right is the share of the orders, in the brackets read in which the
	// comparison of strings knows all candidates, correct ones and others, that a
	// correct one wins. Chance is what a winner drawn at random would give.
	Right  stats.Estimate `json:"right"`
	Chance float64        `json:"chance"`
}

// auditBrackets draws a bracket of each question, as a knock-out might have it,
// with the passages of a row of that question.
func auditBrackets(r []rows.Row, o AuditOptions) []*draft {
	var drafts []*draft
	byID := map[string]*draft{}
	for _, row := range r {
		hits := shownPassages(row)
		if d := byID[row.QuestionID]; d != nil {
			if len(d.hits) == 0 {
				d.hits = hits
			}
			continue
		}
		var candidates []rows.Candidate
		for _, c := range row.Candidates {
			if c.Text != "" && !c.Truncated && !slices.ContainsFunc(candidates, func(other rows.Candidate) bool { return other.Text == c.Text }) {
				candidates = append(candidates, c)
			}
		}
		if len(candidates) < 2 {
			continue
		}
		rng := rand.New(rand.NewPCG(o.Seed, seed.Derive(o.Seed, "audit knockout", row.QuestionID)))
		rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		d := &draft{question: question.Question{ID: row.QuestionID, Question: row.Question, Unanswerable: len(row.Golds) == 0},
			hits: hits, candidates: candidates[:min(bracketSize, len(candidates))]}
		if len(row.Golds) > 0 {
			d.question.Answer, d.question.Aliases = row.Golds[0], row.Golds[1:]
		}
		byID[row.QuestionID] = d
		drafts = append(drafts, d)
	}
	slices.SortFunc(drafts, func(a, b *draft) int {
		return seed.Order(o.Seed, "audit knockout", a.question.ID, b.question.ID)
	})
	return drafts[:min(o.Limit, len(drafts))]
}

// shownPassages takes the passages out of a row's prompt. One in another layout
// than this package's, or without documents, gives none.
func shownPassages(row rows.Row) []retriever.Hit {
	prompt := row.Prompt()
	if len(prompt) == 0 {
		return nil
	}
	passages, _ := layout.SplitDocuments(prompt[len(prompt)-1].Content)
	hits := make([]retriever.Hit, len(passages))
	for i, passage := range passages {
		heading, text, _ := strings.Cut(passage, "\n")
		_, title, _ := strings.Cut(heading, ":")
		hits[i].Title, hits[i].Text = strings.TrimSpace(title), strings.TrimSpace(text)
	}
	return hits
}

// auditKnockout asks about each bracket in every rotation.
func auditKnockout(ctx context.Context, m *meter.Meter, judge model.Model, drafts []*draft, o AuditOptions) (*KnockoutAudit, error) {
	g := newGenerator(judge, nil, Options{Judge: o.Judge, Seed: o.Seed, Logger: o.Logger})
	g.Meter = m
	winners := make([][]int, len(drafts)) // place of the winner of each rotation; -1 = not read
	for done := 0; done < len(drafts); {
		batch := drafts[done:min(done+o.Batch, len(drafts))]
		var open []*bracket
		var of []int
		for i, d := range batch {
			for first := range d.candidates {
				b := &bracket{draft: d, round: first, context: d.hits}
				for k := range d.candidates {
					b.places = append(b.places, (first+k)%len(d.candidates))
				}
				open, of = append(open, b), append(of, done+i)
			}
		}
		responses, err := g.askBrackets(ctx, open, 0)
		if err != nil {
			return nil, err
		}
		for i, b := range open {
			text, winner := responses[i].Samples[0].Text, -1
			n, ok := parseBest(text, len(b.places))
			if g.CountReply(text, ok); ok {
				winner = b.places[n-1]
			}
			winners[of[i]] = append(winners[of[i]], winner)
		}
		if err := g.Check(judge, o.Judge); err != nil {
			return nil, err
		}
		done += len(batch)
		m.Report("audit of the knock-out", done, len(drafts), 0)
	}
	return newKnockoutAudit(drafts, winners, o), nil
}

func newKnockoutAudit(drafts []*draft, winners [][]int, o AuditOptions) *KnockoutAudit {
	a := &KnockoutAudit{N: len(drafts)}
	var consistent, first, right []float64
	for i, d := range drafts {
		if slices.Contains(winners[i], -1) {
			a.Unread++
			continue
		}
		n := len(d.candidates)
		won := make([]int, n)
		firsts := 0
		for rotation, winner := range winners[i] {
			won[winner]++
			if winner == rotation { // which is the first one shown
				firsts++
			}
		}
		most := slices.Max(won)
		consistent = append(consistent, stats.Indicator(most == n))
		if most == 1 {
			a.Ties++
		}
		first, a.Even = append(first, float64(firsts)/float64(n)), a.Even+1/float64(n)
		if share, rate, ok := d.rightWins(won); ok {
			right, a.Chance = append(right, share), a.Chance+rate
		}
	}
	a.Consistent, a.FirstShown = stats.MeanEstimate(consistent, 0, 1, o.Resamples, o.Seed), stats.MeanEstimate(first, 0, 1, o.Resamples, o.Seed)
	a.Right = stats.MeanEstimate(right, 0, 1, o.Resamples, o.Seed)
	a.Even, a.Chance = a.Even/float64(max(1, len(first))), a.Chance/float64(max(1, len(right)))
	return a
}

// rightWins is the share of the orders that a correct candidate wins, and the
// share of candidates that are correct; ok is false where the comparison of
// strings leaves one open, or they are all the same.
func (d *draft) rightWins(won []int) (share, rate float64, ok bool) {
	correct, wins := 0, 0
	for i, c := range d.candidates {
		switch c.Decision {
		case answer.ByMatch:
			correct++
			wins += won[i]
		case answer.ByNoOverlap, answer.ByRefusal:
		default:
			return 0, 0, false
		}
	}
	n := float64(len(d.candidates))
	return float64(wins) / n, float64(correct) / n, correct > 0 && correct < len(d.candidates)
}

func (a *KnockoutAudit) writeText(w io.Writer) error {
	_, err := fmt.Fprintf(w, "Its choice among candidates, %d times two or three in every order: %d unread, %d tied\nthe same winner in every order %s\nthe one shown first wins %s, without favour %.3f\na right one wins %s, by chance %.3f\n",
		a.N, a.Unread, a.Ties, auditText(a.Consistent), auditText(a.FirstShown), a.Even, auditText(a.Right), a.Chance)
	return err
}
