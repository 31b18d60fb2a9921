//go:build !cgo

package ragft

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

const hasNative = false

// errNoNative is what everything returns that needs llama.cpp.
var errNoNative = errors.New("this program was built without cgo, and so without llama.cpp: run build.sh and build it with " +
	"CGO_ENABLED=1, or use a model of a server, ollama:NAME or openai:NAME@URL, with the steps that need no training")

func withoutNative(what string) error {
	return kindOf(ErrMissing, fmt.Errorf("%s: %w", what, errNoNative))
}

// native is a model that runs in this process. This build has none.
type native struct{ io.Closer }

func (n *native) model() model.Model { return nil }

func (n *native) adapted(path string, _ float64) (model.Model, io.Closer, error) {
	return nil, nil, withoutNative("the adapter " + path)
}

func (p *Project) openNative(_ context.Context, _ *work, name string) (*native, error) {
	return nil, withoutNative("the model " + name)
}

func (p *Project) openEmbedder(context.Context, *work) (embedder, error) {
	return nil, withoutNative("an embedding model")
}

func (p *Project) openReranker(context.Context, *work) (reranker, error) {
	return nil, withoutNative("a reranker")
}

func (p *Project) trainHere(context.Context, *work) (*TrainResult, error) {
	return nil, withoutNative("training")
}

// Merge needs llama.cpp, which this build has not.
func (p *Project) Merge(context.Context) (*MergeResult, error) { return nil, withoutNative("merging") }

func (p *Project) mergeAdapter(context.Context, string, string, string) error {
	return withoutNative("merging")
}

// Convert needs llama.cpp, which this build has not.
func (p *Project) Convert(context.Context) (*ConvertResult, error) {
	return nil, withoutNative("converting")
}

// SlowType returns "": this build runs no model file.
func (p *Project) SlowType(context.Context) string { return "" }

// Serve needs llama.cpp, which this build has not.
func (p *Project) Serve(context.Context, func(address net.Addr, models []string)) error {
	return withoutNative("the service")
}

func (p *Project) trainMemory(context.Context, []rows.Row) (uint64, error) {
	return 0, withoutNative("training")
}

func (e *evaluation) atScale(context.Context, float64) (model.Model, func() error, error) {
	return nil, nil, withoutNative("an adapter")
}

func (e *evaluation) baseRule(context.Context) (*abstain.Rule, error) {
	return nil, withoutNative("the rule of the base model")
}
