//go:build cgo

package finetune

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"

	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/rows"
)

// LossOn says which tokens of a row are learnt. Rows of plain text are learnt as a
// whole, and rows with rejected responses as preferences, whatever it is.
type LossOn string

// What is learnt of a conversation.
const (
	LossLast LossOn = ""     // the last message, its end included
	LossAll  LossOn = "all"  // every message of the assistant, tool calls included, each with its end
	LossText LossOn = "text" // all of it, as in pre-training
)

// TooLong says what becomes of rows that are longer than the model's context,
// or than lora.Config.Window where that is set. Whatever it is, they are counted
// and logged: the ids of the first as a warning, all of them at the debug level. Long rows of plain text are cut into pieces, of
// which none is left out.
type TooLong string

// What becomes of rows that are too long.
const (
	// TooLongDrop leaves them out.
	TooLongDrop TooLong = ""

	// TooLongTruncate shortens what stands before the response, never the
	// response: first whole exchanges go, from the beginning of the conversation,
	// then passages, from the last on as [assistant.Assistant] leaves them out, and last the
	// beginning of the longest message of the user or a tool. With [LossAll] each
	// response is then learnt by itself. Rows that stay too long, or whose
	// reference answer would be lost with a passage, are left out. So are those with
	// passages in a [prompt.Template] that stay too long without the earlier exchanges: what
	// is question and what passage is not known of them. Make them with fewer or
	// shorter passages.
	TooLongTruncate TooLong = "truncate"
)

// TrainOptions says how [Train] trains. Model and Adapter are needed; the rest
// has working zero values.
type Options struct {
	Model   string // path of the base model, GGUF
	Adapter string // path that the adapter is written to
	// HeldOut is the share of the rows that is not trained on, in [0, 1), to
	// watch the loss; 0 = 0.1, negative = none.
	HeldOut float64
	Loss    LossOn  // what is learnt of a row
	TooLong TooLong // what becomes of rows that are too long
	// LoRA says how to train; see [lora.Config] for its defaults.
	LoRA   lora.Config
	Logger *slog.Logger // nil = slog.Default
}

func (o Options) check() error {
	switch o.Loss {
	case LossLast, LossAll, LossText:
	default:
		return fmt.Errorf(`ragft: loss %q: it is "", "all" or "text"`, o.Loss)
	}
	switch o.TooLong {
	case TooLongDrop, TooLongTruncate:
	default:
		return fmt.Errorf(`ragft: policy %q for rows that are too long: it is "" or "truncate"`, o.TooLong)
	}
	return nil
}

// TrainResult is what a training did.
type Result struct {
	lora.Result
	Rows        int // trained on
	HeldOutRows int
	TooLong     int // rows left out because they are too long
	Truncated   int // rows that were shortened, among Rows and HeldOutRows

	Losses []trainlog.LossPoint // before this run and of its steps; those before a checkpoint are not among them
}

// Training is what a report says of this run.
func (r *Result) Training() trainlog.Training {
	return trainlog.Training{
		Losses: r.Losses, BaseBySource: r.BaseBySource, HeldOutBySource: r.HeldOutBySource, Seconds: r.TrainSeconds,
		Rows: r.Rows, Tokens: r.Tokens, Memory: r.Memory.Total(),
	}
}

// Train teaches the model the rows: their messages are rendered by the model's
// own chat template, and what o.Loss names is learnt; by default the last
// message only, its end included. The adapter carries the hashes of model,
// template and data. A template that does not let be told which tokens are the
// assistant's is [llama.ErrTemplateSplit], and one without a place for a row's
// tools [llama.ErrTools]. Errors name the row.
//
// A training that is cancelled, or killed, goes on when it is called again with
// the same arguments; see [lora.Train].
func Train(ctx context.Context, rows []rows.Row, o Options) (*Result, error) {
	r, c, train, heldOut, err := prepare(ctx, rows, &o)
	if err != nil {
		return nil, err
	}
	each := c.Progress
	c.Progress = func(p lora.Progress) {
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
		return nil, fmt.Errorf("ragft: %w", err)
	}
	r.Result = *result
	return r, nil
}

// EstimateMemory says what Train would hold at its peak for the same arguments, without training: see
// [lora.EstimateMemory].
func EstimateMemory(ctx context.Context, rows []rows.Row, o Options) (lora.Memory, error) {
	_, c, train, heldOut, err := prepare(ctx, rows, &o)
	if err != nil {
		return lora.Memory{}, err
	}
	m, err := lora.EstimateMemory(ctx, o.Model, c, train, heldOut)
	if err != nil {
		return m, fmt.Errorf("ragft: %w", err)
	}
	return m, nil
}

