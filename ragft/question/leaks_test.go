package question

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// leaksByPairs compares every question with every training question.
func leaksByPairs(training, evaluation []Question, o LeakOptions) (leaks []Leak) {
	for _, q := range evaluation {
		own := strings.Fields(answer.Normalize(q.Question))
		all := runs(own, min(o.N, max(1, len(own))))
		best := Leak{Evaluation: q.ID}
		for _, t := range training {
			words := strings.Fields(answer.Normalize(t.Question))
			if len(own) < o.N && (float64(len(own)) < o.MinShare*float64(len(words)) || turnsKey(q) != turnsKey(t)) {
				continue
			}
			has := map[string]bool{}
			for _, run := range runs(words, min(o.N, max(1, len(own)))) {
				has[run] = true
			}
			n, first := 0, ""
			for _, run := range all {
				if has[run] {
					if n++; n == 1 {
						first = run
					}
				}
			}
			if share := float64(n) / float64(max(1, len(all))); share > best.Share {
				best.Training, best.Share, best.Text = t.ID, share, first
			}
		}
		if best.Share > 0 && best.Share >= o.MinShare {
			leaks = append(leaks, best)
		}
	}
	return leaks
}

func TestFindLeaksAsByPairs(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	questions := func(prefix string, n int) (list []Question) {
		for i := range n {
			q := Question{ID: fmt.Sprint(prefix, i)}
			for range 1 + rng.IntN(9) {
				q.Question += fmt.Sprintf("w%d ", rng.IntN(3))
			}
			if rng.IntN(3) == 0 {
				q.History = []model.Message{{Content: fmt.Sprint("turn ", rng.IntN(2))}}
			}
			list = append(list, q)
		}
		return list
	}
	for _, o := range []LeakOptions{{N: 2, MinShare: 0.5}, {N: 3, MinShare: 0.3}, {N: 4, MinShare: 1}, {N: 8, MinShare: 0.5}} {
		training, evaluation := questions("t", 150), questions("e", 150)
		want := leaksByPairs(training, evaluation, o)
		require.NotEmpty(t, want)
		require.Equal(t, want, FindLeaks(training, evaluation, o).Leaks, "%+v", o)
	}
}

// Ten times as many questions on both sides take about ten times the work, also where all begin or are alike.
func TestWorkOfFindingLeaksIsLinear(t *testing.T) {
	for name, text := range map[string]func(i int) string{
		"short and alike": func(int) string { return "Where is it?" },
		"one beginning": func(i int) string {
			return fmt.Sprintf("Please tell me from the documents that follow here what %d is", i)
		},
		"alike":    func(int) string { return "Please tell me from the documents that follow here what it is" },
		"one word": func(i int) string { return fmt.Sprintf("who %d", i%7) },
	} {
		t.Run(name, func(t *testing.T) {
			work := func(n int) int {
				training, evaluation := make([]Question, n), make([]Question, n)
				for i := range n {
					training[i].Question, evaluation[i].Question = text(i), text(i+n)
				}
				f := newLeakFinder(training, evaluation, LeakOptions{}.withDefaults())
				for k, q := range evaluation {
					if own := f.asked[k]; len(own) < f.o.N {
						f.short(q, own)
					} else {
						f.long(own)
					}
				}
				return f.compared
			}
			few := mostWithRun / 2
			if name == "one beginning" {
				few = mostWithRun // each question is compared with as many as it may be
			}
			require.LessOrEqual(t, work(4*few), 5*work(few))
		})
	}
}
