package publish

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ollama/ollama/api"
	names "github.com/ollama/ollama/types/model"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
)

// PublishAs says in which form an adapter is published.
type As string

// The forms of publishing.
const (
	Auto      As = ""        // the adapter if the server runs it, the merged model otherwise
	AsAdapter As = "adapter" // base and adapter, or an error
	AsMerged  As = "merged"  // the adapter added into the base's weights
)

// PublishOptions says what [Publish] puts on an Ollama server. Name and From
// are needed.
type Options struct {
	Client  *api.Client // nil = one for BaseURL
	BaseURL string      // such as "http://127.0.0.1:11434"; "" = from OLLAMA_HOST

	Name    string // of the new model; an existing one is replaced once the new one has answered
	From    string // the base: path of a GGUF file, or "ollama:NAME" for a model on the server
	Adapter string // path of the LoRA adapter, GGUF; "" = publish the base itself
	As      As

	// Merged is where the merged model is written if one is needed, and kept;
	// "" = a temporary file beside the adapter. Merging needs the base's file:
	// of "ollama:NAME", that in the store of this machine.
	Merged string

	// Template is the Go template of the prompts. "" = that of the model on the
	// server, or the one that the server finds for the file's chat template;
	// [ErrNoTemplate] if that is another model's.
	Template string
	System   string // system message; "" = that of the model on the server
	// Ollama's options, such as "temperature" or "stop" (a text or a list of them); added to those of the model on the server
	Parameters map[string]any

	Status func(text string) // what is being done; nil = nobody is told
	Logger *slog.Logger      // nil = slog.Default
}

// Published is what [Publish] did.
type Published struct {
	Name   string `json:"name"` // with its tag
	Digest string `json:"digest"`
	As     As     `json:"as"`
	Answer string `json:"answer"`           // to the one-token request; may be empty, if the token ends the answer
	Reason string `json:"reason,omitempty"` // why the adapter was not taken, where the merged model took its place
}

// Errors of publishing.
var (
	// ErrAdapterRefused means that the server does not run adapters for this model.
	ErrAdapterRefused = errors.New("the server does not run this adapter")
	// ErrNoTemplate means that the server would send prompts to the model in
	// another form than its chat template gives them.
	ErrNoTemplate = errors.New("the server does not know the model's chat template: give PublishOptions.Template")
)

// publisher carries out one Publish.
type publisher struct {
	Options
	fromModel string // name of the base on the server; "" = From is a file
}

// Publish creates a model on an Ollama server from a base and an adapter, and
// asks it for one token, since servers take adapters that they then cannot
// run. In that case, and where the server refuses the adapter at once, the
// adapter is merged into the base and the merged model published (see
// [Auto]).
//
// The model is made and asked under a name of its own and gets its name only
// after that, so that a failure leaves an older model as it was. Errors are
// [model.ErrUnavailable], [model.ErrNotFound], [ErrAdapterRefused] and [ErrNoTemplate],
// those of the files, or what the server says. Merging needs cgo.
func Publish(ctx context.Context, o Options) (*Published, error) {
	p, err := newPublisher(o)
	if err != nil {
		return nil, fmt.Errorf("ragft: publish: %w", err)
	}
	result, err := p.publish(ctx)
	if err != nil {
		switch {
		case retry.IsDown(err):
			err = fmt.Errorf("%w: start it with \"ollama serve\", or set OLLAMA_HOST (%w)", model.ErrUnavailable, err)
		case ollamaclient.Status(err) == http.StatusNotFound && p.fromModel != "":
			err = fmt.Errorf("%w %s on the server: run \"ollama pull %s\" (%w)", model.ErrNotFound, p.fromModel, p.fromModel, err)
		}
		return nil, fmt.Errorf("ragft: publish %s: %w", o.Name, err)
	}
	return result, nil
}

