//go:build cgo

package llama

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// jobsOf returns jobs with prompts of the given lengths that have shared tokens in common.
func jobsOf(t *testing.T, c *Context, shared, maxTokens int, lengths ...int) []*job {
	t.Helper()
	var requests []Request
	for i, n := range lengths {
		prompt := make([]Token, n)
		for k := range prompt {
			if prompt[k] = Token(20 + k%100); k >= shared {
				prompt[k] = Token(20 + (i+k)%100)
			}
		}
		requests = append(requests, Request{Prompt: prompt, MaxTokens: maxTokens})
	}
	jobs, err := c.newJobs(requests)
	require.NoError(t, err)
	return jobs
}

// TestLayoutFor checks the rule for a model on the CPU.
func TestLayoutFor(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	if !m.onCPU() {
		t.Skip("the model is on a GPU")
	}
	c := mustContext(t, m, ContextOptions{Size: 4096, Sequences: 8})
	one := cacheLayout{size: 4096, sequences: 9, flash: 1}
	for name, x := range map[string]struct {
		jobs []*job
		want cacheLayout
	}{
		"single":    {jobsOf(t, c, 0, 50, 300), c.whole},
		"shared":    {jobsOf(t, c, 700, 50, 800, 800, 800, 800, 800, 800), one},
		"all fit":   {jobsOf(t, c, 0, 50, 300, 200, 400), cacheLayout{size: 512, sequences: 3, separate: true}},
		"enough":    {jobsOf(t, c, 400, 50, 800, 800, 800, 800, 800, 800), cacheLayout{size: 1024, sequences: 4, separate: true}},
		"long":      {jobsOf(t, c, 0, 50, 3000, 3000, 3000), cacheLayout{size: 3072, sequences: 1, separate: true}},
		"long head": {jobsOf(t, c, 2900, 50, 3000, 3000, 3000), one},
	} {
		require.Equal(t, x.want, c.layoutFor(x.jobs), name)
	}
	c = mustContext(t, m, ContextOptions{Size: 4096, Sequences: 8, SeparateCaches: opt.Of(false), FlashAttention: opt.Of(false)})
	require.Equal(t, cacheLayout{size: 4096, sequences: 9}, c.layoutFor(jobsOf(t, c, 0, 50, 300, 300)))
	c = mustContext(t, m, ContextOptions{Size: 4096, Sequences: 8, SeparateCaches: opt.Of(true), FlashAttention: opt.Of(true)})
	require.Equal(t, cacheLayout{size: 3072, sequences: 1, separate: true, flash: 1}, c.layoutFor(jobsOf(t, c, 2900, 50, 3000, 3000)))
}

// TestLayoutsAgree generates in each layout, with and without flash attention, for prompts that share their beginning, and
// has the context score in between, for which it changes its cache.
func TestLayoutsAgree(t *testing.T) {
	m := mustLoad(t, testmodel.New(t, testmodel.Spec{Pre: "qwen2", Context: 8192}))
	var want []Result
	var wantScores [][]float32
	for _, separate := range []bool{false, true} {
		for _, flash := range []bool{false, true} {
			c := mustContext(t, m, ContextOptions{Size: 2048, Sequences: 4, FlashAttention: opt.Of(flash), SeparateCaches: opt.Of(separate)})
			var requests []Request
			for i := range 6 {
				prompt := mustTokenize(t, m, "The mill stands at the river, and everybody knows who built it: the miller "+string(rune('a'+i)))
				requests = append(requests, Request{Prompt: prompt, MaxTokens: 4 + i, Samples: 1 + i%2})
			}
			for range 2 {
				results := mustGenerate(t, c, requests...)
				require.Equal(t, separate, c.layout.separate)
				if want == nil {
					want = results
				}
				for i, r := range results {
					if i > 0 {
						require.Positive(t, r.ReusedTokens, "request %d shares a beginning", i)
					}
					for k, s := range r.Samples {
						closeTo(t, want[i].Samples[k].LogProbs[:1], s.LogProbs[:1], 0.02)
					}
				}
				scores, err := c.Score(context.Background(), requests[0].Prompt, [][]Token{{50, 51}, {52, 53, 54}})
				require.NoError(t, err)
				require.False(t, c.layout.separate)
				if wantScores == nil {
					wantScores = scores
				}
				for i := range scores {
					closeTo(t, wantScores[i], scores[i], 0.02)
				}
			}
		}
	}
}

// TestReshapeKeepsAdapters has a context with an adapter change its cache.
func TestReshapeKeepsAdapters(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	score := func(c *Context) float32 {
		out, err := c.Score(context.Background(), []Token{50, 51, 52}, [][]Token{{60}})
		require.NoError(t, err)
		return out[0][0]
	}
	c := mustContext(t, m, ContextOptions{Size: 1024, Sequences: 4, SeparateCaches: opt.Of(true)})
	plain := score(c)
	require.NoError(t, c.SetAdapters(AdapterScale{Adapter: a, Scale: 1}))
	adapted := score(c)
	require.NotEqual(t, plain, adapted)
	require.NoError(t, a.Close()) // the context keeps it
	for range 2 {
		mustGenerate(t, c, Request{Prompt: []Token{50, 51, 52}, MaxTokens: 2}, Request{Prompt: []Token{53, 51, 52}, MaxTokens: 2})
		require.True(t, c.layout.separate)
		require.Equal(t, adapted, score(c))
		require.False(t, c.layout.separate)
	}
	require.NoError(t, c.SetAdapters())
	require.Equal(t, plain, score(c))
}

// TestMeasureAttention checks that the choice follows from the times, and that a measurement ends.
func TestMeasureAttention(t *testing.T) {
	line := func(rows int, flash bool, at256, at2048 float64) []AttentionTime {
		return []AttentionTime{{rows, 256, flash, at256}, {rows, 2048, flash, at2048}}
	}
	slowFlash := slices.Concat(line(1, false, 1, 8), line(64, false, 40, 320), line(1, true, 4, 32), line(64, true, 38, 300))
	a := Attention{Times: slowFlash}
	require.InDelta(t, 4.5, a.token(1, 1152, false), 1e-9)
	require.InDelta(t, 169.0/64, a.token(64, 1152, true), 1e-9)
	a.choose()
	require.False(t, a.Flash, "it generates at a quarter of the speed")
	require.True(t, a.FlashInOneCache, "it reads eight times as fast")
	a.Times = slices.Concat(line(1, false, 1, 8), line(64, false, 40, 320), line(1, true, 1, 7), line(64, true, 30, 240))
	a.choose()
	require.True(t, a.Flash)
	require.True(t, a.plausible())
	a.Times[1].Seconds = 1.5 // of 2,048 cells, and 1 of 256
	require.False(t, a.plausible())

	m := mustLoad(t, tinyModel(t))
	if !m.onCPU() {
		t.Skip("the model is on a GPU")
	}
	require.Contains(t, m.AttentionKey(3), "3 threads, llama.cpp ")
	a, err := m.MeasureAttention(t.Context(), 1)
	require.NoError(t, err)
	require.Len(t, a.Times, 8)
	for _, x := range a.Times {
		require.Positive(t, x.Seconds)
	}
}

// TestHashEnds has a context that has ended before the file is read, and before attention is measured.
func TestHashEnds(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	m.options.VerifyHash = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := m.Hash(ctx)
	require.ErrorIs(t, err, context.Canceled)
	if m.onCPU() {
		_, err = m.MeasureAttention(ctx, 1)
		require.ErrorIs(t, err, context.Canceled)
	}
}
