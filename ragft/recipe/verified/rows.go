package verified

import (
	"math"
	"slices"

	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Kinds of the rows that are learnt as preferences.
const (
	preferAnswer  rows.Kind = "correct>refusal"
	preferRefusal rows.Kind = "refusal>incorrect"
)

// rows makes the rows of all drafts, with their weights.
func (g *generator) rows(drafts []*draft) ([]rows.Row, error) {
	provenance := g.in.Provenance(g.options(g.in.Passages, g.refusal), g.in.Model)
	var list []rows.Row
	for _, d := range drafts {
		if d.target == "" {
			continue
		}
		row := g.in.Row(g.Name(), d.question, d.hits)
		row.Made, row.Provenance = d.source, provenance
		row.Kind, row.Provenance.Withheld = rows.KindAnswer, d.withheld
		if d.withheld {
			row.ID += "/withheld"
		}
		if d.source == madeRefusal {
			row.Kind = rows.KindRefusal
		}
		row.Messages = append(slices.Clip(row.Messages), assistant(d.target))
		list = append(list, row)
		if rejected := g.worse(d); g.Preferences && rejected != "" {
			row.ID += "/preference"
			row.Rejected = []model.Message{assistant(rejected)}
			if row.Kind = preferAnswer; d.source == madeRefusal {
				row.Kind = preferRefusal
			}
			list = append(list, row)
		}
	}
	return list, g.balance(list)
}

func assistant(text string) model.Message {
	return model.Message{Role: model.RoleAssistant, Content: text}
}

// worse is a reply that is worse than the target: the refusal where the evidence
// is shown, and elsewhere what the model makes up; "" if it makes up nothing.
func (g *generator) worse(d *draft) string {
	switch {
	case d.source != madeRefusal:
		return g.refusal
	case d.reply == "" || answer.IsRefusal(d.reply) || answer.Contains(d.reply, d.question.Golds()):
		return ""
	}
	return d.reply
}

// balance sets the weights so that the tokens of answers and of refusals have the
// same total, and of preferences, whose loss is not a sum over tokens, the rows.
// Without rows of one kind there is nothing to balance.
func (g *generator) balance(list []rows.Row) error {
	for _, preferences := range []bool{false, true} {
		mass := map[bool]float64{} // of refusals, and of answers
		for _, row := range list {
			if (len(row.Rejected) > 0) != preferences {
				continue
			}
			size := 1.0
			if !preferences {
				var err error
				if size, err = g.size(row.Response()); err != nil {
					return err
				}
			}
			mass[row.Refuses()] += size
		}
		if mass[true] == 0 || mass[false] == 0 {
			continue
		}
		for i := range list {
			if row := &list[i]; (len(row.Rejected) > 0) == preferences {
				row.Weight = round((mass[true] + mass[false]) / (2 * mass[row.Refuses()]))
			}
		}
	}
	return nil
}

// size is the number of tokens that are learnt of a target, its end included; of
// a model that cannot count, of words.
func (g *generator) size(target string) (float64, error) {
	counter, ok := model.As[model.TokenCounter](g.in.Model)
	if !ok {
		return float64(words.Count(target) + 1), nil
	}
	tokens, err := counter.CountText(target)
	return float64(tokens + 1), err
}

// round keeps five significant digits.
func round(x float64) float64 {
	digits := math.Pow(10, 4-math.Floor(math.Log10(x)))
	return math.Round(x*digits) / digits
}
