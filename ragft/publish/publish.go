package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/ollama/ollama/api"
	names "github.com/ollama/ollama/types/model"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/ollamaclient"
	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
)

// The forms in which an adapter is published; "" = asAdapter if the server runs
// it, asMerged otherwise.
const (
	asAdapter = "adapter"
	asMerged  = "merged"
)

// Options says what [Publish] puts on an Ollama server. Name and From are
// needed.
type Options struct {
	Client  *api.Client // nil = one for BaseURL
	BaseURL string      // such as "http://127.0.0.1:11434"; "" = from OLLAMA_HOST

	Name    string // of the new model, needed; an existing one is replaced once the new one has answered
	From    string // the base, needed: path of a GGUF file, or "ollama:NAME" for a model on the server
	Adapter string // path of the LoRA adapter, GGUF; "" = publish the base itself

	// As is the form in which the adapter is published: "adapter" = base and
	// adapter, or an error; "merged" = the adapter added into the base's weights;
	// "" = the adapter if the server runs it, the merged model otherwise.
	As string

	// Merge writes the base with the adapter in its weights to a file, as
	// lora.Merge does; nil = nothing can be merged. The base's file must be on this
	// machine: of "ollama:NAME", it is that in Ollama's store.
	Merge func(ctx context.Context, base, adapter, output string) error
	// Merged is where the merged model is written and kept; "" = a temporary file
	// beside the adapter.
	Merged string

	// Template is the Go template of the prompts; "" = that of the model on the
	// server, or the one that the server finds for the file's chat template. If
	// that belongs to another model, the error is [ErrNoTemplate].
	Template string
	// System is the system message of requests that have none; "" = that of the model
	// on the server. The prompts of package prompt bring theirs, "You answer questions
	// from documents.".
	System string
	// Parameters are Ollama's options, such as "temperature" or "stop" (a text or
	// a list of texts), added to those of the model on the server; nil = none.
	Parameters map[string]any

	Status func(text string) // called with each step; nil = not called
	Logger *slog.Logger      // nil = slog.Default
}

// Published is what [Publish] did.
type Published struct {
	Name   string `json:"name"` // with its tag
	Digest string `json:"digest"`
	As     string `json:"as"`               // "adapter", "merged", or "" without an adapter
	Answer string `json:"answer"`           // to the one-token request; empty if the token ends the answer
	Reason string `json:"reason,omitempty"` // why the merged model was published in place of the adapter
}

// ErrNoTemplate means that the server would send prompts to the model in another
// form than its chat template gives them.
var ErrNoTemplate = errors.New("the server does not know the model's chat template: set Options.Template")

// errAdapterRefused means that the server does not run adapters for this model.
var errAdapterRefused = fmt.Errorf("the server does not run this adapter: %w", model.ErrRequest)

// publisher carries out one Publish.
type publisher struct {
	Options
	fromModel string // name of the base on the server; "" = From is a file
}

// Publish creates a model on an Ollama server from a base and an adapter, and
// asks it for one token, since servers accept adapters that they cannot run. If
// the server refuses the adapter at either point, the adapter is merged into the
// base and the merged model is published, unless Options.As says otherwise.
//
// The model is created and asked under a temporary name, so that a failure
// leaves an older model of the name as it was. Errors are [model.ErrUnavailable],
// [model.ErrNotFound], [model.ErrRequest] if the server does not run the
// adapter, and [ErrNoTemplate], those of the files, or what the server says.
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
		return nil, fmt.Errorf("invalid name %q: it must be like my-notes or me/my-notes:v2", o.Name)
	case o.From == "":
		return nil, errors.New("no base: set From to a GGUF file or ollama:NAME")
	case o.Adapter == "" && o.As != "":
		return nil, fmt.Errorf("there is no adapter to publish as %q", o.As)
	}
	switch o.As {
	case "", asAdapter, asMerged:
	default:
		return nil, fmt.Errorf("invalid form %q: it must be %q, %q or empty", o.As, asAdapter, asMerged)
	}
	var err error
	if p.Parameters, err = checkParameters(o.Parameters); err != nil {
		return nil, err
	}
	p.Name = name.DisplayShortest()
	if from, ok := strings.CutPrefix(o.From, ollamaclient.Prefix); ok {
		if !names.ParseName(from).IsValid() {
			return nil, fmt.Errorf("invalid model name %q", from)
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

// checkParameters returns options in the form of the API, or an error for what the
// server would refuse only when the model is used.
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
	known := map[string]bool{} // FromMap passes over others
	for _, f := range reflect.VisibleFields(reflect.TypeFor[api.Options]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = true
	}
	for name, value := range out {
		switch {
		case !known[name]:
			return nil, fmt.Errorf("parameters: Ollama has no parameter %q", name)
		case value == nil:
			return nil, fmt.Errorf("parameters: %s has no value", name)
		}
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
	if p.As == asMerged {
		return p.publishMerged(ctx)
	}
	result, err := p.publishAdapter(ctx)
	if err == nil || p.As == asAdapter || !errors.Is(err, errAdapterRefused) {
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

// checkAdapter reports an error that the server would report only after the upload.
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
	as := ""
	if p.Adapter != "" {
		as = asAdapter
		digest, err := p.upload(ctx, p.Adapter)
		if err != nil {
			return nil, err
		}
		req.Adapters = map[string]string{"adapter.gguf": digest}
	}
	return p.create(ctx, req, as)
}

func (p *publisher) publishMerged(ctx context.Context) (*Published, error) {
	if p.Merge == nil {
		return nil, errors.New("cannot merge the adapter into the base: set Options.Merge")
	}
	base, err := ollama.Resolve(ctx, p.From)
	if err != nil {
		return nil, fmt.Errorf("merging needs the base's file on this machine: %w", err)
	}
	path := p.Merged
	if path == "" {
		removeAbandonedMerges(filepath.Dir(p.Adapter))
		dir, err := os.MkdirTemp(filepath.Dir(p.Adapter), mergePrefix+"*")
		if err != nil {
			return nil, err
		}
		defer os.RemoveAll(dir)
		path = filepath.Join(dir, "model.gguf")
	}
	p.Status("merging the adapter into the base")
	if err := p.Merge(ctx, base, p.Adapter, path); err != nil {
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
	return p.create(ctx, req, asMerged)
}

// mergePrefix begins the names of folders for merged models, which take gigabytes.
const mergePrefix = ".merged-"

// removeAbandonedMerges removes old merged models that killed programs left behind.
func removeAbandonedMerges(folder string) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return // what follows says what is wrong
	}
	for _, e := range list {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), mergePrefix) && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.RemoveAll(filepath.Join(folder, e.Name())) // the next one tries again
		}
	}
}

// override replaces what the base has by what the caller asks for.
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

// likeBase returns a request for a model from files with everything that the base
// on the server has besides its weights. The server copies it only for From.
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
// options. Text is quoted, and a repeated name makes a list.
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
