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

	"github.com/ragft/ragft/ragft/opt"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// benchGenerated is the number of tokens that each sequence generates.
const benchGenerated = 32

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

// benchThreads are those that compute: RAGFT_BENCH_THREADS, by default all.
func benchThreads() int {
	if n, err := strconv.Atoi(os.Getenv("RAGFT_BENCH_THREADS")); err == nil {
		return n
	}
	return runtime.NumCPU()
}

// A benchJob is what is measured: all prompts are read, and each sequence generates benchGenerated tokens.
type benchJob struct {
	prompt, sequences int
	shared            bool // all sequences have the same prompt
}

func (j benchJob) String() string {
	name := fmt.Sprintf("prompt=%d/sequences=%d", j.prompt, j.sequences)
	if j.shared {
		name += "/shared"
	}
	return name
}

// cells is the number of tokens that the cache needs. llama.cpp gives a sequence a multiple of 256.
func (j benchJob) cells() int {
	return j.sequences * ((j.prompt + benchGenerated + 1 + 255) / 256 * 256)
}

// benchConfigurations are llama.cpp's own: with and without flash attention, one cache for all sequences or one for each.
var benchConfigurations = [][]string{
	{"-fa", "off"}, {"-fa", "off", "-kvu"}, {"-fa", "on"}, {"-fa", "on", "-kvu"},
}

// batchedBench returns how long llama.cpp's own benchmark takes for the job.
func batchedBench(b *testing.B, model string, j benchJob, threads int, configuration []string) time.Duration {
	tool := filepath.Join("..", "third_party", "bin", "llama-batched-bench")
	if _, err := os.Stat(tool); err != nil {
		b.Skip("no ratio: llama-batched-bench is missing; ./build.sh --tools makes it")
	}
	number := strconv.Itoa
	args := append([]string{"-m", model, "-c", number(j.cells()), "-b", "512", "-ub", "512",
		"-npp", number(j.prompt), "-ntg", number(benchGenerated), "-npl", number(j.sequences),
		"-t", number(threads), "-tb", number(threads), "--output-format", "jsonl"}, configuration...)
	if j.shared {
		args = append(args, "-pps")
	}
	for range 10 { // the tool sometimes ends before its logging thread has written the result
		cmd := exec.Command(tool, args...)
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.Output()
		require.NoError(b, err, errors.String())
		for line := range bytes.Lines(out) {
			var result struct {
				Seconds float64 `json:"t"`
			}
			if bytes.HasPrefix(line, []byte("{")) {
				require.NoError(b, json.Unmarshal(line, &result))
				return time.Duration(result.Seconds * float64(time.Second))
			}
		}
	}
	b.Fatal("llama-batched-bench gives no result")
	return 0
}

// bestConfiguration runs the job once in each of llama.cpp's configurations, and returns the fastest.
func bestConfiguration(b *testing.B, model string, j benchJob, threads int) []string {
	var best []string
	var least time.Duration
	for _, configuration := range benchConfigurations {
		took := batchedBench(b, model, j, threads, configuration)
		b.Logf("%s: llama.cpp %v: %v", j, configuration, took.Round(time.Millisecond))
		if best == nil || took < least {
			best, least = configuration, took
		}
	}
	return best
}

// BenchmarkGenerate measures the time of whole jobs, and compares it with the fastest of llama.cpp's own configurations for
// the job. Both run in turn, so that what else the machine does slows both, and the medians are compared: a ratio of 1 is
// llama.cpp's speed, more is faster. -benchtime 5x runs each five times. Attention is computed as measured,
// as package local does at the first use of a model.
func BenchmarkGenerate(b *testing.B) {
	path := benchModel(b)
	m := mustLoad(b, path)
	goOn(m)
	threads := benchThreads()
	o := ContextOptions{Threads: threads}
	if a, err := m.MeasureAttention(b.Context(), threads); err == nil { // not on a GPU
		o.FlashAttention, o.FlashInOneCache = opt.Of(a.Flash), opt.Of(a.FlashInOneCache)
		b.Logf("attention: %+v", a)
	}
	for _, prompt := range []int{128, 700, 2000} {
		for _, j := range []benchJob{{prompt, 1, false}, {prompt, 8, false}, {prompt, 16, false}, {prompt, 8, true}} {
			b.Run(j.String(), func(b *testing.B) {
				o.Size, o.Sequences = j.cells(), j.sequences
				c := mustContext(b, m, o)
				timeOf(b, c, j) // llama.cpp's benchmark also runs once before it measures
				best := bestConfiguration(b, path, j, threads)
				var ours, theirs []float64
				for b.Loop() {
					ours = append(ours, timeOf(b, c, j).Seconds())
					theirs = append(theirs, batchedBench(b, path, j, threads, best).Seconds())
				}
				b.ReportMetric(median(ours), "s/job")
				b.ReportMetric(median(theirs), "llama.cpp-s/job")
				b.ReportMetric(median(theirs)/median(ours), "ratio")
			})
		}
	}
}

// goOn makes the model generate behind the end of an answer, as llama.cpp's benchmark does.
func goOn(m *Model) {
	for i := range m.vocab.flags {
		m.vocab.flags[i] &^= endFlag
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// requests are those of the job. The first token of an answer comes with the prompt, so there is one more than llama.cpp's
// benchmark computes.
func (j benchJob) requests(sampling Sampling) []Request {
	var requests []Request
	for i := range j.sequences {
		if j.shared {
			i = 0
		}
		prompt := make([]Token, j.prompt)
		for k := range prompt {
			prompt[k] = Token((i*31 + k*7) % 250)
		}
		requests = append(requests, Request{Prompt: prompt, Sampling: sampling, MaxTokens: benchGenerated + 1})
	}
	return requests
}

// timeOf returns how long the job takes.
func timeOf(b *testing.B, c *Context, j benchJob) time.Duration {
	requests := j.requests(Sampling{})
	begin := time.Now()
	results, err := c.Generate(context.Background(), requests)
	took := time.Since(begin)
	require.NoError(b, err)
	for _, r := range results {
		require.Len(b, r.Samples[0].Tokens, benchGenerated+1)
	}
	return took
}

// BenchmarkSampling measures what drawing tokens costs, against taking the most likely ones.
func BenchmarkSampling(b *testing.B) {
	m := mustLoad(b, benchModel(b))
	goOn(m)
	for _, sampling := range []struct {
		name string
		Sampling
	}{
		{"sampled", Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95}},
		{"pure", Sampling{Temperature: 1}},
	} {
		for _, sequences := range []int{1, 8} {
			b.Run(fmt.Sprintf("%s/batch=%d", sampling.name, sequences), func(b *testing.B) {
				j := benchJob{prompt: 128, sequences: sequences}
				c := mustContext(b, m, ContextOptions{Size: j.cells(), Sequences: sequences, Threads: benchThreads()})
				var drawn, greedy []float64
				for b.Loop() {
					drawn = append(drawn, generationSpeed(b, c, j, sampling.Sampling))
					greedy = append(greedy, generationSpeed(b, c, j, Sampling{}))
				}
				b.ReportMetric(slices.Max(drawn), "tok/s")
				b.ReportMetric(slices.Max(greedy), "greedy-tok/s")
				b.ReportMetric(slices.Max(drawn)/slices.Max(greedy), "ratio")
			})
		}
	}
}

// generationSpeed returns the tokens a second that come after the first of each sequence.
func generationSpeed(b *testing.B, c *Context, j benchJob, sampling Sampling) float64 {
	requests := j.requests(sampling)
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
	return float64(j.sequences*benchGenerated) / (run(1+benchGenerated) - prompts).Seconds()
}
