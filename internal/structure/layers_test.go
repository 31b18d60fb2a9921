package structure

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// layer is the place of a package: what it imports lies in a lower layer.
type layer int

const (
	base      layer = iota // 0: the models and the index, and what they are made of
	access                 // 1: texts for a model, its answers, and the ways to reach one
	questions              // 2: questions with answers
	verdicts               // 3: who is right, and how sure one may be
	work                   // 4: rows, tuning, measuring, answering
	methods                // 5: single recipes and measurements
	results                // 6: what leaves the process: a page, a file, a service
	front                  // 7: Project, the only package that imports everything
	programs               // 8: flags, words and progress
	testing_               // 9: imported by tests alone
)

// layers has every package of the module. One below lora/internal counts as part of lora, one below examples/NAME as
// part of that example.
var layers = map[string]layer{
	"cmd/ragft": programs, "examples": programs,

	"ragft": front,

	"ragft/report": results, "ragft/publish": results, "ragft/export": results, "ragft/service": results,

	"ragft/eval/robust": methods, "ragft/eval/forget": methods, "ragft/eval/probe": methods,
	"ragft/recipe/selfdemo": methods, "ragft/recipe/memory": methods,

	"ragft/eval": work, "ragft/recipe": work, "ragft/searchtune": work, "ragft/finetune": work, "ragft/assistant": work,

	"ragft/judge": verdicts, "ragft/rows": verdicts, "ragft/confidence": verdicts,

	"ragft/question": questions, "ragft/dataset": questions, "ragft/question/dataset": questions, "internal/reading": questions,

	"ragft/prompt": access, "ragft/answer": access,
	"ragft/model/cache": access, "ragft/model/pool": access, "ragft/model/openai": access, "ragft/model/ollama": access,
	"ragft/model/local": access,

	"ragft/model": base, "ragft/opt": base, "retriever": base, "llama": base, "lora": base,
	"internal/atomicfile": base, "internal/chart": base, "internal/figures": base, "internal/ggmlrpc": base, "internal/gguf": base,
	"internal/jsonl": base, "internal/jsonschema": base, "internal/layout": base, "internal/llamachat": base,
	"internal/llamacpp": base, "internal/meter": base, "internal/ollamaclient": base, "internal/retry": base, "internal/seed": base,
	"internal/stats": base, "internal/table": base, "internal/tfevents": base, "internal/trainlog": base, "internal/version": base,

	"internal/docs": testing_, "internal/fake": testing_, "internal/fixture": testing_, "internal/golden": testing_,
	"internal/localtest": testing_, "internal/ollamatest": testing_, "internal/rpctest": testing_, "internal/structure": testing_,
	"internal/testmodel": testing_, "lora/internal/engine/enginetest": testing_,
}

// sideways are the imports within a layer. Packages below internal may import each other, and what this lists beside them.
var sideways = map[string][]string{
	"retriever":              {"ragft/opt"},
	"llama":                  {"ragft/opt"},
	"lora":                   {"ragft/opt", "llama"},
	"internal/jsonl":         {"retriever"},
	"internal/layout":        {"ragft/model", "retriever"},
	"internal/llamachat":     {"ragft/model", "llama"},
	"internal/meter":         {"ragft/model"},
	"internal/retry":         {"ragft/model"},
	"ragft/dataset":          {"ragft/question"},
	"ragft/question/dataset": {"ragft/question"},
}

// deviations are imports that the layers forbid and that stand for now: "FROM -> TO" and why.
var deviations = map[string]string{
	"ragft/dataset -> ragft/eval/robust": "to be cut: a set's altered passages are given as robust.Altered",
	"ragft/searchtune -> ragft/recipe":   "to be cut: LSR takes a recipe.Input",
}

// native are the packages that need llama.cpp: they, or what they import, use cgo.
var native = []string{
	"internal/llamacpp", "llama", "lora", "lora/internal/engine", "internal/llamachat",
	"ragft/model/local", "ragft/finetune", "ragft/service",
	"ragft/publish", // to be cut: merging becomes a function that the caller sets
	"ragft", "cmd/ragft", "examples",
}

