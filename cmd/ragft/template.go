package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
)

// readLayout names the library's own layout of prompts.
const readLayout = "read"

// layouts are the templates that have a name.
var layouts = map[string]*prompt.Template{readLayout: nil, "fedrag": prompt.FedRAG, "ra-dit": prompt.RADIT}

// layout is the value of a flag that names a template, or a file that holds one.
type layout struct{ path }

func layoutValue(p *string) pflag.Value {
	*p = readLayout
	return layout{path{p}}
}

func (v layout) relativeTo(dir, s string) string {
	if _, named := layouts[s]; named {
		return s
	}
	return v.path.relativeTo(dir, s)
}

// prompts are the texts that the flags ask for, template included.
func (p promptFlags) prompts() (prompt.Set, error) {
	out := p.Set
	template, named := layouts[p.template]
	if !named {
		var err error
		if template, err = prompt.ReadTemplateFile(p.template); err != nil {
			return out, fmt.Errorf("--template is read, fedrag, ra-dit or a file: %w", err)
		}
	}
	out.Template = template
	return out, nil
}

// layoutName is the name of a template as the flag and training.json have it.
func layoutName(t *prompt.Template) string {
	if t == nil {
		return readLayout
	}
	return t.Name
}

// layoutsOf lists the layouts of the rows' prompts with passages.
func layoutsOf(list []rows.Row) []string {
	found := map[string]bool{}
	for _, r := range list {
		if r.Provenance.Version == "" || r.Kind != rows.KindAnswer && r.Kind != rows.KindRefusal {
			continue // rows of other origin do not say; others show no passages
		}
		name := r.Provenance.Template
		if name == "" {
			name = readLayout
		}
		found[name] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// checkLayout warns where the adapter was trained on prompts that are laid out otherwise.
func (a *app) checkLayout(m modelFlags, prompts prompt.Set) error {
	adapter, err := a.adapterPath(m)
	if err != nil || adapter == "" {
		return err
	}
	var trained trainResult
	data, err := os.ReadFile(a.path(trainingName))
	if err != nil || json.Unmarshal(data, &trained) != nil || trained.Adapter != adapter || len(trained.Layouts) == 0 {
		return nil // nothing is known of the adapter
	}
	if name := layoutName(prompts.Template); !slices.Contains(trained.Layouts, name) {
		a.log.Warn("the adapter was trained on prompts in another layout: say --template as 'ragft demos' was told, or in ragft.yaml for all commands",
			"adapter", adapter, "trained", strings.Join(trained.Layouts, ", "), "now", name)
	}
	return nil
}
