package cache

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

func openCache(t *testing.T, m model.Model, dir string) *Model {
	t.Helper()
	c, err := Open(m, dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func ask(text string) model.Request {
	return model.Request{Messages: []model.Message{{Role: model.RoleUser, Content: text}}, Samples: 2, Temperature: 1, Seed: 3}
}

// echo answers with the prompt and the sample's number, in bytes that are no
// UTF-8, with a probability for the first sample only.
func echo() *fake.Model {
	return &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		s := model.Sample{Text: req.Messages[0].Content + fmt.Sprint(sample) + "\xff", Thinking: "hm", Tokens: 256, MeanLogProb: -0.5,
			Truncated: true}
		if sample > 0 {
			s.MeanLogProb = math.NaN()
		}
		return s
	}}
}

func logFiles(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "responses-*.jsonl"))
	require.NoError(t, err)
	return paths
}

func TestCacheAnswersASecondRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "[new] folder*")
	first := echo()
	want, err := openCache(t, first, dir).Chat(t.Context(), []model.Request{ask("a"), ask("b"), ask("a")})
	require.NoError(t, err)
	require.Len(t, first.Requests, 2, "equal requests are asked once")

	second := echo()
	c := openCache(t, second, dir)
	got, err := c.Chat(t.Context(), []model.Request{ask("a"), ask("b"), ask("a"), ask("c")})
	require.NoError(t, err)
	require.Len(t, second.Requests, 1)
	require.Equal(t, []bool{false, false, true}, []bool{want[0].Cached, want[1].Cached, want[2].Cached})
	for i := range got {
		require.Equal(t, i < 3, got[i].Cached)
	}
	for i := range want {
		want[i].Cached, got[i].Cached = false, false
	}
	require.Equal(t, fmt.Sprint(want), fmt.Sprint(got[:3]), "to the byte, NaN included")
	require.Equal(t, "a0\xff", got[0].Samples[0].Text)
	require.True(t, math.IsNaN(got[0].Samples[1].MeanLogProb))
	require.True(t, got[0].Samples[0].Truncated)
	require.Equal(t, counts{hits: 3, misses: 1}, c.counts)
	require.Len(t, c.entries, 3)
	require.Equal(t, "fake", c.Name())
}

func TestCacheKey(t *testing.T) {
	requestKey := func(name string, req model.Request) string {
		req, err := req.WithDefaults()
		require.NoError(t, err)
		return requestKey(name, req)
	}
	base := requestKey("m", ask("a"))
	change := func(f func(*model.Request)) string {
		req := ask("a")
		f(&req)
		return requestKey("m", req)
	}
	seen := map[string]bool{base: true, requestKey("other", ask("a")): true}
	for i, key := range []string{
		change(func(r *model.Request) { r.Messages[0].Content = "b" }),
		change(func(r *model.Request) { r.Messages[0].Role = model.RoleSystem }),
		change(func(r *model.Request) { r.Samples = 3 }),
		change(func(r *model.Request) { r.MaxTokens = 5 }),
		change(func(r *model.Request) { r.Temperature = 0.5 }),
		change(func(r *model.Request) { r.TopP = 0.9 }),
		change(func(r *model.Request) { r.TopK = 4 }),
		change(func(r *model.Request) { r.Seed = 4 }),
		change(func(r *model.Request) { r.Stop = []string{"x"} }),
	} {
		require.False(t, seen[key], "change %d", i)
		seen[key] = true
	}
	require.Equal(t, base, change(func(r *model.Request) { r.MaxTokens = 256 }))
	require.Equal(t, base, change(func(r *model.Request) { r.OnText = func(string) {} }))
	require.Equal(t, base, change(func(r *model.Request) { r.TopP = 1 }))
	greedy := func(seed uint64) string {
		return change(func(r *model.Request) { r.Temperature, r.Seed = 0, seed })
	}
	require.Equal(t, greedy(1), greedy(2), "a greedy answer does not depend on the seed")
}

func TestCacheStreamsWhatItHas(t *testing.T) {
	c := openCache(t, fake.AlwaysSays("two words"), t.TempDir())
	for range 2 {
		var text string
		req := ask("a")
		req.OnText = func(piece string) { text += piece }
		_, err := c.Chat(t.Context(), []model.Request{req})
		require.NoError(t, err)
		require.Equal(t, "two words", text)
	}
}

