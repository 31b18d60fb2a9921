package structure

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// needs are all packages that a program with these imports compiles.
func needs(t *testing.T, paths ...string) map[string]bool {
	t.Helper()
	all, _ := packages(t)
	out := map[string]bool{}
	for _, path := range paths {
		p := all[path]
		if p == nil {
			p = all[module+"/"+path]
		}
		require.NotNil(t, p, "there is no package %s", path)
		out[p.ImportPath] = true
		for _, d := range p.Deps {
			out[d] = true
		}
	}
	return out
}

// outside are those of them that come from neither the standard library nor this module.
func outside(t *testing.T, compiled map[string]bool) []string {
	t.Helper()
	all, _ := packages(t)
	var out []string
	for path := range compiled {
		if p := all[path]; !p.Standard && !p.ours() && path != "C" {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// never are packages that a program which only asks a model has no use for; what lies below them counts too.
var never = []string{
	"html/template", "image", "golang.org/x/image", "gonum.org", "git.sr.ht", "github.com/spf13", "github.com/go-fonts", "github.com/go-latex",
	module + "/lora", module + "/ragft/eval", module + "/ragft/report", module + "/ragft/finetune", module + "/ragft/recipe",
	module + "/ragft/judge", module + "/ragft/rows", module + "/ragft/publish", module + "/ragft/service",
}

func below(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// TestColdStart holds programs that open an index and ask one model to what these need.
func TestColdStart(t *testing.T) {
	index := needs(t, "retriever")
	vendors := map[string]string{ // what a way to a model may bring along, with what that imports
		"ragft/model/local":  "",
		"ragft/model/openai": "github.com/openai/openai-go",
		"ragft/model/ollama": "github.com/ollama/ollama/api",
	}
	for path, vendor := range vendors {
		compiled := needs(t, "ragft/assistant", path)
		its := map[string]bool{}
		for p := range compiled {
			if vendor == "" || !below(p, vendor) {
				continue
			}
			for d := range needs(t, p) {
				its[d] = true
			}
		}
		for _, p := range outside(t, compiled) {
			if !index[p] && !its[p] && !below(p, "golang.org/x") {
				t.Errorf("a program that imports ragft/assistant and %s compiles %s, which neither retriever nor the vendor's API needs", path, p)
			}
		}
		for p := range compiled {
			for _, f := range never {
				if below(p, f) && !its[p] && !index[p] {
					t.Errorf("a program that imports ragft/assistant and %s compiles %s: it only asks a model", path, p)
				}
			}
			for other, vendor := range vendors {
				if other != path && vendor != "" && below(p, vendor) {
					t.Errorf("a program that imports ragft/assistant and %s compiles the API of another vendor, %s", path, p)
				}
			}
		}
		t.Logf("ragft/assistant with %-18s %3d packages, %d of them from outside", path, len(compiled), len(outside(t, compiled)))
	}
}

// TestRetrieverStaysSmall bounds what a program compiles that only searches.
func TestRetrieverStaysSmall(t *testing.T) {
	const most = 135
	found := outside(t, needs(t, "retriever"))
	t.Logf("%d of %d", len(found), most)
	require.LessOrEqual(t, len(found), most, "retriever compiles %d packages from outside the standard library, at most %d are allowed: "+
		"a document format belongs into a package of its own below retriever/format. They are: %s", len(found), most, strings.Join(found, " "))
	for path := range needs(t, "retriever") {
		for _, f := range never {
			require.False(t, below(path, f), "retriever compiles %s", path)
		}
		const languages = "github.com/blevesearch/bleve/v2/analysis/lang"
		require.False(t, below(path, languages) && path != languages+"/en", "retriever compiles %s: a language belongs into "+
			"retriever/language", path)
	}
}
