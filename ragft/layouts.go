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

// prompts are the texts that a model with the adapter is asked with, "" for none: those of the config, template included; else the
// adapter's; else the library's in the language.
func (p *Project) prompts(ctx context.Context, adapter string) (prompt.Set, error) {
	language, err := p.language(ctx, adapter)
	if err != nil {
		return prompt.Set{}, err
	}
	settings, err := settingsOf(adapter)
	if err != nil {
		return prompt.Set{}, err
	}
	c := p.config.Prompts
	set := prompt.Set{Language: language, Read: c.Read, Closed: c.Closed, Careful: c.Careful, Refuse: c.Refuse, Judge: c.Judge}
	if settings != nil {
		set = worded(set, settings.Prompts)
	}
	set = set.WithDefaults()
	if settings != nil && p.given.Prompts.Template == "" {
		set.Template = settings.Prompts.Template
		return set, nil
	}
	set.Template, err = c.template()
	return set, err
}

// template is the one that the config names; nil is the library's own layout.
func (c PromptsConfig) template() (*prompt.Template, error) {
	if template, named := layouts[c.Template]; named {
		return template, nil
	}
	text, err := os.ReadFile(c.Template)
	if err != nil {
		return nil, fmt.Errorf("prompts.template is read, fedrag, ra-dit or a file: %w", err)
	}
	template, err := prompt.ParseTemplate(filepath.Base(c.Template), string(charsets.Unmarked(text)))
	if err != nil {
		return nil, kindOf(ErrInput, err)
	}
	return template, nil
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

// checkLayout warns where the adapter, "" for none, was trained on prompts that are laid out otherwise, or is not complete.
func (p *Project) checkLayout(adapter string, prompts prompt.Set) error {
	if err := p.warnUnfitted(adapter); err != nil {
		return err
	}
	list, err := p.layoutsFor(adapter)
	if err != nil || len(list) == 0 {
		return err
	}
	if name := layoutName(prompts.Template); !slices.Contains(list, name) {
		p.config.Logger.Warn("the adapter was trained on prompts in another layout: set prompts.template as it was when the rows were made",
			"adapter", adapter, "trained", strings.Join(list, ", "), "now", name)
	}
	return nil
}

// layoutsFor lists the layouts that an adapter was trained on: those of its rows if it was trained here, else the one that it names.
// There are none if nothing is known of it.
func (p *Project) layoutsFor(adapter string) ([]string, error) {
	if adapter == "" {
		return nil, nil
	}
	trained, err := p.trained()
	if err != nil {
		return nil, err
	}
	if own, err := p.wrote(StepTrain, adapter); err != nil {
		return nil, err
	} else if own && trained != nil {
		return trained.Layouts, nil
	}
	settings, err := settingsOf(adapter)
	if err != nil || settings == nil {
		return nil, err
	}
	return []string{layoutName(settings.Prompts.Template)}, nil
}
