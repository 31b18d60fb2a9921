//go:build cgo

package llama

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

func TestRepeats(t *testing.T) {
	for _, c := range []struct {
		said         []Token
		after, alike int
	}{
		{[]Token{1}, 0, 0},
		{[]Token{1, 2, 3}, 0, 0},
		{[]Token{3, 1, 2, 3}, 1, 1},
		{[]Token{1, 2, 3, 9, 2, 3, 1, 2, 3}, 3, 3},                       // the longest
		{[]Token{7, 2, 3, 4, 8, 2, 3, 5, 2, 3}, 7, 2},                    // the last of those as long
		{[]Token{5, 5, 5, 5}, 3, 3},                                      // they may overlap
		{[]Token{1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3}, 3, 3},           // one at the very beginning
		{append(make([]Token, 20), make([]Token, 20)...), 39, mostAlike}, // no more than are compared
	} {
		after, alike := repeats(c.said)
		require.Equal(t, c.alike, alike, "%v", c.said)
		if alike > 0 {
			require.Equal(t, c.after, after, "%v", c.said)
		}
	}
}

func TestDrafter(t *testing.T) {
	const end = 99
	ends := func(t Token) bool { return t == end }
	rich := func(said ...Token) *drafter { return &drafter{said: said, credit: 100} }
	d := rich(1, 2, 3, 4, 5, 6, 7, 8, end, 9, 1, 2, 3)
	require.Equal(t, []Token{4, 5, 6, 7}, d.guess(4, 1, ends))
	require.Equal(t, []Token{4, 5, 6, 7, 8}, d.guess(15, 1, ends), "the end of the sample is no draft")
	d.add([]Token{50})
	require.Empty(t, d.guess(15, 1, ends), "what has not been said before")
	d.add([]Token{1})
	require.Empty(t, d.guess(15, 1, ends), "too little alike")
	d = rich(1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 1, 2, 3)
	require.Equal(t, []Token{10, 11, 12, 13, 14, 15}, d.guess(15, 1, ends), "twice as many as are alike")
	d = rich(8, 1, 2, 1, 2, 1, 2)
	require.Equal(t, []Token{1, 2, 1, 2, 1, 2, 1, 2}, d.guess(15, 1, ends), "it goes on as it repeats itself")
	require.Equal(t, []Token{8, 1, 2, 1, 2, 1, 2}, d.said)
}

