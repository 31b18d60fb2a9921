package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/rows"
)

// trainFlags are the options of training; see lora.Config, whose fields they are.
type trainFlags struct {
	modelFlags
	rows    string
	adapter string
	share   float64
	loss    string
	tooLong string

	rank           int
	alpha          float64
	rankStabilized bool
	targets        []string
	dropout        float64
	start          string

	window, windowsPerStep, epochs int
	rate                           float64
	schedule                       string
	warmup, finalRate              float64
	weightDecay, clip              float64
	beta1, beta2, epsilon          float64

	dpoBeta, dpoSmoothing, dpoSFT float64

	evaluateEvery, patience int
	minImprovement          float64
	keepBest                bool
	spikeFactor             float64
	maxRise                 float64
	checkpointEvery         int
	budget                  int64
	metrics, tensorboard    string

	restart, force, stale, estimate bool
}

func (a *app) trainCommand() *cobra.Command {
	var o trainFlags
	cmd := &cobra.Command{
		Use: "train", Short: "Train a LoRA adapter on the rows", Args: arguments(cobra.NoArgs),
		Long: `Teaches the model the rows and writes an adapter that llama.cpp and Ollama load. What memory it takes is printed first.
A training that was interrupted, or killed, goes on from its checkpoint beside the adapter.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runTrain(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.VarP(modelValue(&o.model), "model", "m", "base model: "+localForms)
	o.addMachine(f, 0)
	f.Var(pathValue(&o.rows, ""), "rows", "rows to learn, JSONL (default rows.jsonl of the project's folder)")
	f.Var(pathValue(&o.adapter, ""), "adapter", "adapter to write (default adapter.gguf of the project's folder)")
	f.Var(shareValue(&o.share, 0.1), "watched", "share of the rows that is not trained on, to watch the loss")
	f.Var(choiceValue(&o.loss, "last", "last", "all", "text"), "loss", "what is learnt of a conversation: the last answer, all answers, or all text")
	f.Var(choiceValue(&o.tooLong, "drop", "drop", "truncate"), "too-long", "what becomes of rows longer than the context")
	f.Var(countValue(&o.rank, 16, 1), "rank", "rank of the adapter's matrices")
	f.Float64Var(&o.alpha, "alpha", 0, "scale of the adapter is alpha / rank (0 = twice the rank)")
	f.BoolVar(&o.rankStabilized, "rs-lora", false, "scale by alpha / sqrt(rank) instead")
	f.StringSliceVar(&o.targets, "targets", []string{allLinear}, "weights to adapt, such as attn_q or blk.[0-3].ffn_*")
	f.Float64Var(&o.dropout, "dropout", 0, "share of the adapter's inputs that is set to zero in training")
	f.Var(modelValue(&o.start), "start", "adapter of the same model to go on from")
	f.IntVar(&o.window, "window", 0, "tokens of a batch, a multiple of 256 (0 = what the longest row needs)")
	f.Var(countValue(&o.windowsPerStep, 1, 1), "windows-per-step", "windows whose gradients a step adds up")
	f.Var(countValue(&o.epochs, 3, 1), "epochs", "how often each row is seen")
	f.Var(positiveValue(&o.rate, 2e-4), "rate", "learning rate; models of some million weights want 1e-3")
	f.Var(choiceValue(&o.schedule, "cosine", "cosine", "linear", "constant"), "schedule", "learning rate after the warm-up")
	f.Float64Var(&o.warmup, "warmup", 0.05, "share of the steps over which the rate rises")
	f.Float64Var(&o.finalRate, "final-rate", 0, "share of the rate that it falls to")
	f.Float64Var(&o.weightDecay, "weight-decay", 0, "decay of AdamW")
	f.Float64Var(&o.clip, "clip", 1, "bound of the gradient's norm, 0 = none")
	f.Var(positiveValue(&o.beta1, 0.9), "beta1", "AdamW")
	f.Var(positiveValue(&o.beta2, 0.999), "beta2", "AdamW")
	f.Var(positiveValue(&o.epsilon, 1e-8), "epsilon", "AdamW")
	f.Var(positiveValue(&o.dpoBeta, 0.1), "dpo-beta", "rows with rejected responses: how dear it is to leave the base")
	f.Float64Var(&o.dpoSmoothing, "dpo-smoothing", 0, "rows with rejected responses: probability that a pair is the wrong way round")
	f.Float64Var(&o.dpoSFT, "dpo-sft", 0, "rows with rejected responses: weight of the chosen response's own loss")
	f.Var(countValue(&o.evaluateEvery, 0, 0), "evaluate-every", "steps between evaluations of the watched rows (0 = once an epoch)")
	f.Var(countValue(&o.patience, 0, 0), "patience", "stop after so many evaluations without improvement (0 = never)")
	f.Float64Var(&o.minImprovement, "min-improvement", 0, "what counts as an improvement, in nats")
	f.BoolVar(&o.keepBest, "keep-best", false, "write the adapter of the best evaluation, not of the last step")
	f.Float64Var(&o.maxRise, "max-rise", 0.1, "rows of the recipe pretrain with general text: stop where its perplexity rises by more than this share, and keep the best adapter (0 = go on)")
	f.Float64Var(&o.spikeFactor, "spike-factor", 0, "leave out steps whose loss is so many times the usual (0 = off)")
	f.Var(countValue(&o.checkpointEvery, 50, 1), "checkpoint-every", "steps between checkpoints")
	f.Var(bytesValue(&o.budget), "memory-budget", "memory that training may hold, such as 3GiB (0 = no bound)")
	f.Var(pathValue(&o.metrics, ""), "metrics", "file that gets a line of JSON for each step (default metrics.jsonl of the project's folder)")
	f.Var(pathValue(&o.tensorboard, ""), "tensorboard", "folder for TensorBoard's event files")
	f.BoolVar(&o.restart, "restart", false, "begin anew where a checkpoint is there")
	f.BoolVar(&o.force, "force", false, "train although the adapter there was made of the same rows and settings")
	f.BoolVar(&o.stale, "stale", false, "train although the documents were changed since the rows were made")
	f.BoolVar(&o.estimate, "estimate", false, "say how much memory it takes, and stop")
	return cmd
}

// trainResult is what train prints with --json, and what report reads again.
type trainResult struct {
	Key          string             `json:"key"` // of rows and settings
	Adapter      string             `json:"adapter"`
	Rows         int                `json:"rows"`
	WatchedRows  int                `json:"watched_rows"`
	TooLong      int                `json:"too_long"`
	Truncated    int                `json:"truncated"`
	Steps        int                `json:"steps"`
	Resumed      int                `json:"resumed"`
	Skipped      int                `json:"skipped"`
	Stopped      bool               `json:"stopped"`
	Rose         string             `json:"rose,omitempty"` // source whose loss rose too far, which stopped it
	BestStep     int                `json:"best_step"`
	Loss         number             `json:"loss"`
	BaseLoss     number             `json:"base_loss"` // of the watched rows
	WatchedLoss  number             `json:"watched_loss"`
	Tokens       int                `json:"tokens"`
	Seconds      number             `json:"seconds"`
	Fill         number             `json:"fill"`
	Memory       uint64             `json:"memory"` // bytes
	Rank         int                `json:"rank"`
	Epochs       int                `json:"epochs"`
	Rate         number             `json:"rate"`
	Metrics      string             `json:"metrics"` // file with the losses of each step
	BySource     map[string]float64 `json:"watched_loss_by_source,omitempty"`
	BaseBySource map[string]float64 `json:"base_loss_by_source,omitempty"`
	Layouts      []string           `json:"layouts,omitempty"`    // of the prompts with passages
	UpToDate     bool               `json:"up_to_date,omitempty"` // nothing was trained
}

// readRows gives the rows to learn, and where they lie.
func (a *app) readRows(path string) ([]rows.Row, string, error) {
	if path == "" {
		path = a.path(rowsName)
	}
	rows, err := rows.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, path, fmt.Errorf("%w: make rows with 'ragft demos', or name a file with --rows", err)
	}
	if err == nil && len(rows) == 0 {
		err = emptyError(fmt.Errorf("%s holds no rows", path))
	}
	return rows, path, err
}

// refuseStale is the error that rows tell of documents that were changed since.
func (a *app) refuseStale(ctx context.Context, r []rows.Row) error {
	index, err := a.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // rows can be trained without an index
	}
	if err != nil {
		return err
	}
	defer index.Close()
	chunks, err := corpus(ctx, index)
	if err != nil {
		return err
	}
	if stale := rows.Stale(r, chunks); len(stale) > 0 {
		return inputError(fmt.Errorf("%d of %d rows show passages that the index no longer has, the first being %s of %s: "+
			"run 'ragft demos' again, or teach what the documents said then with --stale", len(stale), len(r), stale[0].ID, stale[0].Chunks[0].Source))
	}
	return nil
}

// writeSources says what the training did to the watched rows of each source: the perplexity of plain text, the loss of others.
func (r trainResult) writeSources(w io.Writer) error {
	if len(r.BySource) < 2 {
		return nil // the line of all rows says it
	}
	for _, source := range slices.Sorted(maps.Keys(r.BySource)) {
		before, after := r.BaseBySource[source], r.BySource[source]
		what, digits := "loss", 3
		switch source {
		case trainlog.Domain, trainlog.General:
			what, digits, before, after = "perplexity", 2, math.Exp(before), math.Exp(after)
		case "":
			source = "rows that name no source:"
		}
		if _, err := fmt.Fprintf(w, "%s %s %.*f -> %.*f\n", source, what, digits, before, digits, after); err != nil {
			return err
		}
	}
	return nil
}