func newPublisher(o Options) (*publisher, error) {
	p := &publisher{Options: o}
	name := names.ParseName(o.Name)
	switch {
	case !name.IsValid():
		return nil, fmt.Errorf("%q is no name for a model such as my-notes or me/my-notes:v2", o.Name)
	case o.From == "":
		return nil, errors.New("no base: set From to a GGUF file or ollama:NAME")
	case o.Adapter == "" && o.As != Auto:
		return nil, fmt.Errorf("there is no adapter to publish as %q", o.As)
	}
	switch o.As {
	case Auto, AsAdapter, AsMerged:
	default:
		return nil, fmt.Errorf("form %q: it is \"\", %q or %q", o.As, AsAdapter, AsMerged)
	}
	var err error
	if p.Parameters, err = checkParameters(o.Parameters); err != nil {
		return nil, err
	}
	p.Name = name.DisplayShortest()
	if from, ok := strings.CutPrefix(o.From, ollama.OllamaPrefix); ok {
		if !names.ParseName(from).IsValid() {
			return nil, fmt.Errorf("%q is no name of a model", from)
		}
		p.fromModel = from
	}
	if p.Client == nil {
		if p.Client, err = ollamaclient.New(o.BaseURL); err != nil {
			return nil, err
		}
	}
	if p.Logger == nil {
		p.Logger = slog.Default()
	}
	if p.Status == nil {
		p.Status = func(string) {}
	}
	return p, nil
}

// checkParameters brings options into the form of the API and refuses what the
// server would only refuse when the model is used.
func checkParameters(params map[string]any) (map[string]any, error) {
	if len(params) == 0 {
		return nil, nil
	}
	data, err := json.Marshal(params)
	if err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	if stop, ok := out["stop"].(string); ok {
		out["stop"] = []any{stop}
	}
	var options api.Options
	if err := options.FromMap(out); err != nil {
		return nil, fmt.Errorf("parameters: %w", err)
	}
	return out, nil
}

func (p *publisher) publish(ctx context.Context) (*Published, error) {
	if p.Adapter != "" {
		if err := checkAdapter(p.Adapter); err != nil {
			return nil, err
		}
	}
	if p.fromModel != "" { // the server would look for it elsewhere
		if _, err := p.Client.Show(ctx, &api.ShowRequest{Model: p.fromModel}); err != nil {
			return nil, err
		}
	}
	if p.As == AsMerged {
		return p.publishMerged(ctx)
	}
	result, err := p.publishAdapter(ctx)
	if err == nil || p.As == AsAdapter || !errors.Is(err, ErrAdapterRefused) {
		return result, err
	}
	p.Logger.Info("the server does not run the adapter; it is merged into the base", "error", err)
	result, mergeErr := p.publishMerged(ctx)
	if mergeErr != nil {
		return nil, fmt.Errorf("%w; and the merged model: %w", err, mergeErr)
	}
	result.Reason = err.Error()
	return result, nil
}

// checkAdapter reports what the server would only say after the upload.
func checkAdapter(path string) error {
	f, err := gguf.Open(path)
	if err != nil {
		return fmt.Errorf("adapter: %w", err)
	}
	defer f.Close()
	if kind, _ := f.Text("general.type"); kind != "adapter" {
		return fmt.Errorf("adapter %s is a GGUF file of the type %q", path, kind)
	}
	return nil
}

// publishAdapter publishes base and adapter as they are; without an adapter, the base.
func (p *publisher) publishAdapter(ctx context.Context) (*Published, error) {
	req := &api.CreateRequest{Template: p.Template, System: p.System, Parameters: p.Parameters}
	if p.fromModel != "" {
		req.From = p.fromModel
	} else {
		digest, err := p.upload(ctx, p.From)
		if err != nil {
			return nil, err
		}
		req.Files = map[string]string{"model.gguf": digest}
	}
	as := Auto
	if p.Adapter != "" {
		as = AsAdapter
		digest, err := p.upload(ctx, p.Adapter)
		if err != nil {
			return nil, err
		}
		req.Adapters = map[string]string{"adapter.gguf": digest}
	}
	return p.create(ctx, req, as)
}

