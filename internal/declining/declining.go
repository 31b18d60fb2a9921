// Package declining asks a model whether a reply declines to answer.
package declining

import (
	"context"
	"math"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/scoring"
	"github.com/ragft/ragft/ragft/model"
)

// Reply is a reply with the question that it replies to; "" = unknown.
type Reply struct{ Question, Text string }

// LogOdds returns for each reply by how many nats "It declines." is likelier than "It answers." after the
// question, the reply and four examples, above what lies halfway between the examples of the two kinds: a model's
// liking for one of the words says nothing of the reply (Zhao et al. 2021, "Calibrate Before Use", section 4).
// It is [model.ErrNoScores] if the model cannot score.
func LogOdds(ctx context.Context, m model.Model, replies []Reply) ([]float64, error) {
	all := make([]Reply, 0, len(anchors)+len(replies))
	for _, a := range anchors {
		all = append(all, a.Reply)
	}
	all = append(all, replies...)
	var pairs []model.Completion
	for _, r := range all {
		prompt := []model.Message{{Role: model.RoleUser, Content: ask(r)}}
		pairs = append(pairs,
			model.Completion{Messages: prompt, Response: "It declines."}, model.Completion{Messages: prompt, Response: "It answers."})
	}
	scores, err := scoring.Completions(ctx, m, pairs)
	if err != nil {
		return nil, err
	}
	odds := make([]float64, len(all))
	for i := range odds {
		d, a := scores[2*i], scores[2*i+1]
		odds[i] = (d.Sum - d.Last) - (a.Sum - a.Last)
	}
	var sum [2]float64
	var n [2]int
	for i, a := range anchors {
		k := 0
		if a.declines {
			k = 1
		}
		sum[k], n[k] = sum[k]+odds[i], n[k]+1
	}
	halfway := (sum[0]/float64(n[0]) + sum[1]/float64(n[1])) / 2
	if math.IsNaN(halfway) {
		halfway = 0
	}
	odds = odds[len(anchors):]
	for i := range odds {
		odds[i] -= halfway
	}
	return odds, nil
}

func ask(r Reply) string {
	text := "Does the reply answer the question, or does it decline to answer?\n"
	for _, e := range examples {
		text += shown(e.Reply) + "\n" + map[bool]string{true: "It declines.", false: "It answers."}[e.declines] + "\n"
	}
	return text + shown(r)
}

func shown(r Reply) string {
	text := "\n"
	if r.Question != "" {
		text += "Question: " + layout.Indent(r.Question, layout.JudgeLine) + "\n"
	}
	return text + "Reply: " + layout.Indent(r.Text, layout.JudgeLine)
}

type example struct {
	Reply
	declines bool
}

// examples stand in front of every question.
var examples = []example{
	{Reply{"Who runs the mill?", "Mara Venn runs the mill."}, false},
	{Reply{"When was the inn built?", "The documents do not say."}, true},
	{Reply{"Who owned the boat?", "Ada Lind; since when is not known."}, false},
	{Reply{"What does the bridge cost?", "The price of the bridge is given, but not in the part that I have."}, true},
}

// anchors show which odds a model gives either kind.
var anchors = []example{
	{Reply{"Where is the well?", "Behind the church."}, false},
	{Reply{"Who wrote the letter?", "It was written by Ruth Abel."}, false},
	{Reply{"Why was the road closed?", "Because the bridge could not carry lorries."}, false},
	{Reply{"How many doors has the shed?", "Two, although the notes do not say which is used."}, false},
	{Reply{"Where is the well?", "There is no mention of a well."}, true},
	{Reply{"Who wrote the letter?", "I do not know who wrote it."}, true},
	{Reply{"Why was the road closed?", "The passages give no reason."}, true},
	{Reply{"How many doors has the shed?", "It is unclear how many doors it has."}, true},
}
