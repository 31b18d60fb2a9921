//go:build cgo

package llama

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

const (
	benchPrompt    = 128 // tokens, all sequences' own
	benchGenerated = 64  // tokens of each sequence
)

// benchModel returns the model to measure: the one that RAGFT_BENCH_MODEL names, or a random one of about
// 25 million weights.
func benchModel(b *testing.B) string {
	if path := os.Getenv("RAGFT_BENCH_MODEL"); path != "" {
		return path
	}
	return testmodel.New(b, testmodel.Spec{
		Layers: 8, Width: 512, Heads: 8, HeadsKV: 4, FeedForward: 1408, Context: 4096, Type: gguf.Q8_0,
	})
}

// batchedBench returns what llama.cpp's own benchmark reaches, in generated tokens a second.
func batchedBench(b *testing.B, model string, sequences, threads int) float64 {
	tool := filepath.Join("..", "third_party", "bin", "llama-batched-bench")
	if _, err := os.Stat(tool); err != nil {
		b.Skip("no ratio: llama-batched-bench is missing; ./build.sh --tools makes it")
	}
	number := strconv.Itoa
	size := sequences * (benchPrompt + benchGenerated)
	for range 10 { // the tool sometimes ends before its logging thread has written the result
		cmd := exec.Command(tool, "-m", model, "-c", number((size+255)/256*256), "-b", "512", "-ub", "512",
			"-npp", number(benchPrompt), "-ntg", number(benchGenerated), "-npl", number(sequences),
			"-t", number(threads), "-tb", number(threads), "-kvu", "--output-format", "jsonl")
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.Output()
		require.NoError(b, err, errors.String())
		for line := range bytes.Lines(out) {
			var result struct {
				Speed float64 `json:"speed_tg"`
			}
			if bytes.HasPrefix(line, []byte("{")) {
				require.NoError(b, json.Unmarshal(line, &result))
				return result.Speed
			}
		}
	}
	b.Fatal("llama-batched-bench gives no result")
	return 0
}

// BenchmarkGenerate measures generated tokens a second with the prompts already computed, as llama.cpp's
// batched benchmark does, and its ratio to that. Both run in turn, so that what else the machine does
// strikes both, and the best of each counts. RAGFT_BENCH_THREADS sets the threads, by default all.
func BenchmarkGenerate(b *testing.B) {
	path := benchModel(b)
	m := mustLoad(b, path)
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag // go on behind the end of an answer, as llama.cpp's benchmark does
	}
	threads := runtime.NumCPU()
	if n, err := strconv.Atoi(os.Getenv("RAGFT_BENCH_THREADS")); err == nil {
		threads = n
	}
	for _, sampling := range []struct {
		name string
		Sampling
	}{
		{"greedy", Sampling{}},
		{"sampled", Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95}},
		{"pure", Sampling{Temperature: 1}},
	} {
		for _, sequences := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/batch=%d", sampling.name, sequences), func(b *testing.B) {
				c := mustContext(b, m, ContextOptions{Size: sequences * (benchPrompt + benchGenerated + 1), Sequences: sequences,
					Threads: threads})
				var ours, theirs []float64
				for b.Loop() {
					ours = append(ours, generationSpeed(b, c, sequences, sampling.Sampling))
					theirs = append(theirs, batchedBench(b, path, sequences, threads))
				}
				b.ReportMetric(slices.Max(ours), "tok/s")
				b.ReportMetric(slices.Max(theirs), "llama.cpp-tok/s")
				b.ReportMetric(slices.Max(ours)/slices.Max(theirs), "ratio")
			})
		}
	}
}

// generationSpeed returns the tokens a second that come after the first of each sequence.
func generationSpeed(b *testing.B, c *Context, sequences int, sampling Sampling) float64 {
	var requests []Request
	for i := range sequences {
		prompt := make([]Token, benchPrompt)
		for j := range prompt {
			prompt[j] = Token((i*31 + j*7) % 250)
		}
		requests = append(requests, Request{Prompt: prompt, Sampling: sampling})
	}
	run := func(tokens int) time.Duration {
		for i := range requests {
			requests[i].MaxTokens = tokens
		}
		begin := time.Now()
		results, err := c.Generate(context.Background(), requests)
		require.NoError(b, err)
		for _, r := range results {
			require.Len(b, r.Samples[0].Tokens, tokens)
		}
		return time.Since(begin)
	}
	prompts := run(1)
	return float64(sequences*benchGenerated) / (run(1+benchGenerated) - prompts).Seconds()
}
