package ragft

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/export"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/ragft/rows"
)

// allLinear names all matrices of the layers, as lora.AllLinear does.
const allLinear = "all-linear"

// Export takes rows or adapter to the trainers of larger machines, and back:
//
//	trl      the rows, and a script that trains on them with Hugging Face TRL
//	axolotl  the rows, and a configuration for Axolotl
//	peft     the adapter, as Hugging Face PEFT reads it
//	gguf     the other way: the adapter that a trainer left in Config.Export.Folder
//
// The first two need the base's name on Hugging Face, Config.Export.Base, the
// last two the base as a GGUF file, of which the header is read. None needs
// llama.cpp. Another format is an [ErrConfig].
func (p *Project) Export(ctx context.Context, format string) (*ExportResult, error) {
	w, err := p.begin(ctx, "export")
	if err != nil {
		return nil, err
	}
	defer w.end()
	if err := p.makeDir(); err != nil {
		return nil, err
	}
	r := &ExportResult{Format: format, Folder: cmp.Or(p.config.Export.Folder, p.Path(format))}
	switch format {
	case trlName:
		return r, p.exportRows(ctx, r, export.TRL)
	case axolotlName:
		return r, p.exportRows(ctx, r, export.Axolotl)
	case peftName:
		return r, p.exportAdapter(ctx, r)
	case "gguf":
		return r, p.importAdapter(ctx, r)
	}
	return nil, badModel("there is no format %q; there are trl, axolotl, peft and gguf", format)
}

func (p *Project) exportRows(
	ctx context.Context, r *ExportResult, write func(string, []rows.Row, export.Recipe) (*export.Files, error),
) error {
	c, t := p.config.Export, p.config.Train
	if c.Base == "" {
		return badModel("no base: set export.base to its name on Hugging Face, such as meta-llama/Llama-3.2-1B-Instruct")
	}
	list, err := p.ReadRows()
	if err != nil {
		return err
	}
	o := export.Recipe{
		Base: c.Base, Rank: t.Rank, Alpha: t.Alpha, RankStabilized: t.RankStabilized, Targets: t.Targets, Dropout: t.Dropout,
		Epochs: cmp.Or(t.Epochs, p.epochs(ctx, len(list))), LearningRate: c.Rate, WarmUp: t.Warmup, WeightDecay: t.WeightDecay,
		BatchRows: c.BatchRows, Accumulate: c.Accumulate, MaxTokens: c.RowTokens, HeldOut: t.ValidationShare, Beta: t.DPOBeta, Seed: p.seed(),
	}
	if len(o.Targets) == 1 && o.Targets[0] == allLinear {
		o.Targets = nil
	} else if o.Architecture, err = p.architecture(ctx); err != nil {
		return err
	}
	files, err := write(r.Folder, list, o)
	if err != nil {
		return err
	}
	r.Rows, r.Pairs, r.Texts, r.Weighted, r.Start = files.RowCount, files.PairCount, files.TextCount, files.Weighted, files.Configs
	return nil
}

// epochs is how often training would see so many rows; of a base that is not on this machine, as if it were a large one.
func (p *Project) epochs(ctx context.Context, rows int) int {
	architecture, weights := "", int64(math.MaxInt64)
	if file, err := p.baseFile(ctx); err == nil {
		if known, n, err := sizeOf(file); err == nil {
			architecture, weights = known, n
		}
	}
	_, epochs := trainDefaults(architecture, weights, rows)
	return epochs
}

// baseFile is the base's GGUF file, whether or not this build can run it.
func (p *Project) baseFile(ctx context.Context) (string, error) {
	if p.config.Model == "" {
		return "", errNoModel
	}
	return ollama.Resolve(ctx, p.config.Model)
}

// architecture is llama.cpp's name of the base's family.
func (p *Project) architecture(ctx context.Context) (string, error) {
	path, err := p.baseFile(ctx)
	if err != nil {
		return "", err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return "", kindOf(ErrInput, err)
	}
	defer f.Close()
	name, _ := f.Text("general.architecture")
	return name, nil
}

func (p *Project) exportAdapter(ctx context.Context, r *ExportResult) error {
	base, err := p.baseFile(ctx)
	if err != nil {
		return err
	}
	if p.config.Adapter == "none" {
		return badModel("adapter is none, which leaves nothing to export")
	}
	r.Adapter = p.trainedFile()
	if _, err := os.Stat(r.Adapter); err != nil {
		return fmt.Errorf("%w: train one, or set adapter to a file", err)
	}
	return export.ToPEFT(r.Adapter, base, r.Folder, export.ToPEFTOptions{Base: p.config.Export.Base, Root: p.config.Export.ModuleRoot})
}

// importAdapter reads what a trainer left. The project's adapter is no longer
// the one that was trained here.
func (p *Project) importAdapter(ctx context.Context, r *ExportResult) error {
	base, err := p.baseFile(ctx)
	if err != nil {
		return err
	}
	if p.config.Export.Folder == "" {
		return badModel("set export.folder to the folder that the trainer left, with adapter_config.json in it")
	}
	if _, err := os.Stat(filepath.Join(p.config.Export.Folder, "adapter_config.json")); err != nil {
		return fmt.Errorf("%s is not the folder of an adapter: %w", p.config.Export.Folder, err)
	}
	r.Adapter = p.trainedFile()
	if err := os.MkdirAll(filepath.Dir(r.Adapter), 0o777); err != nil {
		return err
	}
	if err := export.FromPEFT(p.config.Export.Folder, base, r.Adapter); err != nil {
		return err
	}
	if trained, err := p.wrote(StepTrain, r.Adapter); err != nil || !trained {
		return err // nil where that training wrote another file
	}
	return p.forget(StepTrain)
}
