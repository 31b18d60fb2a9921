package ragft

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
)

// readLayout names the library's own layout of prompts.
const readLayout = "read"

// layouts are the templates that have a name.
var layouts = map[string]*prompt.Template{readLayout: nil, "fedrag": prompt.FedRAG, "ra-dit": prompt.RADIT}

// prompts are the texts of the config, template included, in the language for a model with the adapter, "" for none.
func (p *Project) prompts(ctx context.Context, adapter string) (prompt.Set, error) {
	c := p.config.Prompts
	language, err := p.language(ctx, adapter)
	if err != nil {
		return prompt.Set{}, err
	}
	set := prompt.Set{
		Language: language, Read: c.Read, Closed: c.Closed, Careful: c.Careful, Refuse: c.Refuse, Judge: c.Judge,
	}.WithDefaults()
	template, named := layouts[c.Template]
	if !named {
		text, err := os.ReadFile(c.Template)
		if err != nil {
			return set, fmt.Errorf("prompts.template is read, fedrag, ra-dit or a file: %w", err)
		}
		if template, err = prompt.ParseTemplate(filepath.Base(c.Template), string(charsets.Unmarked(text))); err != nil {
			return set, kindOf(ErrInput, err)
		}
	}
	set.Template = template
	return set, nil
}

// layoutName is the name of a template as the config and steps.json have it.
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

// checkLayout warns where the adapter was trained on prompts that are laid out
// otherwise.
func (p *Project) checkLayout(prompts prompt.Set) error {
	adapter, err := p.adapterFile()
	if err != nil || adapter == "" {
		return err
	}
	trained, err := p.trained()
	if err != nil || trained == nil || trained.Adapter != adapter || len(trained.Layouts) == 0 {
		return err // nothing is known of the adapter
	}
	if name := layoutName(prompts.Template); !slices.Contains(trained.Layouts, name) {
		p.config.Logger.Warn("the adapter was trained on prompts in another layout: set prompts.template as it was when the rows were made",
			"adapter", adapter, "trained", strings.Join(trained.Layouts, ", "), "now", name)
	}
	return nil
}
