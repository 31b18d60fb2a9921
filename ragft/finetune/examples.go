//go:build cgo

package finetune

import (
	"cmp"
	"context"
	"fmt"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// rowExamples are the examples made of a row.
type rowExamples struct {
	id        string
	question  string
	heldOut   bool
	examples  []lora.Example // none: the row is too long
	truncated bool
	plain     bool          // text that is learnt as a whole
	read      []llama.Token // what the teacher reads in place of the first from tokens; nil: the row is learnt without a teacher
	from      int
}

// encoder makes examples of rows.
type encoder struct {
	model    *llama.Model
	loss     string
	tooLong  string
	context  int     // longest sequence, in tokens; 0 = no limit
	window   int     // tokens of an example, all its sequences together; 0 = no limit
	soft     float64 // share of the teacher; 0 = none
	language string  // of what the teacher is told
}

// newEncoder opens the model for its vocabulary and template; close the encoder's model after use.
func newEncoder(ctx context.Context, list []rows.Row, o Options) (*encoder, error) {
	model, err := llama.Load(ctx, o.Model, llama.ModelOptions{GPULayers: opt.Of(0)})
	if err != nil {
		return nil, fmt.Errorf("finetune: %w", err)
	}
	return &encoder{
		model: model, loss: o.Loss, tooLong: o.TooLong, context: model.ContextLength(), window: o.LoRA.Window, soft: o.Soft,
		language: cmp.Or(o.Language, languageOf(list)),
	}, nil
}

// encodeRows renders the rows by the model's template.
func (e *encoder) encodeRows(ctx context.Context, list []rows.Row) ([]rowExamples, error) {
	out := make([]rowExamples, len(list))
	for i, row := range list {
		err := ctx.Err()
		if err != nil {
			return nil, err
		}
		if out[i], err = e.encode(row); err != nil {
			return nil, fmt.Errorf("finetune: row %d (%s): %w", i+1, row.ID, err)
		}
	}
	return out, nil
}

func (e *encoder) encode(row rows.Row) (rowExamples, error) {
	out := rowExamples{id: row.ID, question: row.QuestionID, heldOut: row.HeldOut}
	if err := row.Check(); err != nil {
		return out, err
	}
	var err error
	switch {
	case row.Text != "":
		out.plain = true
		out.examples, err = e.text(row.Text)
	case len(row.Rejected) == 0 && e.loss == "text":
		out.examples, out.truncated, err = e.fit(row, row.Messages, e.everything)
	case len(row.Rejected) == 0 && e.loss == "all":
		out.examples, out.truncated, err = e.turns(row)
	default:
		var used []model.Message // shortened where they have to be
		out.examples, out.truncated, err = e.fit(row, row.Messages, func(row rows.Row, messages []model.Message) ([]lora.Example, error) {
			used = messages
			return e.last(row, messages)
		})
		if err == nil && e.soft > 0 {
			err = e.demonstrate(&out, row, used)
		}
	}
	for i := range out.examples {
		out.examples[i].Weight, out.examples[i].Source = row.Weight, row.Source
	}
	return out, err
}

// last has the loss on the last message, or on the preference for it.
func (e *encoder) last(row rows.Row, messages []model.Message) ([]lora.Example, error) {
	o := llama.ChatOptions{Tools: llamachat.Tools(row.Tools)}
	prompt, response, err := e.model.TokenizeTurn(llamachat.Messages(messages), o)
	if err != nil || len(row.Rejected) == 0 {
		return []lora.Example{lora.Completion(prompt, response)}, err
	}
	example := lora.Example{Tokens: prompt, Branches: []lora.Branch{branch(response)}}
	for i, rejected := range row.Rejected {
		messages := append(llamachat.Messages(messages[:len(messages)-1]), llamachat.Messages([]model.Message{rejected})...)
		_, response, err := e.model.TokenizeTurn(messages, o)
		if err != nil {
			return nil, fmt.Errorf("rejected response %d: %w", i+1, err)
		}
		example.Branches = append(example.Branches, branch(response))
		example.Pairs = append(example.Pairs, lora.Pair{Chosen: 0, Rejected: i + 1})
	}
	return []lora.Example{example}, nil
}

// branch has the loss on all its tokens.
func branch(tokens []llama.Token) lora.Branch {
	b := lora.Branch{Tokens: tokens, Loss: make([]float32, len(tokens))}
	for i := range b.Loss {
		b.Loss[i] = 1
	}
	return b
}

// everything has the loss on the whole conversation.
func (e *encoder) everything(row rows.Row, messages []model.Message) ([]lora.Example, error) {
	tokens, err := e.model.TokenizeChat(llamachat.Messages(messages),
		llama.ChatOptions{Tools: llamachat.Tools(row.Tools), NoGenerationPrompt: true})
	return []lora.Example{lora.Text(tokens)}, err
}

// turns has the loss on all messages of the assistant. A conversation that is too
// long is learnt turn by turn, each with as much before it as fits, so that only
// context is left out.
func (e *encoder) turns(row rows.Row) ([]lora.Example, bool, error) {
	conversations, err := e.model.TokenizeTurns(llamachat.Messages(row.Messages), llama.ChatOptions{Tools: llamachat.Tools(row.Tools)})
	if err != nil {
		return nil, false, err
	}
	examples := make([]lora.Example, len(conversations))
	for i, c := range conversations {
		examples[i] = lora.Example{Tokens: c.Tokens, Loss: make([]float32, len(c.Tokens))}
		for _, turn := range c.Turns {
			for k := max(1, turn.From); k < turn.To; k++ {
				examples[i].Loss[k] = 1
			}
		}
	}
	if e.fits(examples) {
		return examples, false, nil
	}
	if e.tooLong != "truncate" {
		return nil, false, nil
	}
	examples = nil
	for i, message := range row.Messages {
		if message.Role != model.RoleAssistant {
			continue
		}
		turn, _, err := e.fit(row, row.Messages[:i+1], e.last)
		if err != nil || turn == nil {
			return nil, false, err // a response that cannot be kept costs the row
		}
		examples = append(examples, turn...)
	}
	return examples, true, nil
}

// fit makes examples of messages, shortened as the policy says if they are too
// long; none if they are still too long.
func (e *encoder) fit(row rows.Row, messages []model.Message,
	encode func(rows.Row, []model.Message) ([]lora.Example, error)) (examples []lora.Example, truncated bool, err error) {
	examples, err = encode(row, messages)
	if err != nil || e.fits(examples) {
		return examples, false, err
	}
	if e.tooLong != "truncate" {
		return nil, false, nil
	}
	shorter, err := truncate(messages, !row.InTemplate(), func(shorter []model.Message) (bool, error) {
		var err error
		examples, err = encode(row, shorter)
		return err == nil && e.fits(examples), err
	})
	if err != nil || shorter == nil || !keepsEvidence(row, messages, shorter) {
		return nil, false, err
	}
	examples, err = encode(row, shorter)
	return examples, true, err
}

func (e *encoder) fits(examples []lora.Example) bool {
	for _, example := range examples {
		size, longest := len(example.Tokens), 0
		for _, b := range example.Branches {
			size, longest = size+len(b.Tokens), max(longest, len(b.Tokens))
		}
		if e.context > 0 && len(example.Tokens)+longest > e.context || e.window > 0 && size > e.window {
			return false
		}
	}
	return true
}

// defaultPiece is the length of the pieces that a long text is learnt in, the
// smallest window of the engine.
const defaultPiece = 512

// text has the loss on all of a text, which ends with EOS. A long one is cut into
// pieces; each begins with the last token of the one before, so that every token
// but the first is learnt once.
func (e *encoder) text(text string) ([]lora.Example, error) {
	tokens, err := e.model.Tokenize(text, llama.TokenizeOptions{AddSpecial: true})
	if err != nil {
		return nil, err
	}
	if eos := e.model.EOS(); eos != llama.NoToken && tokens[len(tokens)-1] != eos {
		tokens = append(tokens, eos)
	}
	size := e.window
	if size == 0 {
		size = defaultPiece
	}
	if e.context > 0 {
		size = min(size, e.context)
	}
	var examples []lora.Example
	for len(tokens) > size {
		examples = append(examples, lora.Text(tokens[:size]))
		tokens = tokens[size-1:]
	}
	return append(examples, lora.Text(tokens)), nil
}