// What the caller of one request stops is no answer to an equal request of another.
func TestCacheKeepsNoStoppedReply(t *testing.T) {
	m := &fake.Model{Reply: func(model.Request, int) model.Sample { return model.Sample{Text: "Ann", Tokens: 1, Excluded: 0.4} }}
	dir := t.TempDir()
	c := openCache(t, m, dir)
	req := ask("a")
	req.Exclude = []string{"I do not know"}
	stopped := req
	stopped.OnFirst = func(excluded float64) bool { return excluded < 0.3 }
	goesOn := req
	goesOn.OnFirst = func(excluded float64) bool { return excluded < 0.5 }

	got, err := c.Chat(t.Context(), []model.Request{stopped, req, stopped})
	require.NoError(t, err)
	require.Empty(t, got[0].Samples[0].Text)
	require.Equal(t, 0.4, got[0].Samples[0].Excluded)
	require.False(t, got[0].Cached)
	require.Equal(t, "Ann", got[1].Samples[0].Text, "equal requests of one call are no exception")
	require.True(t, got[2].Cached, "the whole reply, once it is there, serves all")
	require.Equal(t, "Ann", got[2].Samples[0].Text)
	require.Equal(t, counts{hits: 1, misses: 2}, c.counts)

	other := stopped
	other.Seed = 9
	_, err = c.Chat(t.Context(), []model.Request{other})
	require.NoError(t, err)
	require.Len(t, openCache(t, m, dir).entries, 1, "nothing of it is on disk")
	other.OnFirst = goesOn.OnFirst
	got, err = c.Chat(t.Context(), []model.Request{other})
	require.NoError(t, err)
	require.Equal(t, "Ann", got[0].Samples[0].Text)
	require.Len(t, openCache(t, m, dir).entries, 2)
}

// A reply that a small context has cut off goes on when there is more room.
func TestCacheKeepsNoReplyThatRanOutOfContext(t *testing.T) {
	said := map[string]model.Sample{
		"cut":       {Text: "Ann and", Tokens: 2, Truncated: true},
		"at length": {Text: "Ann and Bo", Tokens: 3, Truncated: true},
		"whole":     {Text: "Ann.", Tokens: 1},
		"unknown":   {Text: "Ann and", Truncated: true},
	}
	m := &fake.Model{Reply: func(req model.Request, sample int) model.Sample {
		if sample == 0 {
			return said["whole"]
		}
		return said[req.Messages[0].Content]
	}}
	dir := t.TempDir()
	for text, kept := range map[string]bool{"cut": false, "at length": true, "whole": true, "unknown": true} {
		req := ask(text)
		req.MaxTokens = 3
		for again := range 2 {
			got, err := openCache(t, m, dir).Chat(t.Context(), []model.Request{req})
			require.NoError(t, err)
			require.Equal(t, said[text].Text, got[0].Samples[1].Text)
			require.Equal(t, again == 1 && kept, got[0].Cached, text)
		}
	}
}

// A kill may cut the last write at any byte. Whatever is whole stays, and the
// run after it asks for the rest and no more.
func TestCacheSurvivesATornTail(t *testing.T) {
	dir := t.TempDir()
	_, err := openCache(t, echo(), dir).Chat(t.Context(), []model.Request{ask("a"), ask("b")})
	require.NoError(t, err)
	paths := logFiles(t, dir)
	require.Len(t, paths, 1)
	whole, err := os.ReadFile(paths[0])
	require.NoError(t, err)
	lineEnd := bytes.IndexByte(whole, '\n') + 1

	for cut := range len(whole) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "responses-1.jsonl"), whole[:cut], 0o600))
		m := echo()
		c := openCache(t, m, dir)
		require.Empty(t, c.counts.corrupt, "cut at %d", cut)
		kept, torn := 0, 0
		for _, end := range []int{lineEnd, len(whole)} {
			if cut >= end-1 { // all but the line's end counts as whole
				kept++
			}
		}
		if cut > 0 && cut < lineEnd-1 || cut > lineEnd && cut < len(whole)-1 {
			torn = 1
		}
		require.Len(t, c.entries, kept, "cut at %d", cut)
		require.Equal(t, torn, c.counts.torn, "cut at %d", cut)
		_, err := c.Chat(t.Context(), []model.Request{ask("a"), ask("b")})
		require.NoError(t, err)
		require.Len(t, m.Requests, 2-kept)
		// And what was asked again is found by a third run.
		require.Len(t, openCache(t, echo(), dir).entries, 2)
	}
}

