//go:build cgo

package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/pairwise"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/recipe/selfdemo"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// ability is something that recipes leave to the model, and what this model makes of it.
type ability struct {
	Asked string `json:"asked"`
	Did   string `json:"did"`
}

// composedFrom is the number of passages that the model is asked to write questions about.
const composedFrom = 100

// abilities tries what recipes and judgements rest on, on the model's own demonstrations. An error is a finding here.
func (c *comparison) abilities(ctx context.Context) ([]ability, error) {
	var out []ability
	add := func(asked, did string, err error) {
		if err != nil {
			did = err.Error()
		}
		out = append(out, ability{asked, did})
	}
	made, err := selfDemo(c).Rows(ctx, c.input())
	if err == nil {
		audited := selfdemo.Recipe{Judge: judge.Options{Model: c.cached}}
		audit, err := audited.Audit(ctx, recipe.Input{Seed: c.seed}, made.Rows)
		did := ""
		if err == nil {
			did = fmt.Sprintf("the same verdict as the comparison of texts on %s of %d answers; accepts %s of the right and rejects %s "+
				"of the wrong ones; the same verdict with answer and reference exchanged on %s",
				share(audit.Agreement), audit.N, share(audit.Sensitivity), share(audit.Specificity), share(audit.Consistent))
		}
		add("say whether an answer agrees with the reference", did, err)

		pairwise, err := pairwise.Judge{Model: c.cached, Seed: c.seed}.Compare(ctx, rightAndWrong(made.Rows))
		if err == nil {
			did = fmt.Sprintf("of %d pairs the right answer preferred in both orders %d times, the wrong one %d, contradicts itself on "+
				"%d, unread %d; names the one shown first in %s of the replies",
				len(pairwise.Outcomes), pairwise.Win, pairwise.Loss, pairwise.Inconsistent, pairwise.Unread, share(pairwise.FirstShown))
		}
		add("prefer a right answer to a wrong one", did, err)
	}
	composed, err := question.Compose(ctx, c.cached, c.someChunks(composedFrom), question.ComposeOptions{Seed: c.seed})
	did := ""
	if err == nil {
		did = fmt.Sprintf("%d questions that can be used, from %d passages; rejected %v", len(composed.Questions), composed.Chunks,
			composed.Rejected)
	}
	add("write questions with answers", did, err)
	return out, ctx.Err()
}

func share(x stats.Estimate) string {
	if !x.Defined() {
		return "–"
	}
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100*x.Value, 100*x.Low, 100*x.High)
}

// rightAndWrong pairs a right and a wrong answer of each question that has both.
func rightAndWrong(rows []rows.Row) []pairwise.Pair {
	var pairs []pairwise.Pair
	for _, row := range rows {
		right, wrong := "", ""
		for _, candidate := range row.Candidates {
			switch {
			case candidate.Decision == decision.Match && right == "":
				right = candidate.Text
			case candidate.Decision == decision.NoOverlap && wrong == "":
				wrong = candidate.Text
			}
		}
		if right != "" && wrong != "" {
			pairs = append(pairs, pairwise.Pair{ID: row.ID, Question: row.Question, Reference: row.Golds[0], A: right, B: wrong})
		}
	}
	return pairs
}

// someChunks draws passages by seed.
func (c *comparison) someChunks(n int) []retriever.Chunk {
	rng := rand.New(rand.NewPCG(c.seed, 0x6368756e6b73))
	var out []retriever.Chunk
	for _, i := range rng.Perm(len(c.corpus))[:min(n, len(c.corpus))] {
		out = append(out, c.corpus[i])
	}
	return out
}