// prepare makes examples of the rows, and completes the options of the training.
func prepare(ctx context.Context, rows []rows.Row, o *Options) (r *Result, c lora.Config, train, heldOut []lora.Example, err error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if err := o.check(); err != nil {
		return nil, c, nil, nil, err
	}
	if len(rows) == 0 {
		return nil, c, nil, nil, fmt.Errorf("ragft: nothing to train on: %w", lora.ErrNoExamples)
	}
	encoded, meta, err := encodeRows(ctx, rows, *o)
	if err != nil {
		return nil, c, nil, nil, err
	}
	r = &Result{}
	kept, err := r.count(encoded, o.Logger)
	if err != nil {
		return nil, c, nil, nil, err
	}
	learnt, watched := splitRows(kept, o.HeldOut, o.LoRA.Seed, o.LoRA.MaxRise)
	r.Rows, r.HeldOutRows = len(learnt), len(watched)
	c = o.LoRA
	if o.Loss != LossLast {
		meta["loss"] = string(o.Loss)
	}
	c.Metadata = mergeMetadata(meta, c.Metadata)
	return r, c, joinExamples(learnt), joinExamples(watched), nil
}

// count tells what became of the rows, and returns those to train on.
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
		return nil, fmt.Errorf("ragft: all %d rows are longer than the model's context: use fewer or shorter passages", len(rows))
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

// splitRows holds out the rows that say so, and of each source a share of its
// questions, whole ones, since the rows of one question tell of each other. A row
// without a question stands for itself and its copies: what is learnt is never
// measured. Of several sources each keeps a question back if it can, so that
// each has a loss; those that are watched do so always. A source whose rows say
// themselves what is held out keeps back no more.
func splitRows(rows []rowExamples, share float64, seed uint64, watched map[string]float64) (train, heldOut []rowExamples) {
	if share == 0 {
		share = 0.1
	}
	byQuestion := map[string][]rowExamples{}
	bySource := map[string][]string{} // questions, by the source of their first row
	said := map[string]bool{}         // sources that say what is held out
	var sources []string
	for _, row := range rows {
		source := row.source()
		if row.heldOut {
			heldOut, said[source] = append(heldOut, row), true
			continue
		}
		key := row.key()
		if byQuestion[key] == nil {
			if bySource[source] == nil {
				sources = append(sources, source)
			}
			bySource[source] = append(bySource[source], key)
		}
		byQuestion[key] = append(byQuestion[key], row)
	}
	rng := rand.New(rand.NewPCG(seed, 0x68656c64))
	for _, source := range sources {
		questions := bySource[source]
		n := int(max(0, min(share, 1)) * float64(len(questions)))
		if _, ok := watched[source]; share > 0 && len(questions) > 1 && (ok || len(sources) > 1) {
			n = max(n, 1)
		}
		if said[source] {
			n = 0
		}
		for k, i := range rng.Perm(len(questions)) {
			if k < n {
				heldOut = append(heldOut, byQuestion[questions[i]]...)
			} else {
				train = append(train, byQuestion[questions[i]]...)
			}
		}
	}
	return train, heldOut
}

// source is that of a row's examples.
func (r rowExamples) source() string {
	if len(r.examples) == 0 {
		return ""
	}
	return r.examples[0].Source
}

// key is the same for rows that must not be on both sides of a split.
func (r rowExamples) key() string {
	if r.question != "" {
		return "question " + r.question
	}
	all := sha256.New()
	for _, e := range r.examples {
		fmt.Fprintln(all, e.Tokens)
		for _, b := range e.Branches {
			fmt.Fprintln(all, "branch", b.Tokens)
		}
	}
	return string(all.Sum(nil))
}

// provenance is what the adapter's file says about its making besides what package lora writes.
func provenance(model *llama.Model, list []rows.Row) (map[string]string, error) {
	template := sha256.Sum256([]byte(model.ChatTemplate()))
	data := sha256.New()
	encode := json.NewEncoder(data)
	for _, r := range list {
		var what any = r.Messages
		if len(r.Tools)+len(r.Rejected)+len(r.Text)+len(r.Source) > 0 || r.Weight != 0 || r.HeldOut {
			what = rows.Row{Messages: r.Messages, Tools: r.Tools, Rejected: r.Rejected, Text: r.Text, Weight: r.Weight, Source: r.Source, HeldOut: r.HeldOut}
		}
		if err := encode.Encode(what); err != nil {
			return nil, fmt.Errorf("ragft: %w", err)
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
