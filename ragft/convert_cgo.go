//go:build cgo

package ragft

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

// Convert writes the model again with its matrices in another type, Q8_0 by
// default, to Config.Convert.Output. Norms and metadata are kept. The file is
// put in its place when it is complete; the model itself is never replaced.
func (p *Project) Convert(ctx context.Context) (*ConvertResult, error) {
	w, err := p.begin(ctx, "convert")
	if err != nil {
		return nil, err
	}
	defer w.end()
	file, err := fileOf(ctx, p.config.Model)
	if err != nil {
		return nil, err
	}
	c := p.config.Convert
	if c.Output == "" {
		return nil, kindOf(ErrConfig, errors.New("convert.output names no file to write"))
	}
	typ := strings.ToUpper(cmp.Or(c.Type, "Q8_0"))
	w.phase("converting", "MiB")
	r, err := lora.Convert(ctx, lora.ConvertOptions{
		Model: file, Output: c.Output, Type: typ, Threads: p.config.Threads,
		Progress: func(done, total int64) { w.set(int(done>>20), int(max(1, total>>20)), "") },
	})
	if err != nil {
		return nil, err
	}
	return &ConvertResult{
		Model: file, Output: c.Output, Type: typ, Changed: r.Changed, Copied: r.Copied, Before: r.Before, Bytes: r.Bytes,
	}, nil
}

// warnSlow says that the model's type is slow here, and how to convert it.
func (w *work) warnSlow(file string) {
	if typ := slowType(file); typ != "" {
		w.say("%s is mostly %s, which is slow on this processor: convert it once with 'ragft convert %s OUTPUT --type q8_0', "+
			"and use OUTPUT as the model", file, typ, file)
	}
}

// SlowType returns the type of most of the model's weights if llama.cpp has no
// fast code for it on this machine, such as "Q4_1" on x86, and "" otherwise: with
// a GPU, too, and where there is no file of the model.
func (p *Project) SlowType(ctx context.Context) string {
	file, err := fileOf(ctx, p.config.Model)
	if err != nil {
		return "" // whatever loads it says so
	}
	return slowType(file)
}

// slowTypes are those whose products with several tokens llama.cpp computes one by one on x86: neither repack.cpp nor
// sgemm.cpp of ggml has blocked kernels for them.
var slowTypes = []gguf.Type{gguf.Q4_1, gguf.Q5_1}

func slowType(file string) string {
	isGPU := func(d llama.Device) bool { return strings.HasSuffix(d.Kind, "gpu") }
	if runtime.GOARCH != "amd64" || slices.ContainsFunc(llama.Devices(), isGPU) {
		return ""
	}
	f, err := gguf.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	all, of := int64(0), map[gguf.Type]int64{}
	for _, t := range f.Tensors() {
		all += t.Elements()
		of[t.Type] += t.Elements()
	}
	for _, t := range slowTypes {
		if 2*of[t] > all {
			return t.String()
		}
	}
	return ""
}
