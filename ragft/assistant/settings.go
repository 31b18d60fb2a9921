package assistant

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// Settings are what an adapter file says about how the tuned model is to be asked, so that the file is all that has to be
// shipped with the base. They are kept as JSON in its metadata, under the key ragft.assistant. An assistant takes them by
// [Settings.Options] and, for what it searches, [Settings.Tuned].
type Settings struct {
	Prompts  prompt.Set        // those of the training rows
	Passages int               // shown with a question
	Rule     *abstain.Rule     // nil = none
	Search   *retriever.Tuning // nil = the search was not tuned
}

// ErrNoSettings means that an adapter file does not hold [Settings].
var ErrNoSettings = errors.New("the adapter does not say how it is to be asked")

const settingsKey = gguf.KeyAssistant

// stored is the JSON of [Settings]. Wordings that are the library's own are left out; the hashes tell whether these are
// still the same.
type stored struct {
	Layout     string            `json:"layout"`             // hash of the prompt for an example
	Language   string            `json:"language,omitempty"` // of the library's own wordings; "" = English
	Prompts    map[string]string `json:"prompts,omitempty"`
	PromptHash string            `json:"prompts_sha256"`
	Template   string            `json:"template,omitempty"`      // its name
	Text       string            `json:"template_text,omitempty"` // of a template that the library does not have
	Passages   int               `json:"passages"`
	Rule       *abstain.Rule     `json:"rule,omitempty"`
	Search     *retriever.Tuning `json:"search,omitempty"`
}

// drafts is the number of drafts that a project draws by default.
const drafts = 8

// Options returns options with the prompts, the number of passages, the rule and as many drafts as a project draws by default. They do
// not hold the search, which an assistant is
// given beside them: make it with [Settings.Tuned], or the rule does not hold.
func (s *Settings) Options() Options {
	return Options{Prompts: s.Prompts, Passages: s.Passages, Rule: s.Rule, Drafts: drafts}
}

// Tuned returns an index that is searched as the adapter was trained with: with the tuned search, if there is one. It is used
// whatever documents are in the index, because the rule was fitted with it; Search.Index is the digest of those that it was learnt on.
func (s *Settings) Tuned(ctx context.Context, index *retriever.Index) (*retriever.Tuned, error) {
	var t retriever.Tuning
	if s.Search != nil {
		t = *s.Search
		t.Index = ""
	}
	return index.Tuned(ctx, t)
}

// texts are the texts of a set by name.
func texts(p *prompt.Set) map[string]*string {
	return map[string]*string{"read": &p.Read, "closed": &p.Closed, "careful": &p.Careful, "refuse": &p.Refuse, "judge": &p.Judge}
}

// WriteAdapter writes the settings into an adapter file, in place of those that it holds. The file is replaced in one step.
// A template that is a function of the program is an error: it cannot be stored.
func (s *Settings) WriteAdapter(path string) error {
	prompts, defaults := s.Prompts.WithDefaults(), prompt.Set{Language: s.Prompts.Language}.WithDefaults()
	out := stored{Layout: layout.Fingerprint(prompts.ReadMessages), PromptHash: prompts.Hash(), Passages: s.Passages, Rule: s.Rule,
		Search: s.Search, Prompts: map[string]string{}}
	if prompts.Language != wordings.English {
		out.Language = prompts.Language
	}
	own := texts(&defaults)
	for name, text := range texts(&prompts) {
		if *text != *own[name] {
			out.Prompts[name] = *text
		}
	}
	if t := prompts.Template; t != nil {
		if out.Template, out.Text = t.Name, t.Text(); out.Text == "" && prompt.Named(t.Name) != t {
			return fmt.Errorf("ragft: adapter %s: the template %s is a function of the program and cannot be stored", path, t.Name)
		}
	}
	data, err := json.Marshal(out)
	if err == nil {
		err = gguf.Rewrite(path, gguf.KV{Key: settingsKey, Value: string(data)})
	}
	if err != nil {
		return fmt.Errorf("ragft: adapter %s: %w", path, err)
	}
	return nil
}

// ReadAdapter reads the settings in an adapter file. The error wraps [ErrNoSettings] if it holds none. Settings whose
// prompts this version of the library would write differently are an error. The adapter's base is checked when it is
// loaded; whether the rule holds is checked by [Options.Check].
func ReadAdapter(path string) (*Settings, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: adapter: %w", err)
	}
	defer f.Close()
	text, ok := f.Text(settingsKey)
	if !ok {
		return nil, fmt.Errorf("ragft: adapter %s: %w", path, ErrNoSettings)
	}
	s, err := readSettings(text)
	if err != nil {
		return nil, fmt.Errorf("ragft: adapter %s: %w", path, err)
	}
	return s, nil
}

func readSettings(text string) (*Settings, error) {
	var in stored
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return nil, err
	}
	s := &Settings{Prompts: prompt.Set{Language: in.Language}.WithDefaults(), Passages: in.Passages, Rule: in.Rule, Search: in.Search}
	for name, to := range texts(&s.Prompts) {
		*to = cmp.Or(in.Prompts[name], *to)
	}
	switch known := prompt.Named(in.Template); {
	case in.Text != "":
		var err error
		if s.Prompts.Template, err = prompt.ParseTemplate(in.Template, in.Text); err != nil {
			return nil, err
		}
	case in.Template != "" && known == nil:
		return nil, fmt.Errorf("there is no prompt template %q", in.Template)
	default:
		s.Prompts.Template = known
	}
	if s.Prompts.Hash() != in.PromptHash || layout.Fingerprint(s.Prompts.ReadMessages) != in.Layout {
		return nil, errors.New("it was trained with prompts that this version of the library writes differently: train it again")
	}
	if in.Passages < 0 {
		return nil, fmt.Errorf("%d passages", in.Passages)
	}
	if in.Rule != nil {
		if err := in.Rule.Check(); err != nil {
			return nil, err
		}
	}
	return s, nil
}
