//go:build cgo

package finetune

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// Options says how [Train] trains. Model and Adapter are needed. The zero values
// of all others are usable.
type Options struct {
	Model   string // path of the base model, GGUF
	Adapter string // path that the adapter is written to

	// HeldOut is the share of the rows that is not trained on, in [0, 1), to
	// measure the loss on. Unset = 0.1.
	HeldOut opt.Value[float64]

	// Loss says which tokens of a conversation are learnt: "last" is the last
	// message with its end, "all" every message of the assistant, tool calls
	// included, each with its end, and "text" everything, as in pre-training. "" =
	// "last". Plain text is learnt as a whole in any case, and rows with rejected
	// responses as preferences.
	Loss string

	// TooLong says what happens to rows that are longer than the model's context,
	// or than LoRA.Window if that is set: "drop" leaves them out, "truncate"
	// shortens what precedes the response. "" = "drop". Long plain text is cut into
	// pieces instead, none of which is left out. Rows that are dropped or shortened
	// are counted and logged: the first ids as a warning, all of them at debug level.
	//
	// "truncate" leaves out whole exchanges first, from the beginning of the
	// conversation, then passages, the last ones first, and finally the beginning of
	// the longest message of the user or a tool, but never a part of the response.
	// With Loss "all" each response is then learnt by itself. A row is dropped if it
	// is still too long, if its reference answer or a passage that the response
	// cites or quotes would be lost, or if its passages are in a prompt template and
	// it is too long without the earlier exchanges: what is question and what
	// passage is not known of it.
	TooLong string

	// MaxRise is the largest relative increase of the perplexity of general text,
	// rows with the source "general", such as [recipe.Pretrain] makes them: training
	// stops at the first evaluation above it, and the adapter is the best one from
	// before. Unset = 0.1 (10 %) if one is held out, which takes two such rows and
	// HeldOut above 0, or one that says so, and no rule otherwise; opt.Of(0.0) is no
	// rule. LoRA.EvaluateEvery says how often it is checked; here 0 = every 20 steps.
	MaxRise opt.Value[float64]

	// Anchors are texts, such as passages of the documents. The adapter is held to what the model expects without it at
	// some places of each: the divergence from it is a part of the loss, so that the model forgets less (learning without
	// forgetting, arXiv 1606.09282, section 3). They are not used beside plain text that is to be learnt, nor with
	// preferences alone, which have a reference already. Their loss is that of the source "anchor" in the metrics. Nil = none.
	Anchors []string
	// AnchorShare is their share of the tokens that are trained on, from 0 to below 1. Unset = 0.15.
	AnchorShare opt.Value[float64]

	// Soft is the share that a teacher has in the loss of a response, from 0 to 1. The teacher is the model itself without
	// an adapter: it reads the row's prompt with the response shown in it, see [prompt.Set.DemonstratedMessages], and
	// then the response. What is learnt at each token is the divergence from what the teacher expects there, the
	// likeliest 32 tokens and the rest, besides the token itself: see SoftShare of [lora.Example]. This is
	// the teacher of self-distillation (arXiv 2601.19897), which there reads what the model being trained writes. 0 = no
	// teacher. It needs the Loss "last". Preferences, plain text, tool calls and rows that are too long for the
	// teacher are learnt without it; at least one row has to be learnt with it.
	//
	// Train has the teacher read all rows before it begins, which costs about as much as an evaluation of them. What it
	// has read is kept beside the adapter, in Adapter + ".soft", until the training is done; with LoRA.KeepCheckpoint the
	// caller removes it, too.
	Soft float64
	// Language is that of the words by which the teacher is shown the response, as in [prompt.Set]. "" = that of most
	// of the rows' questions.
	Language string
	// SoftProgress is called whenever the teacher has read a response. Nil = nobody is told.
	SoftProgress func(done, total int)

	LoRA   lora.Config  // how to train; see there for its defaults
	Logger *slog.Logger // nil = slog.Default
}

