// Package testmodel writes small GGUF models with random weights, and LoRA
// adapters for them, for the tests of the packages that run or train models. The
// files are complete: llama.cpp loads them, tokenizes with them and renders their
// chat template.
package testmodel

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/gguf"
)

// Spec describes a model. The zero value is a llama model of two layers in F32.
type Spec struct {
	Arch        string // one of [Families]; "" means "llama"
	Layers      int    // 0 means 2
	Width       int    // size of the residual stream; 0 means 64
	Heads       int    // query heads; 0 means 4
	HeadsKV     int    // key and value heads; 0 means half of Heads
	HeadDim     int    // 0 means Width / Heads
	FeedForward int    // 0 means 96
	Context     int    // trained context in tokens; 0 means 1024

	// Type is what the matrices are stored as: F32 (the zero value), F16, BF16, Q8_0
	// or Q4_0, and with cgo what else ggml quantises to. Norms and biases are always
	// F32.
	Type gguf.Type
	// Types, if not nil, chooses in place of Type what each matrix is stored as, by
	// its name in the file: mixed files such as Q4_K_M, see [Q4KM].
	Types func(tensor string) gguf.Type
	// EmbeddingF32 stores token_embd and output as F32 whatever Type is.
	EmbeddingF32 bool
	// Tied leaves output.weight out, so that token_embd serves for both.
	Tied bool
	// Seed chooses the weights. The same Spec always gives the same file.
	Seed uint64

	// Vocab lists texts that become single tokens; nil means [DefaultVocab]. A
	// text must not cross what the pre-tokenizer splits: a word with at most one
	// space, which leads it.
	Vocab []string
	// Pre names llama.cpp's pre-tokenizer; "" means "qwen2". With "gpt-2"
	// llama.cpp drops spaces before punctuation when it detokenizes; with "qwen2"
	// it keeps them.
	Pre string
	// ChatTemplate is the Jinja template of conversations; "" means [ChatTemplate].
	ChatTemplate string
	// Plain leaves out the chat template.
	Plain bool
	// Specials are further special tokens, as they are written, which the chat
	// template may use. llama.cpp takes some of them for the end of a turn by their
	// names, for instance "<|im_end|>".
	Specials []string
	// AddBOS says that the model wants a BOS token in front of every text.
	AddBOS bool
}

// withDefaults returns s with its zero fields set, or says what cannot be.
func (s Spec) withDefaults() (Spec, error) {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	if s.Arch == "" {
		s.Arch = "llama"
	}
	if s.Pre == "" {
		s.Pre = "qwen2"
	}
	if s.ChatTemplate == "" {
		s.ChatTemplate = ChatTemplate
	}
	if s.Vocab == nil {
		s.Vocab = DefaultVocab()
	}
	def(&s.Layers, 2)
	def(&s.Width, 64)
	def(&s.Heads, 4)
	def(&s.HeadsKV, max(1, s.Heads/2))
	def(&s.HeadDim, s.Width/max(1, s.Heads))
	def(&s.FeedForward, 96)
	def(&s.Context, 1024)
	return s, s.check()
}

func (s Spec) check() error {
	if _, ok := families[s.Arch]; !ok {
		return fmt.Errorf("architecture %q: known are %s", s.Arch, strings.Join(Families(), ", "))
	}
	for _, n := range []int{s.Layers, s.Width, s.Heads, s.HeadsKV, s.HeadDim, s.FeedForward, s.Context} {
		if n <= 0 {
			return fmt.Errorf("sizes must be positive: %+v", s)
		}
	}
	if s.Heads%s.HeadsKV != 0 {
		return fmt.Errorf("%d heads are no multiple of %d key and value heads", s.Heads, s.HeadsKV)
	}
	if s.HeadDim%2 != 0 {
		return fmt.Errorf("head size %d is odd, which rotary positions do not allow", s.HeadDim)
	}
	if c := families[s.Arch].check; c != nil {
		return c(s)
	}
	return nil
}

// Q4KM is a [Spec].Types that mixes types as Q4_K_M files do: Q6_K for the output
// matrix and, in every other layer, for attn_v and ffn_down, Q4_K for the rest.
func Q4KM(tensor string) gguf.Type {
	var layer int
	fmt.Sscanf(tensor, "blk.%d.", &layer)
	more := strings.Contains(tensor, "attn_v") || strings.Contains(tensor, "ffn_down")
	if tensor == "output.weight" || more && layer%2 == 0 {
		return gguf.Q6_K
	}
	return gguf.Q4_K
}

// New writes a model into the test's temporary folder and returns its path. It
// ends the test if that fails.
func New(tb testing.TB, s Spec) string {
	tb.Helper()
	path := tb.TempDir() + "/model.gguf"
	if err := Write(path, s); err != nil {
		tb.Fatalf("writing a test model: %v", err)
	}
	return path
}

// NewAdapter writes an adapter for the model at base into the test's temporary
// folder and returns its path. It ends the test if that fails.
func NewAdapter(tb testing.TB, base string, a AdapterSpec) string {
	tb.Helper()
	path := tb.TempDir() + "/adapter.gguf"
	if err := WriteAdapter(path, base, a); err != nil {
		tb.Fatalf("writing a test adapter: %v", err)
	}
	return path
}
