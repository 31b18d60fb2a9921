//go:build cgo

package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/opt"
)

// Attention says how a model computes attention, and why.
type Attention struct {
	// By is "option", "rule" (of [llama.ContextOptions]) or "measured".
	By string `json:"by"`
	llama.Attention
}

// String is a line for people.
func (a Attention) String() string {
	if a.By == "rule" {
		return "by llama.cpp's devices: flash attention on a GPU, or where sequences share one cache"
	}
	word := map[bool]string{true: "flash attention", false: "no flash attention"}
	text := word[a.Flash]
	if a.Flash != a.FlashInOneCache {
		text += ", but " + word[a.FlashInOneCache] + " where sequences share one cache"
	}
	return text + " (" + a.By + ")"
}

// smallest is the number of parameters below which a model is not measured: either way takes it little time.
const smallest = 16_000_000

// attention chooses how the model computes attention.
func (o Options) attention(ctx context.Context, m *llama.Model, hash string) (Attention, error) {
	switch o.Attention {
	case "flash", "plain":
		on := o.Attention == "flash"
		return Attention{By: "option", Attention: llama.Attention{Flash: on, FlashInOneCache: on}}, nil
	case "", "auto":
	default:
		return Attention{}, fmt.Errorf("the option Attention is %q, not auto, flash or plain", o.Attention)
	}
	kept, err := ReadAttention(o.AttentionFile)
	if err != nil {
		return Attention{}, err
	}
	if a, ok := kept[hash]; ok {
		return a, nil
	}
	a := o.measured(ctx, m)
	if err := ctx.Err(); err != nil {
		return Attention{}, err
	}
	if err := keepChoice(o.AttentionFile, hash, a); err != nil {
		return Attention{}, err
	}
	return a, nil
}

// measured measures the model's attention, unless that was done on this machine before.
func (o Options) measured(ctx context.Context, m *llama.Model) Attention {
	if m.Parameters() < smallest {
		return Attention{By: "rule"}
	}
	file := ""
	if folder, err := os.UserCacheDir(); err == nil {
		file = filepath.Join(folder, "ragft", "attention.json")
	}
	key := m.AttentionKey(o.Threads)
	kept, err := ReadAttention(file)
	if a, ok := kept[key]; ok {
		return a
	}
	if err != nil {
		slog.Debug("ragft: the attention measured before is not readable", "error", err)
	}
	measured, err := m.MeasureAttention(ctx, o.Threads)
	if err != nil { // on a GPU, or a model without attention, or ctx has ended
		return Attention{By: "rule"}
	}
	a := Attention{By: "measured", Attention: measured}
	if err := keepChoice(file, key, a); err != nil {
		slog.Debug("ragft: the measured attention is not kept", "error", err)
	}
	return a
}

// apply sets the options of package llama. The rule needs none.
func (a Attention) apply(c *llama.ContextOptions) {
	if a.By != "rule" {
		c.FlashAttention, c.FlashInOneCache = opt.Of(a.Flash), opt.Of(a.FlashInOneCache)
	}
}

// ReadAttention reads a file of choices: [Options.AttentionFile] has them by the
// model's hash. Without the file there are none.
func ReadAttention(file string) (map[string]Attention, error) {
	if file == "" {
		return nil, nil
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	choices := map[string]Attention{}
	if err := json.Unmarshal(data, &choices); err != nil {
		return nil, fmt.Errorf("%s: %w; delete it to choose again", file, err)
	}
	return choices, nil
}

// keepChoice adds a choice to a file.
func keepChoice(file, key string, a Attention) error {
	if file == "" {
		return nil
	}
	choices, _ := ReadAttention(file) // one that is damaged is written anew
	if choices == nil {
		choices = map[string]Attention{}
	}
	choices[key] = a
	data, err := json.MarshalIndent(choices, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	return atomicfile.Write(file, func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}
