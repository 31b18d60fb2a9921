//go:build cgo

package llama

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// draftAsks are what BenchmarkDrafts asks of each document: to quote it, and for something else.
var draftAsks = []string{"Repeat the whole document about %s, word for word.", "Write a new story in which %s does not appear."}

const draftTokens = 96 // of an answer

// quotes reports whether most tokens of the answer, of at least 30, stand in the prompt after the same three.
func quotes(prompt, answer []Token) bool {
	type four [4]Token
	stands := map[four]bool{}
	for i := range prompt[3:] {
		stands[four(prompt[i:])] = true
	}
	n := 0
	for i := range answer[min(3, len(answer)):] {
		if stands[four(answer[i:])] {
			n++
		}
	}
	return len(answer) >= 30 && 2*n > len(answer)
}

// BenchmarkDrafts compares the time of answers with and without drafts, for answers that quote the prompt and for others. The
// prompts are read before. Both ways run in turn; a ratio above 1 is faster with drafts. RAGFT_BENCH_MODEL names the model.
func BenchmarkDrafts(b *testing.B) {
	m := mustLoad(b, benchModel(b))
	var requests [2][]Request
	c := mustContext(b, m, ContextOptions{Size: 2048, Sequences: 1, Threads: benchThreads()})
	for _, ask := range draftAsks {
		for _, prompt := range shippedPrompts(b, m, ask)[:16] {
			r := Request{Prompt: prompt, MaxTokens: draftTokens}
			answer := mustGenerate(b, c, r)[0].Samples[0].Tokens
			switch {
			case quotes(prompt, answer):
				requests[0] = append(requests[0], r)
			case len(answer) >= 30:
				requests[1] = append(requests[1], r)
			}
		}
	}
	for kind, name := range []string{"quotes", "other"} {
		for _, sequences := range []int{1, 2, 4, 8} {
			b.Run(fmt.Sprintf("%s/sequences=%d", name, sequences), func(b *testing.B) {
				benchDrafts(b, m, requests[kind], sequences)
			})
		}
	}
}

func benchDrafts(b *testing.B, m *Model, requests []Request, sequences int) {
	if len(requests) < sequences {
		b.Skipf("%d such answers", len(requests))
	}
	options := ContextOptions{Size: sequences * 1024, Sequences: sequences, Threads: benchThreads()}
	without := mustContext(b, m, options)
	options.Drafts = true
	with := mustContext(b, m, options)
	var ratios []float64
	var all counters
	var plain, drafts time.Duration
	for b.Loop() {
		for group := range slices.Chunk(requests[:len(requests)/sequences*sequences], sequences) {
			p, _ := answerTime(b, without, group)
			d, stats := answerTime(b, with, group)
			ratios = append(ratios, p.Seconds()/d.Seconds())
			plain, drafts = plain+p, drafts+d
			all.generated += stats.generated
			all.drafted += stats.drafted
			all.accepted += stats.accepted
		}
	}
	b.ReportMetric(median(ratios), "ratio")
	b.ReportMetric(plain.Seconds()/drafts.Seconds(), "ratio-of-sums")
	b.ReportMetric(slices.Min(ratios), "least")
	b.ReportMetric(float64(all.generated)/drafts.Seconds(), "tok/s")
	b.ReportMetric(float64(all.accepted)/float64(max(all.drafted, 1)), "accepted/drafted")
	b.ReportMetric(float64(all.accepted)/float64(all.generated), "accepted/generated")
	b.ReportMetric(float64(len(ratios)), "groups")
}

// answerTime returns the time of the answers after the last of their first tokens.
func answerTime(b *testing.B, c *Context, requests []Request) (time.Duration, counters) {
	var begin time.Time
	started := 0
	requests = slices.Clone(requests)
	for i := range requests {
		first := true
		requests[i].OnToken = func(int, ChosenToken) {
			if first {
				first = false
				started++
				begin = time.Now()
			}
		}
	}
	jobs, err := c.newJobs(requests)
	require.NoError(b, err)
	queue := inOrder(jobs)
	end, err := c.begin(context.Background(), c.layoutFor(queue))
	require.NoError(b, err)
	s := newScheduler(c, c.kept())
	s.queue = queue
	err = s.run(context.Background())
	took := time.Since(begin)
	require.NoError(b, end(err))
	require.Equal(b, len(requests), started)
	for _, j := range jobs {
		j.model.releaseFor(j.request)
	}
	return took, s.stats
}
