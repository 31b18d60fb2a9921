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

// layers has every package of the module. Those below internal that it does not name count as part of whoever imports
// them, those below lora/internal as part of lora, those below examples as part of the examples.
var layers = map[string]layer{
	"cmd/ragft": programs, "examples": programs,

	"ragft": front,

	"ragft/report": results, "ragft/publish": results, "ragft/export": results, "ragft/service": results,

	"ragft/eval/robust": methods, "ragft/eval/forget": methods, "ragft/eval/probe": methods,
	"ragft/recipe/selfdemo": methods, "ragft/recipe/memory": methods, "ragft/recipe/verified": methods,

	"ragft/eval": work, "ragft/recipe": work, "ragft/searchtune": work, "ragft/finetune": work, "ragft/assistant": work,

	"ragft/judge": verdicts, "ragft/rows": verdicts, "ragft/abstain": verdicts, "ragft/confidence": verdicts,

	"ragft/question": questions, "ragft/question/dataset": questions,

	"ragft/prompt": access, "ragft/answer": access,
	"ragft/model/cache": access, "ragft/model/pool": access, "ragft/model/openai": access, "ragft/model/ollama": access,
	"ragft/model/local": access,

	"ragft/model": base, "ragft/opt": base, "retriever": base, "retriever/format": base, "retriever/watch": base,
	"retriever/dense": base, "retriever/language": base,
	"llama": base, "lora": base,

	"internal/docs": testing_, "internal/fake": testing_, "internal/fixture": testing_, "internal/golden": testing_,
	"internal/localtest": testing_, "internal/ollamatest": testing_, "internal/rpctest": testing_, "internal/structure": testing_,
	"internal/testmodel": testing_, "lora/internal/engine/enginetest": testing_,
}

// sideways are the imports within a layer.
var sideways = map[string][]string{
	"retriever":              {"ragft/opt"},
	"retriever/format":       {"retriever", "ragft/opt"},
	"retriever/dense":        {"retriever", "ragft/opt"},
	"llama":                  {"ragft/opt"},
	"lora":                   {"ragft/opt", "llama"},
	"ragft/question/dataset": {"ragft/question"},
}

// deviations are imports that the layers forbid and that stand for now: "FROM -> TO" and why.
var deviations = map[string]string{}

// native are the packages that need llama.cpp: they, or what they import, use cgo. The last three also build without,
// and then say what they lack.
var native = []string{
	"llama", "lora", "ragft/model/local", "ragft/finetune", "ragft/service", "ragft", "cmd/ragft", "examples",
}

// unit is the package as the tables name it.
func unit(path string) string {
	switch {
	case layers[path] != base:
		return path
	case strings.HasPrefix(path, "examples/"):
		return "examples"
	case strings.HasPrefix(path, "retriever/format/"):
		return "retriever/format"
	case strings.HasPrefix(path, "lora/internal/"):
		return "lora"
	}
	return path
}

// inner says whether the package counts as part of whoever imports it.
func inner(path string) bool { return strings.HasPrefix(path, "internal/") && layers[path] == base }

// uses are the packages of ours that a package imports, directly or through inner ones.
func uses(all map[string]*listed, from string) []string {
	var out []string
	seen := map[string]bool{}
	var visit func(string)
	visit = func(path string) {
		for _, to := range all[module+"/"+path].Imports {
			if to = short(to); all[module+"/"+to] == nil || seen[to] {
				continue
			}
			seen[to] = true
			if inner(to) {
				visit(to)
			} else {
				out = append(out, to)
			}
		}
	}
	visit(from)
	return out
}

// problem says what is wrong with an import; "" if nothing is.
func problem(from, to string) string {
	from, to = unit(from), unit(to)
	a, b := layers[from], layers[to]
	switch {
	case a == testing_ || b < a || from == to || slices.Contains(sideways[from], to):
		return ""
	case b == testing_:
		return "it is for tests alone"
	case a == b:
		return fmt.Sprintf("both are in layer %d", a)
	}
	return fmt.Sprintf("layer %d imports layer %d above it", a, b)
}

func TestImportsGoDown(t *testing.T) {
	all, paths := packages(t)
	used := map[string]bool{}
	for _, from := range paths {
		if inner(from) {
			continue
		}
		if _, known := layers[unit(from)]; !known {
			t.Errorf("%s has no layer: add it to the table in layers_test.go", from)
		}
		for _, to := range uses(all, from) {
			edge := from + " -> " + to
			used[edge] = true
			if why := problem(from, to); why != "" && deviations[edge] == "" {
				t.Errorf("%s imports %s, directly or through packages below internal: %s", from, to, why)
			}
		}
	}
	for edge := range deviations {
		if !used[edge] {
			t.Errorf("the deviation %q is no longer there: delete its line in layers_test.go", edge)
		}
	}
	for path := range layers {
		if path != "examples" && !slices.Contains(paths, path) {
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
		if inner(path) || layers[path] == testing_ || slices.Contains(native, unit(path)) {
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
