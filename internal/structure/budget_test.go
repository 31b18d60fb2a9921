package structure

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// budget is the greatest number of exported identifiers of a package: its types, functions, constants and variables, not
// methods and fields. Each is something that a user has to know, and that may not change afterwards. A budget may be
// raised by a line that gives the reason; the actual numbers are listed by
//
//	go test ./internal/structure -run TestExportedIdentifiers -v
var budget = map[string]int{
	// with Attention and AttentionTime, a measurement that callers keep and show; ScoreRequest, to share prompts; ToolError, which tells
	// a service what field of a request to name
	"llama": 52,
	"lora":  52, // with Work, Convert, its options and its result, Soft, a teacher's distribution, and Scored, what a caller said of it
	// Each section of the project file and each step's result is a type; to be cut. The newest: ConvertConfig, ConvertResult,
	// DecideConfig, VerifiedConfig, ForgetResult and Reach, which a program shows before it uses a project file of somebody else;
	// WorkerConfig, RunWorker and ErrWorker for a step in a child process; MeaningConfig; TrainChoice, how a checkpoint was chosen;
	// ErrBusy, after which a program tries again.
	"ragft":                  61,
	"ragft/abstain":          21, // of which eight are the names of signals
	"ragft/answer":           18, // with Decision and Context, whose values rows and evaluations share
	"ragft/assistant":        16, // with Settings, how an adapter is to be asked, and QuestionError, whose reason a service passes on
	"ragft/confidence":       14, // with ThresholdRates, which a threshold is tested by
	"ragft/eval":             30, // with TradeoffPoint, ErrNothing, Pair, Progress, Citation and Document, which callers name or read
	"ragft/eval/forget":      11, // with Loss, Budget and ErrForgot, the Config and Point of a sweep, and Perplexity, which stands alone
	"ragft/eval/probe":       6,  // with Probe and ArmVerdict, which hold what a list came to
	"ragft/eval/robust":      7,  // with Outcome and Difference, which corrections and comparisons go by
	"ragft/export":           10,
	"ragft/finetune":         4,
	"ragft/judge":            8,  // with Case and Answer, which a judge is given, and KnockoutAudit, a part of its audit
	"ragft/model":            28, // of which six are errors and four the roles of messages
	"ragft/model/cache":      2,
	"ragft/model/local":      12, // with Attention and ReadAttention, which doctor shows, Embedder and Reranker with what opens them
	"ragft/model/ollama":     4,
	"ragft/model/openai":     4,
	"ragft/model/pool":       2,
	"ragft/opt":              2,
	"ragft/prompt":           7, // with Named, for templates that an adapter names
	"ragft/publish":          4,
	"ragft/question":         20, // with LeakOptions, WithIDs and Altered, which others share; Gap and its kinds; Unhidden; SplitGroups
	"ragft/question/dataset": 17,
	"ragft/recipe":           9,
	"ragft/recipe/memory":    2,
	"ragft/recipe/verified":  1,
	"ragft/recipe/selfdemo":  7, // with ScoredPrompt, what Found lists
	"ragft/report":           6, // with Info and ModelFile, so that a program can set and check them
	"ragft/rows":             17,
	"ragft/searchtune":       6, // with Change, a measurement before and after; Meaning and LearnMeaning, the weight of a fused search
	"ragft/service":          7,
	// With Recreate, SyncOptions and SyncReport; Section and Reader, by which other packages read formats; TextReader, FormatOf
	// and MarkdownSections, by which they read texts within theirs; and ten reasons for skipping a file.
	"retriever": 102, // with Languages, the analyzer, and SkipExcluded
	// The store: Open, Update with options and report, Vectors, Match, ErrFormat; the search: Index, Options, NewSearch, Search,
	// DefaultWeight; and the two models that a caller gives.
	"retriever/dense":    14,
	"retriever/format":   9, // with ID, by which Sync notices a new format
	"retriever/language": 3,
	"retriever/watch":    2,
}

// exported are the names that a package exports, in order.
func exported(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	add := func(n *ast.Ident) {
		if n.IsExported() && !slices.Contains(names, n.Name) { // a name may stand in a file for each platform
			names = append(names, n.Name)
		}
	}
	for _, file := range parsed(t, folder, false) {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					add(d.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.TypeSpec:
						add(s.Name)
					case *ast.ValueSpec:
						for _, n := range s.Names {
							add(n)
						}
					}
				}
			}
		}
	}
	slices.Sort(names)
	return names
}

// public says whether a program of somebody else's can import the package.
func public(path string) bool {
	return !strings.Contains("/"+path+"/", "/internal/") && !strings.HasPrefix(path, "cmd/") && !strings.HasPrefix(path, "examples")
}

func TestExportedIdentifiers(t *testing.T) {
	_, paths := packages(t)
	for _, path := range paths {
		if !public(path) {
			continue
		}
		names := exported(t, path)
		t.Logf("%-24s %3d of %d", path, len(names), budget[path])
		if len(names) > budget[path] {
			t.Errorf("package %s exports %d identifiers, its budget is %d: unexport some, or raise the budget in budget_test.go with the "+
				"reason. They are: %s", path, len(names), budget[path], strings.Join(names, " "))
		}
	}
	for path := range budget {
		if !slices.Contains(paths, path) {
			t.Errorf("there is no package %s: delete its budget", path)
		}
	}
}

func TestOnlyTheCentralTypeBearsThePackagesName(t *testing.T) {
	_, paths := packages(t)
	for _, path := range paths {
		if !public(path) || path == "ragft" {
			continue
		}
		name := path[strings.LastIndex(path, "/")+1:]
		central := strings.TrimSuffix(name, "s") // rows.Row
		for _, id := range exported(t, path) {
			lower := strings.ToLower(id)
			if lower == name || lower == central || !token.IsExported(id) {
				continue
			}
			rest := strings.TrimPrefix(strings.TrimPrefix(lower, central), "s")
			if strings.HasPrefix(lower, central) && isWord(id, len(id)-len(rest)) {
				t.Errorf("%s.%s repeats the name of its package: leave it out", name, id)
			}
		}
	}
}

// isWord says whether a word of the identifier begins at the byte.
func isWord(id string, at int) bool { return at < len(id) && id[at] >= 'A' && id[at] <= 'Z' }

func TestPackagesAreNamedForWhatTheyHold(t *testing.T) {
	_, paths := packages(t)
	for _, path := range paths {
		for _, part := range strings.Split(path, "/") {
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "lib"}, part) {
				t.Errorf("%s says nothing of what it holds: name it for that", path)
			}
		}
	}
}