// place is the layer of a package.
func place(path string) (layer, bool) {
	if at, ok := layers[path]; ok {
		return at, true
	}
	switch {
	case strings.HasPrefix(path, "lora/internal/"):
		return base, true
	case strings.HasPrefix(path, "examples/"):
		return programs, true
	}
	return 0, false
}

// unit is the package as the tables name it.
func unit(path string) string {
	switch {
	case strings.HasPrefix(path, "examples/"):
		return "examples"
	case strings.HasPrefix(path, "lora/internal/") && layers[path] == base:
		return "lora"
	}
	return path
}

// allowed says why an import is in order, or not.
func allowed(from, to string) (bool, string) {
	a, known := place(from)
	b, knownToo := place(to)
	switch {
	case !known:
		return false, from + " has no layer: add it to the table in layers_test.go"
	case !knownToo:
		return false, to + " has no layer: add it to the table in layers_test.go"
	case b == testing_ && a != testing_:
		return false, "it is for tests alone"
	case b < a, unit(from) == unit(to), a == testing_:
		return true, ""
	case a == b && strings.HasPrefix(to, "internal/"):
		return true, ""
	case slices.Contains(sideways[unit(from)], to):
		return true, ""
	case a == b:
		return false, fmt.Sprintf("both are in layer %d", a)
	}
	return false, fmt.Sprintf("layer %d imports layer %d above it", a, b)
}

func TestImportsGoDown(t *testing.T) {
	all, paths := packages(t)
	used := map[string]bool{}
	for _, from := range paths {
		for _, to := range all[module+"/"+from].Imports {
			if !strings.HasPrefix(to, module+"/") {
				continue
			}
			to = short(to)
			edge := from + " -> " + to
			if ok, why := allowed(from, to); ok {
				continue
			} else if deviations[edge] == "" {
				t.Errorf("%s imports %s: %s", from, to, why)
			}
			used[edge] = true
		}
	}
	for edge := range deviations {
		if !used[edge] {
			t.Errorf("the deviation %q is no longer there: delete its line in layers_test.go", edge)
		}
	}
	for path := range layers {
		if path != "examples" && !slices.Contains(paths, path) && path != "ragft/dataset" && path != "ragft/question/dataset" {
			t.Errorf("there is no package %s: delete it from the table in layers_test.go", path)
		}
	}
}

func TestLowestPackagesKnowNothingOfEachOther(t *testing.T) {
	all, _ := packages(t)
	for path, forbidden := range map[string]func(string) bool{
		"retriever": func(to string) bool {
			return to == "llama" || to == "lora" || isRagft(to)
		},
		"llama": func(to string) bool {
			return to == "retriever" || to == "lora" || isRagft(to)
		},
		"lora": func(to string) bool { return to == "retriever" || isRagft(to) },
	} {
		for _, to := range all[module+"/"+path].Deps {
			require.False(t, forbidden(short(to)), "%s imports %s, directly or not: it has to know nothing of it", path, short(to))
		}
	}
}

// isRagft says whether the package is ragft or below it, except for opt, which only names numbers that may be unset.
func isRagft(path string) bool {
	return path == "ragft" || strings.HasPrefix(path, "ragft/") && path != "ragft/opt"
}

func TestCgoOnlyWhereDeclared(t *testing.T) {
	all, paths := packages(t)
	for _, path := range paths {
		if at, _ := place(path); at == testing_ || slices.Contains(native, unit(path)) || slices.Contains(native, path) {
			continue
		}
		p := all[module+"/"+path]
		require.Empty(t, p.CgoFiles, "%s uses cgo: it is not among the native packages of layers_test.go", path)
		for _, to := range p.Deps {
			if d := all[to]; d.ours() {
				require.Empty(t, d.CgoFiles, "%s needs cgo, as it imports %s, directly or not", path, short(to))
			}
		}
	}
}
