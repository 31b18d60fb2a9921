//go:build cgo

package ragft

import (
	"cmp"
	"context"
	"errors"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/lora"
)

// Merge writes a GGUF file with the adapter added into the model's weights, for
// programs that load no adapters, and compares what it says with what base and
// adapter say.
func (p *Project) Merge(ctx context.Context) (*MergeResult, error) {
	w, err := p.begin(ctx, "merge")
	if err != nil {
		return nil, err
	}
	defer w.end()
	file, err := fileOf(ctx, p.config.Model)
	if err != nil {
		return nil, err
	}
	adapter, err := p.adapterFile()
	if err != nil {
		return nil, err
	}
	if adapter == "" {
		return nil, kindOf(ErrMissing, errors.New("there is no adapter to merge: train one, or set adapter to a file"))
	}
	output := cmp.Or(p.config.Merge.Output, p.Path(mergedName))
	if p.config.Merge.Output == "" {
		if err := p.makeDir(); err != nil {
			return nil, err
		}
	}
	w.phase("merging", "MiB")
	o := p.mergeOptions(file, adapter, output)
	o.Progress = func(done, total int64) { w.set(int(done>>20), int(max(1, total>>20)), "") }
	m, err := lora.Merge(ctx, o)
	if err != nil {
		return nil, err
	}
	r := &MergeResult{Output: output, Changed: m.Changed, Copied: m.Copied, Bytes: m.Bytes, OtherBase: m.OtherBase}
	if k := m.Check; k != nil {
		r.KL, r.AdapterKL, r.SameToken = stats.Finite(k.KL), stats.Finite(k.AdapterKL), stats.Finite(k.SameToken)
	}
	return r, nil
}

// mergeAdapter writes the base with the adapter in its weights.
func (p *Project) mergeAdapter(ctx context.Context, base, adapter, output string) error {
	_, err := lora.Merge(ctx, p.mergeOptions(base, adapter, output))
	return err
}

func (p *Project) mergeOptions(base, adapter, output string) lora.MergeOptions {
	c := p.config.Merge
	return lora.MergeOptions{
		Base: base, Adapter: adapter, Output: output, Scale: p.config.Scale, Type: c.Type, Whole: c.AllMatrices, Threads: p.config.Threads,
		SkipCheck: c.SkipCheck,
	}
}
