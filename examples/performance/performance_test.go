package main

import (
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const output = `goos: linux
BenchmarkGenerate/prompt=700/sequences=8/shared-2   5   1 ns/op   9.5 llama.cpp-s/job   1.5 ratio   6.3 s/job
BenchmarkGenerate/prompt=700/sequences=8-2          5   1 ns/op   30 llama.cpp-s/job   0.98 ratio   31 s/job
--- BENCH: BenchmarkGenerate/prompt=700/sequences=8-2
    bench_test.go:117: prompt=700/sequences=8: llama.cpp [-fa off]: 31.5s
    bench_test.go:117: prompt=700/sequences=8: llama.cpp [-fa on -kvu]: 951ms
PASS
`

func TestOutputOfABenchmark(t *testing.T) {
	m, err := metricsOf(output, "BenchmarkGenerate/prompt=700/sequences=8")
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"ns/op": 1, "llama.cpp-s/job": 30, "ratio": 0.98, "s/job": 31}, m)
	m, err = metricsOf(output, "BenchmarkGenerate/prompt=700/sequences=8/shared")
	require.NoError(t, err)
	require.InDelta(t, 1.5, m["ratio"], 0)
	_, err = metricsOf(output, "BenchmarkGenerate/prompt=128/sequences=8")
	require.ErrorContains(t, err, "no result")
	m, err = metricsOf("BenchmarkStep/Q4_K-768   5   0.25 x/bare  3 MiB", "BenchmarkStep/Q4_K-768")
	require.NoError(t, err, "of one thread Go names no number")
	require.InDelta(t, 0.25, m["x/bare"], 0)
	require.Equal(t, "-fa on -kvu", fastest(output))
}

func TestPatternIsOfOneBenchmark(t *testing.T) {
	require.Equal(t, "^BenchmarkStep$/^Q4_K$", exactly("BenchmarkStep/Q4_K"))
}

// TestPage writes some results, and the page of them.
func TestPage(t *testing.T) {
	p := program{out: t.TempDir(), page: filepath.Join(t.TempDir(), "page.md"), only: regexp.MustCompile("-8|F32$"),
		models: []namedModel{{"small-1", "/m.gguf"}}}
	jobs := p.jobs()
	require.Len(t, jobs, 7, "two for each prompt, and training in F32")
	require.Equal(t, "BenchmarkGenerate/prompt=128/sequences=8/shared", jobs[0].without)
	require.Empty(t, jobs[1].without)
	for i, j := range jobs[2:] {
		metrics := map[string]float64{"s/job": float64(10 * (i + 1)), "llama.cpp-s/job": 20, "ratio": 2, "x/bare": 1.25, "tokens/s": 300}
		r := result{Metrics: metrics,
			Times: 5, Threads: 2, Machine: machine{System: "linux/amd64", Processor: "P", Cores: 2, Features: "avx2"}, Commit: "abc",
			LlamaCpp: "-fa off", Done: time.Now()}
		require.NoError(t, r.write(p.file(j)))
	}
	require.NoError(t, p.writePage())
	all := map[string]result{}
	for _, j := range jobs[2:] {
		r, err := readResult(p.file(j))
		require.NoError(t, err)
		all[j.name] = r
	}
	all[stepName+"small-1"] = result{Metrics: map[string]float64{"tokens/s": 150, "x/bare": 0.9, "MiB": 700}}
	all[peftName] = result{Times: 5, Machine: machine{System: "Linux/x86_64", Cores: 2}, Metrics: map[string]float64{
		"peft tokens/s": 100, "peft MiB": 2000, "small-1 x/peft": 1.5, "small-1 tokens/s": 150, "small-1 MiB": 700}}
	text := page(all)
	for _, line := range []string{
		"- P, 2 cores, linux/amd64, with avx2; 2 threads, 5 runs, commit abc\n",
		"## Generation: small-1\n",
		"| 128 | 8 | not measured | | | |\n",
		"| 700 | 8 | 10.00 | 20.00 | `-fa off` | 2.00 |\n",
		"Geometric mean of the ratios: 2.00.\n",
		"| 700 | 20.00 | 20.00 | `-fa off` | 2.00 | 0.5 |\n",
		"| F32 | 300 | 1.25 | 0 |\n",
		"| F16 | not measured | | |\n",
		"| the model small-1 | 150 | 0.90 | 700 |\n",
		"| PEFT | 100 | 1 | 2000 |\n| small-1 | 150 | 1.50 | 700 |\n",
	} {
		require.Contains(t, text, line)
	}
}