func TestCacheReportsDamage(t *testing.T) {
	dir := t.TempDir()
	_, err := openCache(t, echo(), dir).Chat(t.Context(), []model.Request{ask("a"), ask("b"), ask("c")})
	require.NoError(t, err)
	path := logFiles(t, dir)[0]
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines[1][100] ^= 1
	require.NoError(t, os.WriteFile(path, bytes.Join(lines, nil), 0o600))

	c := openCache(t, echo(), dir)
	require.Len(t, c.entries, 2)
	require.Len(t, c.counts.corrupt, 1)
	require.Equal(t, 2, c.counts.corrupt[0].Line)
	require.Equal(t, path, c.counts.corrupt[0].Path)
	require.ErrorContains(t, c.counts.corrupt[0], "checksum")
}

func TestCacheIsSharedByProcesses(t *testing.T) {
	dir := t.TempDir()
	a, b := openCache(t, echo(), dir), openCache(t, echo(), dir)
	var wg sync.WaitGroup
	for i, c := range []*Model{a, b, a, b} {
		wg.Go(func() {
			for j := range 20 {
				_, err := c.Chat(t.Context(), []model.Request{ask(fmt.Sprint(i, j))})
				require.NoError(t, err)
			}
		})
	}
	wg.Wait()
	again := openCache(t, echo(), dir)
	require.Len(t, again.entries, 80)
	require.Empty(t, again.counts.corrupt)
}

func TestCacheThatCannotWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	m := echo()
	c := openCache(t, m, dir)
	require.NoError(t, os.Remove(dir))
	_, err := c.Chat(t.Context(), []model.Request{ask("a")})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.Mkdir(dir, 0o755))
	_, err = c.Chat(t.Context(), []model.Request{ask("a")})
	require.NoError(t, err, "what was generated is still in memory")
	require.Len(t, m.Requests, 1)
	require.NoError(t, c.Close())
	require.Len(t, openCache(t, m, dir).entries, 1, "Close saved it")

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = Open(m, filepath.Join(file, "cache"))
	require.Error(t, err)
}

func TestCacheCloseAndCancel(t *testing.T) {
	c := openCache(t, echo(), t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := c.Chat(ctx, []model.Request{ask("a")})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, c.Close())
	require.NoError(t, c.Close())
	_, err = c.Chat(t.Context(), []model.Request{ask("a")})
	require.ErrorIs(t, err, os.ErrClosed)
}

func FuzzParseLogLine(f *testing.F) {
	raw, err := encodeResponse(model.Response{Samples: []model.Sample{fake.Says("x")}})
	require.NoError(f, err)
	f.Add([]byte(logLine(requestKey("m", ask("a")), raw)))
	raw, err = encodeScore(model.Score{Sum: -3, Last: math.Inf(-1), Tokens: 2})
	require.NoError(f, err)
	f.Add([]byte(logLine(textKey(0)("m", "a"), raw)))
	f.Add([]byte("00000000 x"))
	f.Fuzz(func(t *testing.T, line []byte) {
		key, raw, err := parseLogLine(line)
		if err != nil {
			return
		}
		require.Len(t, key, 64)
		_, noResponse := decodeResponse(raw)
		_, noScore := decodeScore(raw)
		require.True(t, noResponse == nil || noScore == nil)
	})
}

// A key of a cache stays what it was for requests without a schema.
func TestSchemaIsPartOfTheKey(t *testing.T) {
	req := ask("a")
	plain := requestKey("m", req)
	req.Schema = json.RawMessage(`{"type": "null"}`)
	require.NotEqual(t, plain, requestKey("m", req))
}