// check returns the options with defaults filled in.
func (o Options) check() (Options, error) {
	o.Loss, o.TooLong = cmp.Or(o.Loss, "last"), cmp.Or(o.TooLong, "drop")
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	share, rise, anchors := o.HeldOut.Or(0), o.MaxRise.Or(0), o.AnchorShare.Or(0)
	switch {
	case !(anchors >= 0 && anchors < 1):
		return o, fmt.Errorf("finetune: AnchorShare is %v: it is a share from 0 to below 1", anchors)
	case o.Loss != "last" && o.Loss != "all" && o.Loss != "text":
		return o, fmt.Errorf("finetune: loss %q: it is last, all or text", o.Loss)
	case o.TooLong != "drop" && o.TooLong != "truncate":
		return o, fmt.Errorf("finetune: policy %q for rows that are too long: it is drop or truncate", o.TooLong)
	case !(share >= 0 && share < 1):
		return o, fmt.Errorf("finetune: HeldOut is %v: it is a share from 0 to below 1", share)
	case !(rise >= 0) || math.IsInf(rise, 0):
		return o, fmt.Errorf("finetune: MaxRise is %v: it is a share of 0 or more", rise)
	case !(o.Soft >= 0 && o.Soft <= 1):
		return o, fmt.Errorf("finetune: Soft is %v: it is a share from 0 to 1", o.Soft)
	case o.Soft > 0 && o.Loss != "last":
		return o, fmt.Errorf("finetune: Soft needs the loss last, which is on the response that the teacher is shown; it is %s", o.Loss)
	}
	return o, nil
}

// bounds are by how much the loss of each source may rise, that of general text included.
func (o *Options) bounds() map[string]float64 {
	bounds := maps.Clone(o.LoRA.MaxRise)
	if rise := o.MaxRise.Or(0.1); rise > 0 {
		if bounds == nil {
			bounds = map[string]float64{}
		}
		bounds[trainlog.General] = math.Log1p(rise)
	}
	return bounds
}

// stopRule sets the bounds, if general text is held out.
func (o *Options) stopRule(bounds map[string]float64, heldOut []rowExamples) error {
	if o.MaxRise.Or(0.1) == 0 {
		return nil
	}
	if !slices.ContainsFunc(heldOut, func(r rowExamples) bool { return r.source() == trainlog.General }) {
		if !o.MaxRise.IsSet() {
			return nil
		}
		return fmt.Errorf("finetune: %w: MaxRise needs general text that is held out, and none is: it takes two such rows, and HeldOut "+
			"above 0; or set MaxRise to 0",
			reading.ErrTooLittleText)
	}
	c := &o.LoRA
	c.MaxRise, c.KeepBest, c.EvaluateEvery = bounds, true, cmp.Or(c.EvaluateEvery, 20)
	return nil
}

// Result is what a training did. Rose is "general" if MaxRise stopped it.
type Result struct {
	lora.Result
	Rows        int // trained on
	HeldOutRows int
	TooLong     int // rows left out because they are too long
	Truncated   int // rows that were shortened, among Rows and HeldOutRows
	Soft        int // rows with a teacher, among Rows and HeldOutRows
	Anchors     int // texts that were trained on besides

	Losses []trainlog.LossPoint // of this run: before its first step, and of its steps
}

// Training is what a report says of this run.
func (r *Result) Training() trainlog.Training {
	var scores []trainlog.Score
	for _, s := range r.Scores {
		scores = append(scores, trainlog.Score{Step: s.Step, Score: s.Score, HeldOut: stats.Finite(s.HeldOutLoss)})
	}
	return trainlog.Training{
		Scores: scores, Losses: r.Losses, BaseBySource: r.BaseBySource, HeldOutBySource: r.HeldOutBySource, Seconds: r.TrainSeconds,
		Rows: r.Rows, Tokens: r.Tokens, Memory: r.Memory.Total(),
	}
}

