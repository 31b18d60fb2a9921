package ragft

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// This file takes from an adapter how the model with it is asked, where the config says nothing, so that the adapter is all that
// has to be shipped with its base.

// settingsOf is what an adapter says; nil for "" and for one that says nothing.
func settingsOf(adapter string) (*assistant.Settings, error) {
	if adapter == "" {
		return nil, nil
	}
	s, err := assistant.ReadAdapter(adapter)
	if errors.Is(err, assistant.ErrNoSettings) {
		return nil, nil
	}
	if err != nil {
		return nil, kindOf(ErrInput, err)
	}
	return s, nil
}

// usedAdapter is the adapter of the model that answers, "" for none: a server's model takes none.
func (p *Project) usedAdapter() (string, error) {
	servers, err := serversOf(p.config.Model)
	if err != nil || len(servers) > 0 {
		return "", err
	}
	return p.adapterFile()
}

// shown is the number of passages that a model with the adapter is shown, "" for none.
func (p *Project) shown(adapter string) (int, error) {
	s, err := settingsOf(adapter)
	if err != nil || s == nil || p.given.Passages != 0 {
		return p.config.Passages, err
	}
	return cmp.Or(s.Passages, p.config.Passages), nil
}

// worded fills what a set leaves open with the adapter's own texts. Those that are the library's are taken in the language of the set.
func worded(set, adapter prompt.Set) prompt.Set {
	library := prompt.Set{Language: adapter.Language}.WithDefaults()
	text := func(own, adapter, library string) string {
		if adapter == library {
			adapter = ""
		}
		return cmp.Or(own, adapter)
	}
	set.Read, set.Closed = text(set.Read, adapter.Read, library.Read), text(set.Closed, adapter.Closed, library.Closed)
	set.Careful, set.Refuse = text(set.Careful, adapter.Careful, library.Careful), text(set.Refuse, adapter.Refuse, library.Refuse)
	set.Judge = text(set.Judge, adapter.Judge, library.Judge)
	return set
}

// namedTuning is the tuned search that search-tuning.file names; nil is none. named is false if it leaves that open.
func (p *Project) namedTuning() (t *retriever.Tuning, named bool, err error) {
	switch file := p.config.SearchTuning.File; file {
	case "", "none":
		return nil, file != "", nil
	default:
		own, err := retriever.ReadTuningFile(file)
		return &own, true, err
	}
}

// tuning is the tuned search for a model with the adapter, "" for none: the one that search-tuning.file names; else that of the
// project's folder, as long as it is of this index; else the adapter's, whatever the index, because its rule was fitted with it. Nil
// is none. changed is the file of one that was learnt on another index.
func (p *Project) tuning(ctx context.Context, adapter string) (t *retriever.Tuning, changed string, err error) {
	if t, named, err := p.namedTuning(); named {
		return t, "", err
	}
	path := p.Path(retrievalName)
	own, err := retriever.ReadTuningFile(path)
	switch {
	case err == nil:
		if ok, err := p.isOf(ctx, own); ok || err != nil {
			return &own, "", err
		}
		changed = path
	case !errors.Is(err, fs.ErrNotExist):
		return nil, "", err
	}
	settings, err := settingsOf(adapter)
	if err != nil || settings == nil || settings.Search == nil {
		return nil, changed, err
	}
	shipped := *settings.Search
	ok, err := p.isOf(ctx, shipped)
	if err == nil && !ok {
		changed = adapter
	}
	shipped.Index = ""
	return &shipped, changed, err
}

// isOf reports whether a tuning was learnt on the index; it is not known without one.
func (p *Project) isOf(ctx context.Context, t retriever.Tuning) (bool, error) {
	if t.Index == "" || p.index == nil {
		return true, nil
	}
	digest, err := p.index.Digest(ctx)
	return digest == t.Index, err
}

// ofAdapter stands in steps.json for a setting that is the adapter's.
const ofAdapter = "that of the adapter"

// leave marks the settings among the inputs that a config leaves to the adapter.
func (in inputs) leave(given Config) {
	for key, open := range map[string]bool{"passages": given.Passages == 0, "prompts.template": given.Prompts.Template == ""} {
		if _, depends := in[key]; depends && open {
			in[key] = ofAdapter
		}
	}
}

// warnOfTuning tells the log of a tuned search that was learnt on another index.
func (p *Project) warnOfTuning(changed, adapter string) {
	switch changed {
	case "":
	case adapter:
		p.config.Logger.Warn("the tuned search in the adapter is used, but was learnt on another index: run 'ragft tune-search' and "+
			"'ragft train' to learn search and rule on this one", "adapter", adapter)
	default:
		p.config.Logger.Warn("the tuned search is not used, because the index changed since: run 'ragft tune-search' again", "file", changed)
	}
}
