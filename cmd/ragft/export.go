package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/export"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

type exportFlags struct {
	modelFlags
	rows   string
	folder string
	root   string
	recipe export.Recipe

	warmUp, watched float64 // shares
}

func (a *app) exportCommand() *cobra.Command {
	var o exportFlags
	cmd := &cobra.Command{
		Use: "export trl|axolotl|peft|gguf", Short: "Take rows or adapter to the trainers of larger machines, and back",
		Args: arguments(cobra.ExactArgs(1)), ValidArgs: []string{"trl", "axolotl", "peft", "gguf"},
		Long: `Writes for larger machines, and reads what comes back:

  ragft export trl       the rows, and a script that trains on them with Hugging Face TRL
  ragft export axolotl   the rows, and a configuration for Axolotl
  ragft export peft      the adapter, as Hugging Face PEFT reads it
  ragft export gguf      the other way: the adapter that a trainer left in --folder, as llama.cpp and Ollama read it

The first two need the base's name on Hugging Face (--base), the last two the base as a GGUF file (--model), of which the
header is read. None needs llama.cpp.`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.runExport(cmd.Context(), o, args[0]) },
	}
	f, r := cmd.Flags(), &o.recipe
	f.VarP(modelValue(&o.model), "model", "m", "base model: "+localForms)
	f.StringVar(&r.Base, "base", "", "the base's name on Hugging Face, or its folder")
	f.Var(pathValue(&o.rows, ""), "rows", "trl, axolotl: rows to learn, JSONL (default rows.jsonl of the project's folder)")
	f.Var(modelValue(&o.adapter), "adapter", "peft: adapter to read; gguf: adapter to write (default adapter.gguf of the project's folder)")
	f.Var(pathValue(&o.folder, ""), "folder", "folder to write, and with gguf to read (default trl, axolotl or peft in the project's folder)")
	f.StringVar(&o.root, "module-root", "model", "peft: what stands before \"layers\" in the base's names of weights")
	f.IntVar(&r.Rank, "rank", 16, "rank of the adapter's matrices")
	f.Float64Var(&r.Alpha, "alpha", 0, "scale of the adapter is alpha / rank (0 = twice the rank)")
	f.BoolVar(&r.RankStabilized, "rs-lora", false, "scale by alpha / sqrt(rank) instead")
	f.StringSliceVar(&r.Targets, "targets", []string{allLinear}, "weights to adapt, such as attn_q; others than all-linear need --model")
	f.Float64Var(&r.Dropout, "dropout", 0, "share of the adapter's inputs that is set to zero in training")
	f.IntVar(&r.Epochs, "epochs", 3, "how often each row is seen")
	f.Float64Var(&r.LearningRate, "rate", 0, "learning rate (0 = 2e-4, and 5e-6 of preferences)")
	f.Float64Var(&o.warmUp, "warmup", 0.05, "share of the steps over which the rate rises")
	f.Float64Var(&r.WeightDecay, "weight-decay", 0, "decay of AdamW")
	f.IntVar(&r.BatchRows, "batch-rows", 4, "rows of a step on each device")
	f.IntVar(&r.Accumulate, "accumulate", 4, "steps whose gradients are added up")
	f.IntVar(&r.MaxTokens, "row-tokens", 2048, "longest row, in tokens")
	f.Float64Var(&o.watched, "watched", 0.1, "share of the rows that is not trained on, to watch the loss")
	f.Float64Var(&r.Beta, "dpo-beta", 0.1, "rows with rejected responses: how dear it is to leave the base")
	return cmd
}

// allLinear names all matrices of the layers, as lora.AllLinear does.
const allLinear = "all-linear"

// exportResult is what export prints with --json.
type exportResult struct {
	Format  string   `json:"format"`
	Folder  string   `json:"folder"`
	Adapter string   `json:"adapter,omitempty"` // read or written
	Rows    int      `json:"rows,omitempty"`
	Pairs   int      `json:"pairs,omitempty"`
	Texts   int      `json:"texts,omitempty"`
	Start   []string `json:"start,omitempty"` // what the trainer is started with
}