// TestDraftCredit has all drafts of a sample wrong, and then right.
func TestDraftCredit(t *testing.T) {
	never := func(Token) bool { return false }
	said := []Token{1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, samples := range []int{1, 3, 8} {
		cost := draftCost(samples)
		d := newDrafter(said, 1000)
		drafted := 0
		for i := range 1000 {
			draft := d.guess(draftRows-1, cost, never)
			if i == 0 {
				require.Len(t, draft, int(firstDraft*rowCost/cost))
			}
			drafted += len(draft)
			d.credit -= cost * float64(len(draft))
			require.GreaterOrEqual(t, d.credit, -1e-9)
			d.add([]Token{9})
			d.said = said
		}
		require.Positive(t, drafted)
		require.LessOrEqual(t, float64(drafted)*cost, firstDraft*rowCost+allowance*1000)
		for range 60 {
			draft := d.guess(draftRows-1, cost, never)
			d.credit += (1 - cost) * float64(len(draft))
			d.add([]Token{9})
			d.said = said
		}
		require.InDelta(t, draftRows*rowCost, d.credit, 1e-9, "what can be lost after a long quotation")
		require.Len(t, d.guess(draftRows-1, cost, never), min(draftRows-1, int(draftRows*rowCost/cost)))
	}
	require.InDelta(t, rowCost, draftCost(1), 1e-9)
	require.InDelta(t, 1, draftCost(1000), 0.01, "a batch of many takes as much for each more")
}

// shippedPrompts ask about the quickstart's documents.
func shippedPrompts(t testing.TB, m *Model, ask string) [][]Token {
	t.Helper()
	files, err := filepath.Glob("../examples/quickstart/docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var all [][]Token
	for _, file := range files {
		document, err := os.ReadFile(file)
		require.NoError(t, err)
		title, text, _ := strings.Cut(strings.TrimPrefix(string(document), "# "), "\n")
		content := fmt.Sprintf("Document 1: %s\n%s\n\n%s", title, strings.TrimSpace(text), fmt.Sprintf(ask, title))
		tokens, err := m.TokenizeChat([]Message{{Role: "system", Content: "You answer questions from documents."},
			{Role: "user", Content: content}}, ChatOptions{})
		require.NoError(t, err)
		all = append(all, tokens)
	}
	return all
}

// nearTie is the difference of the two best logits below which drafts may change which is chosen, with the shipped model's
// weights in 16 bits: the order of sums changes with the number of rows in a batch.
const nearTie = 1e-3

// sameAnswer compares an answer that was made with drafts to one without. It returns 1 if they differ from a near tie on.
// Both must have at least two TopLogProbs, and be greedy.
func sameAnswer(t *testing.T, want, got Sample) int {
	t.Helper()
	for i := range want.Tokens {
		if i < len(got.Tokens) && want.Tokens[i] == got.Tokens[i] {
			continue
		}
		gap := want.Top[i][0].LogProb - want.Top[i][1].LogProb
		require.Less(t, gap, float32(nearTie), "token %d is another one: %q, %q", i, want.Text, got.Text)
		return 1
	}
	require.Equal(t, want.Text, got.Text)
	require.Equal(t, want.Stop, got.Stop)
	require.Equal(t, len(want.Tokens), len(got.Tokens))
	closeTo(t, want.LogProbs, got.LogProbs, 0.02)
	return 0
}

// TestDraftsKeepAnswers generates the shipped model's answers with and without drafts, and longer ones, which repeat the
// documents and themselves.
func TestDraftsKeepAnswers(t *testing.T) {
	documents := 32
	if testing.Short() {
		documents = 8
	}
	answers, ties := 0, 0
	asks := []string{"Answer the question from the documents in a few words.\nQuestion: What is %s?", "Repeat the document about %s."}
	for _, ask := range asks {
		m := mustLoad(t, shipped)
		if answers > 0 {
			goOn(m)
		}
		var requests []Request
		for _, prompt := range shippedPrompts(t, m, ask)[:documents] {
			requests = append(requests, Request{Prompt: prompt, MaxTokens: 48, TopLogProbs: 2})
		}
		for _, options := range []ContextOptions{
			{Sequences: 1}, {Sequences: 3, SeparateCaches: opt.Of(true)}, {Sequences: 3, SeparateCaches: opt.Of(false)},
			{Sequences: 2, ExactAttention: true},
		} {
			options.Size = 2048
			plain := mustContext(t, m, options)
			options.Drafts = true
			c := mustContext(t, m, options)
			want, got := mustGenerate(t, plain, requests...), mustGenerate(t, c, requests...)
			for i := range requests {
				answers++
				ties += sameAnswer(t, want[i].Samples[0], got[i].Samples[0])
			}
		}
	}
	t.Logf("%d answers, %d with a near tie", answers, ties)
	require.Less(t, ties, answers/20)
}

// TestDraftsObeyRequests has all that a request can ask for, alone and with others, and compares it with what comes without
// drafts. The model's weights are random, in 32 bits, so that its answers repeat themselves and have no near ties.
func TestDraftsObeyRequests(t *testing.T) {
	inBothLayouts(t, testDraftsObeyRequests)
}

func testDraftsObeyRequests(t *testing.T, separate bool) {
	m := mustLoad(t, tinyModel(t))
	prompt := mustTokenize(t, m, strings.Repeat("The mill stands by the river. ", 4))
	other := mustTokenize(t, m, "one two three, one two three, one two")
	requests := []Request{
		{Prompt: prompt, MaxTokens: 60},
		{Prompt: other, MaxTokens: 60, TopLogProbs: 3, First: []Token{5, 6}},
		{Prompt: prompt, MaxTokens: 40, Samples: 3, Sampling: Sampling{Temperature: 0.2, Seed: 3}},
		{Prompt: prompt, MaxTokens: 40, Samples: 2, Sampling: Sampling{Temperature: 0.7, TopK: 5, TopP: 0.9, MinP: 0.05, Seed: 4}},
		{Prompt: other, MaxTokens: 40, Sampling: Sampling{FrequencyPenalty: 0.02, RepeatPenalty: 1.01}},
		{Prompt: other, MaxTokens: 40, Sampling: Sampling{Temperature: 0.3, PresencePenalty: 0.1, Seed: 9}},
		{Prompt: prompt, MaxTokens: 60, Sampling: Sampling{Grammar: `root ::= ("yes " | "no ")+ "."`}},
		{Prompt: prompt, MaxTokens: 60, Samples: 2, Sampling: Sampling{Temperature: 0.5, Seed: 8, Grammar: `root ::= ("a, b, " | "c; ")+ "."`}},
		{Prompt: other, MaxTokens: 40, Sampling: Sampling{NotFirst: []Token{20, 21, 22}, LogitBias: map[Token]float32{30: -5, 31: 2}}},
		{Prompt: append(prompt[:len(prompt):len(prompt)], 40, 41), MaxTokens: 12},
	}
	options := BatcherOptions{SeparateCaches: separate, Context: ContextOptions{Size: 1024, Sequences: 4, ExactAttention: true}}
	plain := mustBatcher(t, m, options)
	want := make([]Result, len(requests))
	stopped := false
	for i := range requests {
		r := &requests[i]
		results, err := plain.Generate(t.Context(), []Request{*r})
		require.NoError(t, err)
		if text := results[0].Samples[0].Text; i == 0 { // the same again, until something in the middle of what it repeats
			stop := regexp.MustCompile(`[!-~]{1,3}`).FindString(text[len(text)/2:])
			require.NotEmpty(t, stop, "%q", text)
			r.Stop = []string{stop}
			results, err = plain.Generate(t.Context(), []Request{*r})
			require.NoError(t, err)
			stopped = results[0].Samples[0].Stop == StopString
		}
		want[i] = results[0]
	}
	require.True(t, stopped)
	require.Zero(t, plain.Stats().Drafted)

	options.Context.Drafts = true
	for _, sequences := range []int{1, 2, 5} {
		options.Context.Sequences = sequences
		b := mustBatcher(t, m, options)
		var wg sync.WaitGroup
		for round := range 2 { // the second time from what was kept
			for i, r := range requests {
				tokens := make([][]ChosenToken, len(want[i].Samples))
				r.OnToken = func(sample int, token ChosenToken) { tokens[sample] = append(tokens[sample], token) }
				texts := make([]string, len(want[i].Samples))
				r.OnText = func(sample int, text string) { texts[sample] += text }
				wg.Go(func() {
					results, err := b.Generate(context.Background(), []Request{r})
					if err != nil {
						t.Error(err)
						return
					}
					for k, s := range results[0].Samples {
						sameSample(t, fmt.Sprintf("%d sequences, round %d, request %d", sequences, round, i), want[i].Samples[k], s)
						chosen := make([]Token, 0, len(s.Tokens))
						for _, token := range tokens[k] {
							chosen = append(chosen, token.Token)
						}
						if fmt.Sprint(chosen) != fmt.Sprint(s.Tokens) || texts[k] != s.Text {
							t.Errorf("request %d: what was streamed is not the answer", i)
						}
					}
				})
			}
			wg.Wait()
		}
		generated := 0
		for _, r := range want {
			for _, s := range r.Samples {
				generated += 2 * len(s.Tokens)
			}
		}
		// An answer is handed over a moment before its last token is counted.
		require.Eventually(t, func() bool { return b.Stats().Generated == uint64(generated) }, 5*time.Second, time.Millisecond)
		stats := b.Stats()
		require.Positive(t, stats.Accepted)
		require.GreaterOrEqual(t, stats.Drafted, stats.Accepted)
	}
}

func sameSample(t *testing.T, where string, want, got Sample) {
	t.Helper()
	if fmt.Sprint(want.Tokens) != fmt.Sprint(got.Tokens) || want.Text != got.Text || want.Stop != got.Stop {
		t.Errorf("%s: %q (%v), not %q (%v)", where, got.Text, got.Stop, want.Text, want.Stop)
		return
	}
	near := func(a, b float32) bool { return a-b < 1e-3 && b-a < 1e-3 }
	for i := range want.LogProbs {
		if !near(want.LogProbs[i], got.LogProbs[i]) {
			t.Errorf("%s: log probability %d is %v, not %v", where, i, got.LogProbs[i], want.LogProbs[i])
		}
	}
	if len(want.Top) != len(got.Top) || len(want.First) != len(got.First) {
		t.Errorf("%s: %d and %d lists, not %d and %d", where, len(got.Top), len(got.First), len(want.Top), len(want.First))
		return
	}
	for i := range want.Top {
		for k, top := range want.Top[i] {
			if !near(top.LogProb, got.Top[i][k].LogProb) {
				t.Errorf("%s: the most likely tokens are %v, not %v", where, got.Top[i], want.Top[i])
			}
		}
	}
}

// TestDraftsFillTheContext generates up to the last cell of caches of one sequence and of several.
func TestDraftsFillTheContext(t *testing.T) {
	inBothLayouts(t, func(t *testing.T, separate bool) {
		m := mustLoad(t, tinyModel(t))
		goOn(m)
		for _, sequences := range []int{1, 3} {
			b := mustBatcher(t, m, BatcherOptions{SeparateCaches: separate,
				Context: ContextOptions{Size: 256, Sequences: sequences, BatchSize: 16, ExactAttention: true, Drafts: true}})
			var requests []Request
			for i := range 3 {
				prompt := mustTokenize(t, m, fmt.Sprintf("%d by the river, by the river, by the", i))
				requests = append(requests, Request{Prompt: prompt, MaxTokens: 256})
			}
			for range 2 {
				results, err := b.Generate(t.Context(), requests)
				require.NoError(t, err)
				for _, r := range results {
					require.Len(t, r.Samples[0].Tokens, 256-r.PromptTokens)
				}
			}
			stats := b.Stats()
			require.Positive(t, stats.Accepted)
			require.Less(t, stats.Batches, stats.Generated)
		}
	})
}

// TestKeptAfterDrafts goes on from an answer, of which some drafts were wrong.
func TestKeptAfterDrafts(t *testing.T) {
	inBothLayouts(t, func(t *testing.T, separate bool) {
		m := mustLoad(t, tinyModel(t))
		goOn(m)
		options := ContextOptions{Size: 2048, Sequences: 2, ExactAttention: true}
		c := mustContext(t, m, options)
		options.Drafts = true
		b := mustBatcher(t, m, BatcherOptions{Context: options, SeparateCaches: separate})
		said := mustTokenize(t, m, strings.Repeat("The mill stands by the river. ", 4))
		for turn := range 12 {
			r := Request{Prompt: said, MaxTokens: 50, Sampling: Sampling{Temperature: 0.3, Seed: uint32(turn)}}
			results, err := b.Generate(t.Context(), []Request{r})
			require.NoError(t, err)
			if turn > 0 {
				require.Greater(t, results[0].ReusedTokens, len(said)-10)
			}
			want := mustGenerate(t, c, r)[0].Samples[0]
			sameSample(t, fmt.Sprintf("turn %d", turn), want, results[0].Samples[0])
			said = append(append(said, want.Tokens...), Token(40+turn), Token(41+turn))
		}
		stats := b.Stats()
		require.Positive(t, stats.Accepted)
		require.Greater(t, stats.Drafted, stats.Accepted)
	})
}

// TestWhereDraftsAreMade has cases in which they are made, and in which not.
func TestWhereDraftsAreMade(t *testing.T) {
	for name, c := range map[string]struct {
		path    string
		options ContextOptions
		tokens  int
		drafts  bool
	}{
		"on":         {tinyModel(t), ContextOptions{Drafts: true}, draftsFrom, true},
		"sliding":    {testmodel.New(t, testmodel.Spec{Arch: "gemma3", Pre: "qwen2"}), ContextOptions{Drafts: true}, draftsFrom, true},
		"few tokens": {tinyModel(t), ContextOptions{Drafts: true}, draftsFrom - 1, false},
		"by default": {tinyModel(t), ContextOptions{}, 100, false},
		"recurrent":  {testmodel.New(t, testmodel.Spec{Arch: "mamba", Pre: "qwen2"}), ContextOptions{Drafts: true}, 100, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Size = 512
			m := mustLoad(t, c.path)
			goOn(m)
			b := mustBatcher(t, m, BatcherOptions{Context: c.options})
			prompt := mustTokenize(t, m, strings.Repeat("a a a a a a a a ", 8))
			again := Sampling{LogitBias: map[Token]float32{prompt[len(prompt)-1]: 100}}
			_, err := b.Generate(t.Context(), []Request{{Prompt: prompt, MaxTokens: c.tokens, Sampling: again},
				{Prompt: prompt[1:], MaxTokens: c.tokens, Sampling: again}})
			require.NoError(t, err)
			require.Equal(t, c.drafts, b.Stats().Drafted > 0)
		})
	}
}