func (p *publisher) publishMerged(ctx context.Context) (*Published, error) {
	base, err := p.baseFile(ctx)
	if err != nil {
		return nil, err
	}
	path := p.Merged
	if path == "" {
		dir, err := os.MkdirTemp(filepath.Dir(p.Adapter), ".merged-*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "model.gguf")
	}
	p.Status("merging the adapter into the base")
	if err := mergeAdapter(ctx, base, p.Adapter, path); err != nil {
		return nil, err
	}
	req := &api.CreateRequest{}
	if p.fromModel != "" {
		if req, err = p.likeBase(ctx); err != nil {
			return nil, err
		}
	}
	p.override(req)
	digest, err := p.upload(ctx, path)
	if err != nil {
		return nil, err
	}
	req.Files = map[string]string{"model.gguf": digest}
	return p.create(ctx, req, AsMerged)
}

func (p *publisher) baseFile(ctx context.Context) (string, error) {
	base, err := ollama.ResolveBase(ctx, p.From)
	if err != nil {
		return "", fmt.Errorf("the base's file is needed on this machine to merge: %w", err)
	}
	return base.Path, nil
}

// override sets what the caller asks for over what the base has.
func (p *publisher) override(req *api.CreateRequest) {
	if p.Template != "" {
		req.Template = p.Template
	}
	if p.System != "" {
		req.System = p.System
	}
	if len(p.Parameters) > 0 {
		if req.Parameters == nil {
			req.Parameters = map[string]any{}
		}
		maps.Copy(req.Parameters, p.Parameters)
	}
}

// likeBase is a request for a model from files with all that the base on the
// server has besides its weights, which the server copies only for From.
func (p *publisher) likeBase(ctx context.Context) (*api.CreateRequest, error) {
	base, err := p.Client.Show(ctx, &api.ShowRequest{Model: p.fromModel})
	if err != nil {
		return nil, err
	}
	req := &api.CreateRequest{Template: base.Template, System: base.System, Messages: base.Messages, Renderer: base.Renderer,
		Parser: base.Parser, Requires: base.Requires}
	if base.License != "" {
		req.License = base.License
	}
	req.Parameters, err = parseParameters(base.Parameters)
	return req, err
}

// parseParameters reads the lines "name value" in which the server shows
// options; text is quoted, and a name that comes again makes a list.
func parseParameters(text string) (map[string]any, error) {
	lists := map[string][]string{}
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		value := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), fields[0]))
		if unquoted, err := strconv.Unquote(value); err == nil {
			value = unquoted
		}
		lists[fields[0]] = append(lists[fields[0]], value)
	}
	params, err := api.FormatParams(lists)
	if err != nil {
		return nil, fmt.Errorf("parameters of the base: %w", err)
	}
	return params, nil
}

// Modelfile returns the options in the form that "ollama create" reads, with
// the adapter as it is.
func (o Options) Modelfile() (string, error) {
	var b bytes.Buffer
	block := func(command, text string) error {
		if strings.Contains(text, `"""`) {
			return fmt.Errorf("ragft: modelfile: %s holds \"\"\", which the format cannot say", command)
		}
		fmt.Fprintf(&b, "%s \"\"\"%s\"\"\"\n", command, text)
		return nil
	}
	line := func(command, path string) error {
		if strings.ContainsAny(path, "\r\n") {
			return fmt.Errorf("ragft: modelfile: the path %q has a line break", path)
		}
		fmt.Fprintf(&b, "%s %s\n", command, path)
		return nil
	}
	var errs []error
	if name, ok := strings.CutPrefix(o.From, ollama.OllamaPrefix); ok {
		errs = append(errs, line("FROM", name))
	} else {
		errs = append(errs, line("FROM", pathInModelfile(o.From)))
	}
	if o.Adapter != "" {
		errs = append(errs, line("ADAPTER", pathInModelfile(o.Adapter)))
	}
	if o.Template != "" {
		errs = append(errs, block("TEMPLATE", o.Template))
	}
	if o.System != "" {
		errs = append(errs, block("SYSTEM", o.System))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
		for _, value := range parameterValues(o.Parameters[name]) {
			if text, ok := value.(string); ok {
				errs = append(errs, block("PARAMETER "+name, text))
			} else {
				fmt.Fprintf(&b, "PARAMETER %s %v\n", name, value)
			}
		}
	}
	return b.String(), errors.Join(errs...)
}

// pathInModelfile marks a path, since a bare name would be a model's.
func pathInModelfile(path string) string {
	if filepath.IsAbs(path) || strings.HasPrefix(path, ".") {
		return path
	}
	return "." + string(filepath.Separator) + path
}

func parameterValues(value any) []any {
	switch list := value.(type) {
	case []any:
		return list
	case []string:
		var out []any
		for _, text := range list {
			out = append(out, text)
		}
		return out
	}
	return []any{value}
}