func (a *app) runExport(ctx context.Context, o exportFlags, format string) error {
	r := exportResult{Format: format, Folder: cmp.Or(o.folder, a.path(format))}
	var err error
	switch format {
	case "trl":
		err = a.exportRows(ctx, o, &r, export.TRL)
	case "axolotl":
		err = a.exportRows(ctx, o, &r, export.Axolotl)
	case "peft":
		err = a.exportAdapter(ctx, o, &r)
	case "gguf":
		err = a.importAdapter(ctx, o, &r)
	default:
		err = usageError(fmt.Errorf("there is no format %q; there are trl, axolotl, peft and gguf", format))
	}
	if err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		switch format {
		case "peft":
			_, err = fmt.Fprintf(w, "%s: the adapter %s for PEFT\n", r.Folder, r.Adapter)
		case "gguf":
			_, err = fmt.Fprintf(w, "%s: the adapter of %s\n", r.Adapter, r.Folder)
		default:
			_, err = fmt.Fprintf(w, "%s: %d rows, %d preferences, %d texts; start with %s\n", r.Folder, r.Rows, r.Pairs, r.Texts, strings.Join(r.Start, ", "))
		}
		return err
	})
}

func (a *app) exportRows(ctx context.Context, o exportFlags, r *exportResult, write func(string, []rows.Row, export.Recipe) (*export.Files, error)) error {
	if o.recipe.Base == "" {
		return usageError(errors.New("no base: name it as Hugging Face does with --base, such as meta-llama/Llama-3.2-1B-Instruct"))
	}
	rows, _, err := a.readRows(o.rows)
	if err != nil {
		return err
	}
	recipe := o.recipe
	recipe.Seed, recipe.WarmUp, recipe.HeldOut = a.seed, opt.Of(o.warmUp), opt.Of(o.watched)
	if len(recipe.Targets) == 1 && recipe.Targets[0] == allLinear {
		recipe.Targets = nil
	} else if recipe.Architecture, err = o.architecture(ctx); err != nil {
		return err
	}
	files, err := write(r.Folder, rows, recipe)
	if err != nil {
		return err
	}
	if files.Weighted > 0 {
		a.note("%d rows have a weight of their own, which these trainers do not know", files.Weighted)
	}
	r.Rows, r.Pairs, r.Texts, r.Start = files.RowCount, files.PairCount, files.TextCount, files.Configs
	return nil
}

// base is the base's GGUF file.
func (o exportFlags) base(ctx context.Context) (string, error) {
	if o.model == "" {
		return "", errNoModel
	}
	file, err := ollama.Resolve(ctx, o.model)
	if err != nil {
		return "", err
	}
	return file.Path, nil
}

// architecture is llama.cpp's name of the base's family.
func (o exportFlags) architecture(ctx context.Context) (string, error) {
	path, err := o.base(ctx)
	if err != nil {
		return "", err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return "", inputError(err)
	}
	defer f.Close()
	name, _ := f.Text("general.architecture")
	return name, nil
}

func (a *app) exportAdapter(ctx context.Context, o exportFlags, r *exportResult) error {
	base, err := o.base(ctx)
	if err != nil {
		return err
	}
	if r.Adapter = cmp.Or(o.adapter, a.path(adapterName)); r.Adapter == "none" {
		return usageError(errors.New("--adapter none leaves nothing to export"))
	}
	if _, err := os.Stat(r.Adapter); err != nil {
		return fmt.Errorf("%w: train one with 'ragft train', or name one with --adapter", err)
	}
	return export.ToPEFT(r.Adapter, base, r.Folder, export.ToPEFTOptions{Base: o.recipe.Base, Root: o.root})
}

// importAdapter reads what a trainer left. The project's adapter is no longer the one that 'ragft train' made then.
func (a *app) importAdapter(ctx context.Context, o exportFlags, r *exportResult) error {
	base, err := o.base(ctx)
	if err != nil {
		return err
	}
	if o.folder == "" {
		return usageError(errors.New("--folder names the folder that the trainer left, with adapter_config.json in it"))
	}
	if _, err := os.Stat(filepath.Join(o.folder, "adapter_config.json")); err != nil {
		return fmt.Errorf("%s is no adapter's folder: %w", o.folder, err)
	}
	if err := a.makeDir(); err != nil {
		return err
	}
	r.Adapter = cmp.Or(o.adapter, a.path(adapterName))
	if err := export.FromPEFT(o.folder, base, r.Adapter); err != nil {
		return err
	}
	var made trainResult
	data, err := os.ReadFile(a.path(trainingName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && json.Unmarshal(data, &made) == nil && made.Adapter == r.Adapter {
		err = os.Remove(a.path(trainingName))
	}
	return err
}
