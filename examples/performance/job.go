package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// job is one benchmark.
type job struct {
	name    string // also of its file
	pkg     string // folder of the package
	bench   string // the benchmark's name
	without string // one below it that is left out
	model   namedModel
}

// The points of the table of generation.
var (
	prompts   = []int{128, 700, 2000}
	sequences = []int{1, 8, 16}
	weights   = []string{"F32", "F16", "Q8_0", "Q4_0", "Q4_K", "F32-768", "Q4_K-768"}
)

// stepName begins the names of jobs that train a model given, and peftName is the file that internal/outside/speed.py writes.
const stepName, peftName = "step-", "peft"

func pointName(model string, prompt, sequences int, shared bool) string {
	name := fmt.Sprintf("generate-%s-%d-%d", model, prompt, sequences)
	if shared {
		name += "-shared"
	}
	return name
}

// jobs are all that match -only.
func (p *program) jobs() (jobs []job) {
	add := func(j job) {
		if p.only.MatchString(j.name) {
			jobs = append(jobs, j)
		}
	}
	for _, m := range p.models {
		for _, prompt := range prompts {
			for _, n := range sequences {
				bench := fmt.Sprintf("BenchmarkGenerate/prompt=%d/sequences=%d", prompt, n)
				j := job{name: pointName(m.name, prompt, n, false), pkg: "llama", bench: bench, model: m}
				if n == 8 {
					j.without = bench + "/shared"
				}
				add(j)
			}
			bench := fmt.Sprintf("BenchmarkGenerate/prompt=%d/sequences=8/shared", prompt)
			add(job{name: pointName(m.name, prompt, 8, true), pkg: "llama", bench: bench, model: m})
		}
	}
	for _, w := range weights {
		add(job{name: "train-" + w, pkg: "lora", bench: "BenchmarkStep/" + w})
	}
	for _, m := range p.models {
		add(job{name: stepName + m.name, pkg: "lora", bench: "BenchmarkModelStep", model: m})
	}
	add(job{name: "train-shared", pkg: "lora", bench: "BenchmarkSharedPrompt"})
	return jobs
}

// file is where the job's result is kept.
func (p *program) file(j job) string { return filepath.Join(p.out, j.name+".json") }

// result is what a job measured.
type result struct {
	Metrics  map[string]float64 `json:"metrics"`
	LlamaCpp string             `json:"llama_cpp,omitempty"` // its fastest configuration
	Times    int                `json:"times"`
	Threads  int                `json:"threads"`
	Machine  machine            `json:"machine"`
	Commit   string             `json:"commit,omitempty"`
	Done     time.Time          `json:"done"`
}

func readResult(file string) (r result, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", file, err)
	}
	return r, nil
}

func (r result) write(file string) error {
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, append(data, '\n'), 0o644)
}

// measure runs the job.
func (p *program) measure(ctx context.Context, j job) (result, error) {
	program, err := p.compiled(ctx, j.pkg)
	if err != nil {
		return result{}, err
	}
	args := []string{"-test.run", "^$", "-test.bench", exactly(j.bench), "-test.benchtime", strconv.Itoa(p.times) + "x", "-test.timeout", "0"}
	if j.without != "" {
		args = append(args, "-test.skip", exactly(j.without))
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = j.pkg
	cmd.Env = append(os.Environ(), "RAGFT_BENCH_THREADS="+strconv.Itoa(p.threads))
	if j.model.file != "" {
		cmd.Env = append(cmd.Env, "RAGFT_BENCH_MODEL="+j.model.file)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, out)
	}
	r := result{Times: p.times, Threads: p.threads, Machine: thisMachine(), Commit: commit(), Done: time.Now().UTC().Truncate(time.Second)}
	if r.Metrics, err = metricsOf(string(out), j.bench); err != nil {
		return result{}, fmt.Errorf("%w\n%s", err, out)
	}
	r.LlamaCpp = fastest(string(out))
	return r, nil
}

// compiled compiles a package's benchmarks, once.
func (p *program) compiled(ctx context.Context, pkg string) (string, error) {
	file := filepath.Join(p.folder, pkg+".test")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", file, "./"+pkg).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return file, nil
}

// exactly is the pattern of a benchmark's name.
func exactly(name string) string { return "^" + strings.ReplaceAll(name, "/", "$/^") + "$" }

// metricsOf reads a line such as "BenchmarkStep/F32-2  5  0.9 s/job  1.2 ratio".
func metricsOf(out, bench string) (map[string]float64, error) {
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		if len(fields) < 4 {
			continue
		}
		name := fields[0]
		if at := strings.LastIndexByte(name, '-'); at > len(bench)-1 { // the number of threads of Go
			name = name[:at]
		}
		if name != bench {
			continue
		}
		metrics := map[string]float64{}
		for i := 2; i+1 < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("the benchmark's line is not understood: %s", line)
			}
			metrics[fields[i+1]] = value
		}
		return metrics, nil
	}
	return nil, errors.New("the benchmark gives no result")
}

// fastest returns the configuration of llama.cpp that the benchmark chose, from lines such as
// "prompt=128/sequences=1: llama.cpp [-fa off -kvu]: 321ms".
func fastest(out string) string {
	best, least := "", time.Duration(0)
	for line := range strings.Lines(out) {
		_, rest, found := strings.Cut(line, "llama.cpp [")
		configuration, took, _ := strings.Cut(rest, "]: ")
		d, err := time.ParseDuration(strings.TrimSpace(took))
		if found && err == nil && (best == "" || d < least) {
			best, least = configuration, d
		}
	}
	return best
}
