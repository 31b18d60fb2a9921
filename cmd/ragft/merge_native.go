//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/ragft/ragft/lora"
)

// mergeResult is what merge prints with --json.
type mergeResult struct {
	Output    string `json:"output"`
	Changed   int    `json:"changed"`
	Copied    int    `json:"copied"`
	Bytes     int64  `json:"bytes"`
	OtherBase bool   `json:"other_base"`
	KL        number `json:"kl"`         // of the merged model from base and adapter, nats
	AdapterKL number `json:"adapter_kl"` // of the base from base and adapter
	SameToken number `json:"same_token"`
}

func (a *app) runMerge(ctx context.Context, o mergeFlags) error {
	file, err := o.file(ctx)
	if err != nil {
		return err
	}
	adapter, err := a.adapterPath(o.modelFlags)
	if err != nil {
		return err
	}
	if adapter == "" {
		return missingError(errors.New("there is no adapter to merge: train one with 'ragft train', or name one with --adapter"))
	}
	if o.output == "" {
		if err := a.makeDir(); err != nil {
			return err
		}
		o.output = a.path("merged.gguf")
	}
	bar := a.bar("merging", "MiB")
	m, err := lora.Merge(ctx, lora.MergeOptions{
		Base: file, Adapter: adapter, Output: o.output, Scale: o.scale, Type: o.kind, Whole: o.whole, Threads: o.threads, SkipCheck: o.skipCheck,
		Progress: func(done, total int64) { bar.set(done>>20, max(1, total>>20), "") },
	})
	bar.done()
	if err != nil {
		return err
	}
	r := mergeResult{Output: o.output, Changed: m.Changed, Copied: m.Copied, Bytes: m.Bytes, OtherBase: m.OtherBase}
	if c := m.Check; c != nil {
		r.KL, r.AdapterKL, r.SameToken = number(c.KL), number(c.AdapterKL), number(c.SameToken)
	}
	return a.result(r, func(w io.Writer) error {
		if r.OtherBase {
			a.note("the adapter was trained on another file than this one; that is right for another quantisation of the same model only")
		}
		fmt.Fprintf(w, "%s: %s, %d weights changed, %d copied\n", r.Output, sizeText(uint64(r.Bytes)), r.Changed, r.Copied)
		if m.Check == nil {
			return nil
		}
		_, err := fmt.Fprintf(w, "against base and adapter: divergence %.3g nats a token (the adapter's own: %.3g), the same likeliest token in %.1f %%\n",
			r.KL, r.AdapterKL, 100*r.SameToken)
		return err
	})
}
