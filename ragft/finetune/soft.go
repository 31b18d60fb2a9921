//go:build cgo

package finetune

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/rows"
)

// likeliest is the number of tokens that a distribution of the teacher names, besides the response's own.
const likeliest = 32

// softSuffix names the file beside the adapter that keeps what the teacher has read until the training is done.
const softSuffix = ".soft"

// demonstrate prepares an example for a teacher's distributions, which until they are known are certain of the row's own
// tokens. A row that the teacher cannot read stays as it is.
func (e *encoder) demonstrate(out *rowExamples, row rows.Row, messages []model.Message) error {
	last := len(messages) - 1
	shown := prompt.Set{Language: e.language}.DemonstratedMessages(messages[:last], messages[last].Content)
	if len(row.Rejected) > 0 || len(messages[last].ToolCalls) > 0 || shown == nil || len(out.examples) != 1 {
		return nil
	}
	shown = append(shown, messages[last])
	read, _, err := e.model.TokenizeTurn(llamachat.Messages(shown), llama.ChatOptions{Tools: llamachat.Tools(row.Tools)})
	if err != nil {
		return fmt.Errorf("with the response shown: %w", err)
	}
	example := &out.examples[0]
	response := responseOf(example)
	if e.context > 0 && len(read)+len(response) > e.context {
		return nil
	}
	out.read, out.from = read, len(example.Tokens)-len(response)
	example.SoftShare, example.Soft = e.soft, make([]lora.Soft, len(example.Tokens))
	for i, t := range response {
		example.Soft[out.from+i] = lora.Soft{Tokens: []llama.Token{t}, P: []float32{1}}
	}
	return nil
}

// languageOf is the language of most of the rows' questions.
func languageOf(list []rows.Row) string {
	var texts []string
	for _, row := range list {
		texts = append(texts, row.Question)
	}
	return wordings.Language(texts)
}

// responseOf is the end of the example that is learnt.
func responseOf(e *lora.Example) []llama.Token {
	return e.Tokens[slices.IndexFunc(e.Loss, func(w float32) bool { return w > 0 }):]
}

// teach has the base, without an adapter, read the rows that are prepared for it, and gives them its distributions. What it
// read in an earlier run that was interrupted is taken from the file.
func (o *Options) teach(ctx context.Context, list []*rowExamples) error {
	longest := 0
	for _, row := range list {
		longest = max(longest, len(row.read)+len(row.examples[0].Tokens)-row.from)
	}
	hash, err := filehash.SHA256(ctx, false, o.Model)
	if err != nil {
		return err
	}
	layers := o.LoRA.GPULayers
	if len(o.LoRA.Servers) == 0 {
		layers = opt.Of(layers.Or(0))
	}
	m, err := llama.Load(ctx, o.Model, llama.ModelOptions{GPULayers: layers, Servers: o.LoRA.Servers})
	if err != nil {
		return err
	}
	defer m.Close()
	c, err := m.NewContext(llama.ContextOptions{
		Size: longest, Sequences: 1, Threads: o.LoRA.Threads, ExactAttention: true, // as the model that it teaches
	})
	if err != nil {
		return err
	}
	defer c.Close()
	kept, err := openTaught(o.Adapter + softSuffix)
	if err != nil {
		return err
	}
	for i, row := range list {
		example := &row.examples[0]
		text, at := example.Tokens[row.from:], row.taughtAt()
		key := taughtKey(hash, row.read, text, at)
		soft := kept.known[key]
		if len(soft) != len(at) {
			if soft, err = distributions(ctx, c, row.read, text, at); err == nil {
				err = kept.add(key, soft)
			}
			if err != nil {
				return errors.Join(fmt.Errorf("the teacher of row %s: %w", row.id, err), kept.file.Close())
			}
		}
		for k, place := range at {
			example.Soft[row.from+place] = soft[k]
		}
		if o.SoftProgress != nil {
			o.SoftProgress(i+1, len(list))
		}
	}
	return kept.file.Close()
}

// taughtAt are the places of what follows the prompt that have a loss.
func (r *rowExamples) taughtAt() (at []int) {
	for i, w := range r.examples[0].Loss[r.from:] {
		if w > 0 {
			at = append(at, i)
		}
	}
	return at
}

// distributions are what the model expects at these places of a text after the prompt: the likeliest tokens and the text's own.
func distributions(ctx context.Context, c *llama.Context, prompt, text []llama.Token, at []int) ([]lora.Soft, error) {
	places := make([]int, len(at))
	for k, i := range at {
		places[k] = len(prompt) + i
	}
	expected, err := c.Distributions(ctx, slices.Concat(prompt, text), places, likeliest)
	if err != nil {
		return nil, err
	}
	out := make([]lora.Soft, len(at))
	for k, tokens := range expected {
		for _, t := range tokens {
			out[k].Tokens, out[k].P = append(out[k].Tokens, t.Token), append(out[k].P, float32(math.Exp(float64(t.LogProb))))
		}
	}
	return out, nil
}

// taught is a line of the file: what the teacher expects at each place of a text.
type taught struct {
	Key  string      `json:"key"`
	Soft []lora.Soft `json:"soft"`
}

// taughtKey identifies what the teacher read: another model, prompt, text or place has another key.
func taughtKey(model string, prompt, text []llama.Token, at []int) string {
	h := sha256.New()
	fmt.Fprintln(h, model, likeliest, len(prompt), len(text), at)
	binary.Write(h, binary.LittleEndian, prompt)
	binary.Write(h, binary.LittleEndian, text)
	return hex.EncodeToString(h.Sum(nil))
}

// taughtFile has the lines of the file, which grows by a line whenever the teacher has read a response.
type taughtFile struct {
	file  *os.File
	known map[string][]lora.Soft
}

// openTaught opens the file, or makes one that only the user can read, since its likeliest tokens quote the rows.
func openTaught(path string) (*taughtFile, error) {
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	r := &taughtFile{known: map[string][]lora.Soft{}}
	for line := range bytes.Lines(data) {
		var known taught
		if json.Unmarshal(line, &known) == nil { // else half a line, of a run that was killed
			r.known[known.Key] = known.Soft
		}
	}
	if r.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if n := len(data); n > 0 && data[n-1] != '\n' {
		if _, err := r.file.WriteString("\n"); err != nil {
			return nil, errors.Join(err, r.file.Close())
		}
	}
	return r, nil
}

func (r *taughtFile) add(key string, soft []lora.Soft) error {
	return json.NewEncoder(r.file).Encode(taught{key, soft}) // in one piece
}

// teachable are the rows that are prepared for the teacher.
func teachable(sets ...[]rowExamples) (list []*rowExamples) {
	for _, set := range sets {
		for i := range set {
			if set[i].read != nil {
				list = append(list, &set[i])
			}
		}
	}
	return list
}
