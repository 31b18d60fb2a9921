package main

import (
	_ "embed"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed head.md
var head string

// writePage writes the page from the results that are there.
func (p *program) writePage() error {
	all := map[string]result{}
	files, err := filepath.Glob(filepath.Join(p.out, "*.json"))
	if err != nil {
		return err
	}
	for _, file := range files {
		r, err := readResult(file)
		if err != nil {
			return err
		}
		all[strings.TrimSuffix(filepath.Base(file), ".json")] = r
	}
	return os.WriteFile(p.page, []byte(page(all)), 0o644)
}

// page is the page of the results, by name of the job.
func page(all map[string]result) string {
	var b strings.Builder
	b.WriteString(head)
	writeMachines(&b, all)
	for _, m := range modelsOf(all) {
		writeGeneration(&b, m, all)
	}
	writeTraining(&b, all)
	return b.String()
}

// writeMachines says where and how the results were measured.
func writeMachines(b *strings.Builder, all map[string]result) {
	lines := map[string]bool{}
	for name, r := range all {
		if name == peftName {
			continue // it says so where it stands
		}
		lines[fmt.Sprintf("- %s; %d threads, %d runs, commit %s", r.Machine, r.Threads, r.Times, r.Commit)] = true
	}
	b.WriteString("\nMeasured on:\n\n")
	sorted := make([]string, 0, len(lines))
	for line := range lines {
		sorted = append(sorted, line)
	}
	slices.Sort(sorted)
	b.WriteString(strings.Join(sorted, "\n") + "\n")
	if len(lines) > 1 {
		b.WriteString("\nAs these differ, seconds of different rows cannot be compared. Ratios can: each is of one run.\n")
	}
}

// modelsOf lists the models that there are results of.
func modelsOf(all map[string]result) (models []string) {
	for name := range all {
		rest, found := strings.CutPrefix(strings.TrimSuffix(name, "-shared"), "generate-")
		parts := strings.Split(rest, "-")
		if !found || len(parts) < 3 {
			continue
		}
		model := strings.Join(parts[:len(parts)-2], "-")
		if !slices.Contains(models, model) {
			models = append(models, model)
		}
	}
	slices.Sort(models)
	return models
}

// writeGeneration writes the tables of a model.
func writeGeneration(b *strings.Builder, model string, all map[string]result) {
	fmt.Fprintf(b, "\n## Generation: %s\n\n", model)
	b.WriteString("| prompt | sequences | seconds | llama.cpp, seconds | its options | ratio |\n|---|---|---|---|---|---|\n")
	product, points := 0.0, 0
	for _, prompt := range prompts {
		for _, n := range sequences {
			r, ok := all[pointName(model, prompt, n, false)]
			if !ok {
				fmt.Fprintf(b, "| %d | %d | not measured | | | |\n", prompt, n)
				continue
			}
			fmt.Fprintf(b, "| %d | %d | %.2f | %.2f | `%s` | %.2f |\n", prompt, n, r.Metrics["s/job"], r.Metrics["llama.cpp-s/job"],
				r.LlamaCpp, r.Metrics["ratio"])
			product, points = product+math.Log(r.Metrics["ratio"]), points+1
		}
	}
	if points > 0 {
		fmt.Fprintf(b, "\nGeometric mean of the ratios: %.2f.\n", math.Exp(product/float64(points)))
	}
	b.WriteString("\nEight sequences with one prompt, against llama-batched-bench's `-pps`, and against eight different prompts here:\n\n")
	b.WriteString("| prompt | seconds | llama.cpp, seconds | its options | ratio | times as fast as unshared |\n|---|---|---|---|---|---|\n")
	for _, prompt := range prompts {
		r, ok := all[pointName(model, prompt, 8, true)]
		if !ok {
			fmt.Fprintf(b, "| %d | not measured | | | | |\n", prompt)
			continue
		}
		faster := "not measured"
		if unshared, ok := all[pointName(model, prompt, 8, false)]; ok {
			faster = fmt.Sprintf("%.1f", unshared.Metrics["s/job"]/r.Metrics["s/job"])
		}
		fmt.Fprintf(b, "| %d | %.2f | %.2f | `%s` | %.2f | %s |\n", prompt, r.Metrics["s/job"], r.Metrics["llama.cpp-s/job"], r.LlamaCpp,
			r.Metrics["ratio"], faster)
	}
}

// writeSteps adds the rows of the models that were given, and the table of PEFT.
func writeSteps(b *strings.Builder, all map[string]result) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if model, ok := strings.CutPrefix(name, stepName); ok {
			r := all[name]
			fmt.Fprintf(b, "| the model %s | %.0f | %.2f | %.0f |\n", model, r.Metrics["tokens/s"], r.Metrics["x/bare"], r.Metrics["MiB"])
		}
	}
	r, ok := all[peftName]
	if !ok {
		return
	}
	fmt.Fprintf(b, "\nThe same step of a model by PEFT on PyTorch in F32 takes turns with ours (`internal/outside/speed.py`). "+
		"MiB are the peak of the process. %s; %d turns.\n\n| | tokens/s | times PEFT's speed | MiB |\n|---|---|---|---|\n"+
		"| PEFT | %.0f | 1 | %.0f |\n",
		r.Machine, r.Times, r.Metrics["peft tokens/s"], r.Metrics["peft MiB"])
	for _, key := range slices.Sorted(maps.Keys(r.Metrics)) {
		if model, ok := strings.CutSuffix(key, " x/peft"); ok {
			fmt.Fprintf(b, "| %s | %.0f | %.2f | %.0f |\n", model, r.Metrics[model+" tokens/s"], r.Metrics[key], r.Metrics[model+" MiB"])
		}
	}
}

// writeTraining writes the table of training steps.
func writeTraining(b *strings.Builder, all map[string]result) {
	b.WriteString("\n## Training\n\nA step of a window of 512 tokens, 128 of them learnt: 30 layers of width 576 (or 768), rank 8 on all " +
		"seven linear layers.\n\n| weights | tokens/s | time by that of the bare products | MiB |\n|---|---|---|---|\n")
	for _, w := range weights {
		if r, ok := all["train-"+w]; ok {
			fmt.Fprintf(b, "| %s | %.0f | %.2f | %.0f |\n", w, r.Metrics["tokens/s"], r.Metrics["x/bare"], r.Metrics["MiB"])
		} else {
			fmt.Fprintf(b, "| %s | not measured | | |\n", w)
		}
	}
	writeSteps(b, all)
	if r, ok := all["train-shared"]; ok {
		fmt.Fprintf(b, "\nFour responses of 32 tokens to a prompt of 1,024 in one window take %.2f times as long as one.\n",
			r.Metrics["four/one"])
	}
}
