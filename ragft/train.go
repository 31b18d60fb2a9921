//go:build cgo

package ragft

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

// TrainOptions says how [Train] trains. Model and Adapter are needed; the rest
// has working zero values.
type TrainOptions struct {
	Model   string // path of the base model, GGUF
	Adapter string // path that the adapter is written to
	// HeldOut is the share of the rows that is not trained on, in [0, 1), to
	// watch the loss; 0 = 0.1, negative = none.
	HeldOut float64
	// LoRA says how to train; see [lora.Config] for its defaults.
	LoRA   lora.Config
	Logger *slog.Logger // nil = slog.Default
}

// TrainResult is what a training did.
type TrainResult struct {
	lora.Result
	Rows        int // trained on
	HeldOutRows int
	TooLong     int // rows left out because they are longer than the model's context
}

// ErrTemplate means that the model's chat template renders a conversation
// with its answer in a way that does not begin with the prompt, so that it
// cannot be told which tokens are the answer's.
var ErrTemplate = errors.New("the chat template cannot be split into prompt and response")

// Train teaches the model the rows: their messages are rendered by the model's
// own chat template, the loss is on the last message only, its end included.
// The adapter carries the hashes of model, template and data.
//
// A training that is cancelled, or killed, goes on when it is called again with
// the same arguments; see [lora.Train]. Rows longer than the model's context are
// left out, counted and logged, never cut.
func Train(ctx context.Context, rows []Row, o TrainOptions) (*TrainResult, error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("ragft: nothing to train on: %w", lora.ErrNoExamples)
	}
	examples, meta, err := tokenizeRows(ctx, rows, o.Model)
	if err != nil {
		return nil, err
	}
	kept := slices.DeleteFunc(slices.Clone(examples), func(e rowExample) bool { return e.tooLong })
	r := &TrainResult{TooLong: len(examples) - len(kept)}
	if r.TooLong > 0 {
		o.Logger.Warn("rows are longer than the model's context and were left out", "rows", r.TooLong, "of", len(rows))
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("ragft: all %d rows are longer than the model's context: use fewer or shorter passages", len(rows))
	}
	train, heldOut := splitExamples(kept, o.HeldOut, o.LoRA.Seed)
	r.Rows, r.HeldOutRows = len(train), len(heldOut)
	c := o.LoRA
	c.Metadata = mergeMetadata(meta, c.Metadata)
	result, err := lora.Train(ctx, o.Model, o.Adapter, c, train, heldOut)
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	r.Result = *result
	return r, nil
}

type rowExample struct {
	lora.Example
	question string
	tooLong  bool
}

// tokenizeRows renders the rows by the model's template.
func tokenizeRows(ctx context.Context, rows []Row, path string) ([]rowExample, map[string]string, error) {
	model, err := llama.Load(ctx, path, llama.ModelOptions{GPULayers: -1})
	if err != nil {
		return nil, nil, fmt.Errorf("ragft: %w", err)
	}
	defer model.Close()
	examples := make([]rowExample, len(rows))
	for i, row := range rows {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		prompt, response, err := splitChat(model, row.Messages)
		if err != nil {
			return nil, nil, fmt.Errorf("ragft: row %d (%s): %w", i+1, row.ID, err)
		}
		examples[i].Example = lora.Completion(prompt, response)
		examples[i].question = row.QuestionID
		if limit := model.ContextLength(); limit > 0 {
			examples[i].tooLong = len(prompt)+len(response) > limit
		}
	}
	meta, err := provenance(model, rows)
	return examples, meta, err
}

// splitChat returns the tokens of a conversation up to the last message, and
// those of the last message with the token that ends it.
func splitChat(model *llama.Model, messages []Message) (prompt, response []llama.Token, err error) {
	last := len(messages) - 1
	if last < 1 || messages[last].Role != RoleAssistant {
		return nil, nil, errors.New("the last message must be the assistant's, after a prompt")
	}
	if prompt, err = model.TokenizeChat(llamaMessages(messages[:last]), true); err != nil {
		return nil, nil, err
	}
	whole, err := model.TokenizeChat(llamaMessages(messages), false)
	if err != nil {
		return nil, nil, err
	}
	if len(whole) <= len(prompt) || !slices.Equal(whole[:len(prompt)], prompt) {
		return nil, nil, ErrTemplate
	}
	response = whole[len(prompt):]
	end := slices.IndexFunc(response, model.IsEndOfGeneration)
	if end >= 0 {
		return prompt, response[:end+1], nil // what a template puts after the end is not the model's to say
	}
	if model.EOS() == llama.NoToken {
		return nil, nil, fmt.Errorf("%w: nothing ends the answer", ErrTemplate)
	}
	return prompt, append(slices.Clone(response), model.EOS()), nil
}

// splitExamples holds out whole questions, since the rows of one question tell of each other. A row without a question
// stands for itself.
func splitExamples(examples []rowExample, share float64, seed uint64) (train, heldOut []lora.Example) {
	if share == 0 {
		share = 0.1
	}
	byQuestion := map[string][]lora.Example{}
	var questions []string
	for i, e := range examples {
		key := e.question
		if key == "" {
			key = fmt.Sprint("row ", i)
		}
		if byQuestion[key] == nil {
			questions = append(questions, key)
		}
		byQuestion[key] = append(byQuestion[key], e.Example)
	}
	n := int(max(0, min(share, 1)) * float64(len(questions)))
	for k, i := range rand.New(rand.NewPCG(seed, 0x68656c64)).Perm(len(questions)) {
		if k < n {
			heldOut = append(heldOut, byQuestion[questions[i]]...)
		} else {
			train = append(train, byQuestion[questions[i]]...)
		}
	}
	return train, heldOut
}

// provenance is what the adapter's file says about its making.
func provenance(model *llama.Model, rows []Row) (map[string]string, error) {
	hash, err := model.Hash()
	if err != nil {
		return nil, fmt.Errorf("ragft: %w", err)
	}
	template := sha256.Sum256([]byte(model.ChatTemplate()))
	data := sha256.New()
	encode := json.NewEncoder(data)
	for _, r := range rows {
		if err := encode.Encode(r.Messages); err != nil {
			return nil, fmt.Errorf("ragft: %w", err)
		}
	}
	return map[string]string{
		"version":         Version,
		"base.sha256":     hash,
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