// Train teaches the model the rows. Their messages are rendered by the model's own
// chat template, and the tokens that o.Loss names are learnt. The adapter carries
// the hashes of model, template and data. The error is [llama.ErrTemplateSplit]
// for a template that does not show which tokens are the assistant's, and
// [llama.ErrTools] for one that has no place for a row's tools. Errors name the
// row.
//
// A training that was cancelled, or killed, continues when Train is called again
// with the same arguments, see [lora.Train]. For a task after pre-training, give
// the adapter as LoRA.Start, or merge it first with lora.Merge and train on the
// merged model.
func Train(ctx context.Context, rows []rows.Row, o Options) (*Result, error) {
	r, c, learnt, watched, err := prepare(ctx, rows, &o)
	if err != nil {
		return nil, err
	}
	if list := teachable(learnt, watched); len(list) > 0 {
		if err := o.teach(ctx, list); err != nil {
			return nil, fmt.Errorf("finetune: %w", err)
		}
	}
	train, heldOut := joinExamples(learnt), joinExamples(watched)
	each := c.Progress
	c.StepLoss = lossOfRows
	c.Progress = func(p lora.Progress) {
		p.Loss = lossOfRows(p.Losses)
		if !p.Evaluated && len(r.Losses) == 0 && len(heldOut) > 0 { // what was measured before this run's first step
			r.Losses = append(r.Losses, trainlog.LossPoint{Step: p.Step - 1, Train: math.NaN(), HeldOut: p.HeldOutLoss})
		}
		point := trainlog.LossPoint{Step: p.Step, Train: p.Loss, HeldOut: math.NaN()}
		if p.Evaluated {
			point.HeldOut = p.HeldOutLoss
		}
		r.Losses = append(r.Losses, point)
		if each != nil {
			each(p)
		}
	}
	result, err := lora.Train(ctx, o.Model, o.Adapter, c, train, heldOut)
	if err != nil {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	r.Result = *result
	if o.LoRA.KeepCheckpoint {
		return r, nil
	}
	if err := os.Remove(o.Adapter + softSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	return r, nil
}

// EstimateMemory is the memory that [Train] would hold at its peak with the same
// arguments, without training, see [lora.EstimateMemory].
func EstimateMemory(ctx context.Context, rows []rows.Row, o Options) (lora.Memory, error) {
	_, c, learnt, watched, err := prepare(ctx, rows, &o)
	if err != nil {
		return lora.Memory{}, err
	}
	m, err := lora.EstimateMemory(ctx, o.Model, c, joinExamples(learnt), joinExamples(watched))
	if err != nil {
		return m, fmt.Errorf("finetune: %w", err)
	}
	return m, nil
}

// prepare makes examples of the rows, those to learn and those to hold out, and completes the options of the training. The
// teacher has not read them yet.
func prepare(ctx context.Context, rows []rows.Row, o *Options) (r *Result, c lora.Config, learnt, watched []rowExamples, err error) {
	if *o, err = o.check(); err != nil {
		return nil, c, nil, nil, err
	}
	if len(rows) == 0 {
		return nil, c, nil, nil, fmt.Errorf("finetune: nothing to train on: %w", lora.ErrNoExamples)
	}
	e, err := newEncoder(ctx, rows, *o)
	if err != nil {
		return nil, c, nil, nil, err
	}
	defer e.model.Close()
	encoded, err := e.encodeRows(ctx, rows)
	if err != nil {
		return nil, c, nil, nil, err
	}
	meta, err := provenance(e.model, rows)
	if err != nil {
		return nil, c, nil, nil, err
	}
	r = &Result{}
	kept, err := r.count(encoded, o.Logger)
	if err != nil {
		return nil, c, nil, nil, err
	}
	bounds := o.bounds()
	learnt, watched = splitRows(kept, o.HeldOut.Or(0.1), o.LoRA.Seed, bounds)
	if err := o.stopRule(bounds, watched); err != nil {
		return nil, c, nil, nil, err
	}
	r.Rows, r.HeldOutRows = len(learnt), len(watched)
	c = o.LoRA
	if o.Loss != "last" {
		meta["loss"] = o.Loss
	}
	if o.Soft > 0 {
		if err := r.countTaught(*o, learnt, watched); err != nil {
			return nil, c, nil, nil, err
		}
		meta["soft"] = strconv.FormatFloat(o.Soft, 'g', -1, 64)
	}
	anchors, err := e.anchors(ctx, *o, learnt)
	if err != nil {
		return nil, c, nil, nil, fmt.Errorf("finetune: %w", err)
	}
	r.Anchors = len(anchors)
	learnt = append(learnt, anchors...)
	c.Metadata = mergeMetadata(meta, c.Metadata)
	return r, c, learnt, watched, nil
}

// countTaught counts the rows that the teacher can read.
func (r *Result) countTaught(o Options, learnt, watched []rowExamples) error {
	if len(teachable(learnt)) == 0 {
		return fmt.Errorf("finetune: Soft: none of %d rows can have a teacher: they are preferences, plain text or tool calls, or longer "+
			"than the context with the response shown", len(learnt))
	}
	r.Soft = len(teachable(learnt, watched))
	if without := len(learnt) + len(watched) - r.Soft; without > 0 {
		o.Logger.Info("rows are learnt without a teacher", "rows", without, "of", len(learnt)+len(watched))
	}
	return nil
}

// count counts the rows that were dropped or shortened, and returns those to train
// on.
func (r *Result) count(rows []rowExamples, logger *slog.Logger) ([]rowExamples, error) {
	var kept []rowExamples
	var tooLong, truncated []string
	for i, row := range rows {
		id := row.id
		if id == "" {
			id = fmt.Sprint("row ", i+1)
		}
		if len(row.examples) == 0 {
			tooLong = append(tooLong, id)
			continue
		}
		if row.truncated {
			truncated = append(truncated, id)
		}
		kept = append(kept, row)
	}
	r.TooLong, r.Truncated = len(tooLong), len(truncated)
	warn := func(message string, ids []string) {
		if len(ids) > 0 {
			logger.Warn(message, "rows", len(ids), "of", len(rows), "first", ids[:min(10, len(ids))])
			logger.Debug(message, "ids", ids)
		}
	}
	warn("rows are longer than the model's context and were left out", tooLong)
	warn("rows are longer than the model's context and were shortened before the response", truncated)
	if len(kept) == 0 {
		return nil, fmt.Errorf("finetune: all %d rows are longer than the model's context: use fewer or shorter passages", len(rows))
	}
	return kept, nil
}

func joinExamples(rows []rowExamples) []lora.Example {
	var examples []lora.Example
	for _, row := range rows {
		examples = append(examples, row.examples...)
	}
	return examples
}

// provenance is what the adapter's file says about its making, besides what
// package lora writes.
func provenance(model *llama.Model, list []rows.Row) (map[string]string, error) {
	template := sha256.Sum256([]byte(model.ChatTemplate()))
	data := sha256.New()
	encode := json.NewEncoder(data)
	for _, r := range list {
		var what any = r.Messages
		if len(r.Tools)+len(r.Rejected)+len(r.Text)+len(r.Source) > 0 || r.Weight != 0 || r.HeldOut {
			what = rows.Row{Messages: r.Messages, Tools: r.Tools, Rejected: r.Rejected, Text: r.Text, Weight: r.Weight, Source: r.Source,
				HeldOut: r.HeldOut}
		}
		if err := encode.Encode(what); err != nil {
			return nil, fmt.Errorf("finetune: %w", err)
		}
	}
	return map[string]string{
		"template.sha256": hex.EncodeToString(template[:]),
		"data.sha256":     hex.EncodeToString(data.Sum(nil)),
	}, nil
}

func mergeMetadata(ours, callers map[string]string) map[string]string {
	for k, v := range callers {
		ours[k] = v
	}
	return ours
}
