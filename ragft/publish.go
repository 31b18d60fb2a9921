package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/publish"
)

// Publish creates a model of base and adapter on an Ollama server and asks it
// for one token. Where the server cannot run the adapter, the merged model takes
// its place. A model of that name is replaced once the new one has answered.
// With Config.Publish.Modelfile it writes a Modelfile for 'ollama create'
// instead, and returns nil.
func (p *Project) Publish(ctx context.Context) (*publish.Published, error) {
	w, err := p.begin(ctx, "publish")
	if err != nil {
		return nil, err
	}
	defer w.end()
	o, err := p.publishOptions(w)
	if err != nil {
		return nil, err
	}
	if file := p.config.Publish.Modelfile; file != "" {
		folder, _ := filepath.Split(file) // filepath.Dir would take ".." after a link for what stands before it
		text, err := o.Modelfile(folder)
		if err != nil {
			return nil, err
		}
		return nil, atomicfile.Write(file, func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	}
	if o.Name == "" {
		return nil, badModel("the new model needs a name: set publish.name")
	}
	r, err := publish.Publish(ctx, o)
	if errors.Is(err, publish.ErrNoTemplate) {
		return nil, fmt.Errorf("%w: set publish.template to a file", err)
	}
	return r, err
}

func (p *Project) publishOptions(w *work) (publish.Options, error) {
	c := p.config.Publish
	o := publish.Options{
		Name: c.Name, From: p.config.Model, BaseURL: c.Ollama, Merge: p.mergeAdapter, Merged: c.Merged, System: c.System, Logger: p.config.Logger,
		Status: func(text string) { w.say("%s", text) },
	}
	if servers, err := serversOf(p.config.Model); err != nil || len(servers) > 0 && servers[0].URL != "" {
		return o, errors.Join(err, badModel("set publish.ollama to the server to publish on, and model without an address"))
	}
	if c.As != "auto" {
		o.As = c.As
	}
	if p.config.Scale != 1 {
		return o, badModel("Ollama runs adapters at the scale 1 only: merge with another scale, and publish that file with adapter none")
	}
	if c.Template != "" {
		text, err := os.ReadFile(c.Template)
		if err != nil {
			return o, err
		}
		o.Template = string(charsets.Unmarked(text))
	}
	if len(c.Stop) > 0 {
		o.Parameters = map[string]any{"stop": c.Stop}
	}
	for _, s := range c.Parameters {
		key, text, found := strings.Cut(s, "=")
		if !found {
			return o, badModel("publish.parameters takes NAME=VALUE, not %q", s)
		}
		var value any = text
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		if o.Parameters == nil {
			o.Parameters = map[string]any{}
		}
		o.Parameters[key] = value
	}
	var err error
	if o.Adapter, err = p.adapterFile(); err != nil || o.Adapter == "" {
		return o, err
	}
	if settings, err := assistant.ReadAdapter(o.Adapter); err == nil && settings.Rule != nil {
		w.say("the rule for abstaining stays in the adapter's file: on Ollama the model alone decides whether it answers")
	}
	return o, nil
}
