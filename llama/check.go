//go:build cgo

package llama

import (
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// Bounds that no real model exceeds. If a damaged file does, llama.cpp ends the process, divides by zero or allocates all
// memory.
const (
	maxLayers = 512 // llama.cpp's own
	maxWidth  = 1 << 20
	maxParts  = 1 << 10
)

// Tensors that are treated specially.
const (
	embeddingName = "token_embd.weight"
	outputName    = "output.weight"
)

// openGGUF opens a file, and translates errors into those of this package.
func openGGUF(path string) (*gguf.File, error) {
	f, err := gguf.Open(path)
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, gguf.ErrNotGGUF):
		return nil, fmt.Errorf("%w: %w", ErrNotGGUF, err)
	case errors.Is(err, gguf.ErrUnsupportedVersion):
		return nil, fmt.Errorf("%w: %w", ErrUnsupported, err)
	case errors.Is(err, gguf.ErrTruncated), errors.Is(err, gguf.ErrMalformed):
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil, err
}

// check reads the headers of the model's files, and rejects files on which llama.cpp would end the process.
func (m *Model) check() error {
	m.shapes = map[string][]int64{}
	first, err := openGGUF(m.path)
	if err != nil {
		return err
	}
	defer func() { _ = first.Close() }()
	if kind, ok := first.Text("general.type"); ok && kind != "model" {
		return fmt.Errorf("%w: the file contains a %s, not a model", ErrUnsupported, kind)
	}
	if err := checkHyperparameters(first); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if m.files, err = partPaths(m.path, first); err != nil {
		return err
	}
	if err := m.checkTensors(first); err != nil {
		return err
	}
	for _, path := range m.files[1:] {
		if err := m.checkPart(path); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if len(m.shapes) == 0 {
		return fmt.Errorf("%w: the file has no tensors", ErrCorrupt)
	}
	return nil
}

func (m *Model) checkPart(path string) error {
	f, err := openGGUF(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return m.checkTensors(f)
}

// checkTensors checks the types of tensors, which llama.cpp only does when it computes with them.
func (m *Model) checkTensors(f *gguf.File) error {
	for _, t := range f.Tensors() {
		if err := checkTensor(t); err != nil {
			return fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		m.shapes[t.Name] = t.Dims
	}
	return nil
}

func checkTensor(t gguf.TensorInfo) error {
	if len(t.Dims) == 0 || t.Elements() == 0 {
		return fmt.Errorf("tensor %s is empty", t.Name)
	}
	if t.Type == gguf.I32 && strings.HasSuffix(t.Name, ".ffn_gate_tid2eid.weight") {
		return nil // a table of which token goes to which expert
	}
	switch t.Type {
	case gguf.Q8_1, gguf.Q8_K, gguf.I8, gguf.I16, gguf.I32, gguf.I64, gguf.F64:
		return fmt.Errorf("tensor %s has type %v, which cannot hold weights", t.Name, t.Type)
	}
	if plain := strings.HasSuffix(t.Name, "norm.weight") || strings.HasSuffix(t.Name, ".bias"); plain && t.Type != gguf.F32 {
		return fmt.Errorf("tensor %s has type %v, not F32", t.Name, t.Type)
	}
	return nil
}

var partName = regexp.MustCompile(`^(.*)-00001-of-(\d{5})\.gguf$`)

// partPaths returns the files of a model that may be split into several.
func partPaths(path string, first *gguf.File) ([]string, error) {
	n, _ := first.Uint("split.count")
	if n <= 1 {
		return []string{path}, nil
	}
	match := partName.FindStringSubmatch(path)
	if match == nil || match[2] != fmt.Sprintf("%05d", n) || n > maxParts {
		return nil, fmt.Errorf("%w: the model has %d files; open the first, NAME-00001-of-%05d.gguf", ErrUnsupported, n, n)
	}
	paths := make([]string, n)
	for i := range paths {
		paths[i] = fmt.Sprintf("%s-%05d-of-%s.gguf", match[1], i+1, match[2])
		if _, err := os.Stat(paths[i]); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// hyperparameters is the metadata of one architecture.
type hyperparameters struct {
	*gguf.File
	arch string
}

// checkHyperparameters rejects sizes that are absurd or inconsistent.
func checkHyperparameters(f *gguf.File) error {
	arch, ok := f.Text("general.architecture")
	if !ok || arch == "" {
		return errors.New("general.architecture is missing")
	}
	h := hyperparameters{f, arch}
	for _, bound := range []struct {
		key      string
		min, max uint64
		required bool
	}{
		{"block_count", 1, maxLayers, true},
		{"embedding_length", 1, maxWidth, true},
		{"context_length", 1, math.MaxInt32, true},
		{"vocab_size", 1, 1 << 24, false},
		{"attention.key_length", 1, 1 << 16, false},
		{"attention.value_length", 1, 1 << 16, false},
		{"rope.dimension_count", 0, 1 << 16, false},
		{"expert_count", 0, 4096, false},
		{"attention.sliding_window", 0, math.MaxInt32, false},
	} {
		values, err := h.numbers(bound.key)
		if err != nil {
			return err
		}
		if bound.required && len(values) != 1 {
			return fmt.Errorf("%s.%s is missing", arch, bound.key)
		}
		for _, v := range values {
			if v < bound.min || v > bound.max {
				return fmt.Errorf("%s.%s is %d; it must be from %d to %d", arch, bound.key, v, bound.min, bound.max)
			}
		}
	}
	if err := h.checkHeads(); err != nil {
		return err
	}
	if err := h.checkDivisors(); err != nil {
		return err
	}
	if err := h.checkFloats(); err != nil {
		return err
	}
	return checkVocabulary(f)
}

// numbers returns a value that is one number, or one for each layer.
func (h hyperparameters) numbers(key string) ([]uint64, error) {
	key = h.arch + "." + key
	v, ok := h.Value(key)
	if !ok {
		return nil, nil
	}
	if n, ok := h.Uint(key); ok {
		return []uint64{n}, nil
	}
	var out []uint64
	switch list := v.(type) {
	case []uint32:
		for _, n := range list {
			out = append(out, uint64(n))
		}
	case []int32:
		for _, n := range list {
			out = append(out, uint64(uint32(n)))
		}
	default:
		return nil, fmt.Errorf("%s is a %T", key, v)
	}
	return out, nil
}

// checkHeads checks the divisors that llama.cpp does not check.
func (h hyperparameters) checkHeads() error {
	width, _ := h.Uint(h.arch + ".embedding_length")
	heads, err := h.numbers("attention.head_count")
	if err != nil {
		return err
	}
	groups, err := h.numbers("attention.head_count_kv")
	if err != nil {
		return err
	}
	for i, n := range heads {
		if n > width {
			return fmt.Errorf("%d attention heads in a model of width %d", n, width)
		}
		if len(groups) == 0 {
			continue
		}
		// a layer without attention has no heads for keys and values
		if g := groups[min(i, len(groups)-1)]; g > n || g > 0 && n%g != 0 {
			return fmt.Errorf("%d attention heads cannot share %d heads of keys and values", n, g)
		}
	}
	rope, err := h.numbers("rope.dimension_count")
	if err != nil {
		return err
	}
	key, _ := h.numbers("attention.key_length")
	size := maxHead(width, heads, key)
	for _, n := range rope {
		if n%2 != 0 || size > 0 && n > size {
			return fmt.Errorf("rotary embeddings cannot have %d dimensions in a head of %d", n, size)
		}
	}
	return nil
}

// maxHead returns the width of the widest head, or 0 if there are none.
func maxHead(width uint64, heads, key []uint64) uint64 {
	if len(key) == 1 {
		return key[0]
	}
	size := uint64(0)
	for _, n := range heads {
		if n > 0 {
			size = max(size, width/n)
		}
	}
	return size
}

// checkFloats rejects numbers that make every result NaN, or on which ggml ends the process.
func (h hyperparameters) checkFloats() error {
	for _, kv := range h.Metadata() {
		v, ok := h.Float(kv.Key)
		if !ok || !strings.HasPrefix(kv.Key, h.arch+".") {
			continue
		}
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 && strings.Contains(kv.Key, "epsilon") {
			return fmt.Errorf("%s is %v", kv.Key, v)
		}
	}
	return nil
}

func checkVocabulary(f *gguf.File) error {
	if name, ok := f.Text("tokenizer.ggml.model"); !ok || name == "none" || name == "no_vocab" {
		return errors.New("the model has no tokenizer")
	}
	tokens, ok := f.Texts("tokenizer.ggml.tokens")
	if !ok || len(tokens) == 0 || len(tokens) > 1<<24 {
		return errors.New("tokenizer.ggml.tokens is not a list of tokens")
	}
	for _, kv := range f.Metadata() {
		if !strings.HasPrefix(kv.Key, "tokenizer.ggml.") || !strings.HasSuffix(kv.Key, "_token_id") {
			continue
		}
		n, ok := f.Uint(kv.Key)
		if !ok || n >= uint64(len(tokens)) && n != math.MaxUint32 {
			return fmt.Errorf("%s is %v; the vocabulary has %d tokens", kv.Key, kv.Value, len(tokens))
		}
	}
	return nil
}

// checkAdapter checks that the adapter fits the model, before llama.cpp reads it.
func (m *Model) checkAdapter(path string) error {
	f, err := openGGUF(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if kind, _ := f.Text("general.type"); kind != "adapter" {
		return fmt.Errorf("%w: the file is not an adapter: general.type is %q", ErrAdapterMismatch, kind)
	}
	if kind, _ := f.Text("adapter.type"); kind != "lora" {
		return fmt.Errorf("%w: adapter.type is %q, not \"lora\"", ErrAdapterMismatch, kind)
	}
	if arch, _ := f.Text("general.architecture"); arch != m.Architecture() {
		return fmt.Errorf("%w: it was made for the architecture %q; the model has %q", ErrAdapterMismatch, arch, m.Architecture())
	}
	if v, ok := f.Value("adapter.lora.alpha"); ok {
		alpha, isFloat := v.(float32)
		if !isFloat || math.IsNaN(float64(alpha)) || math.IsInf(float64(alpha), 0) {
			return fmt.Errorf("%w: adapter.lora.alpha is %v", ErrCorrupt, v)
		}
	}
	for _, t := range f.Tensors() {
		if err := m.checkAdapterTensor(f, t); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) checkAdapterTensor(f *gguf.File, t gguf.TensorInfo) error {
	base, isA := strings.CutSuffix(t.Name, ".lora_a")
	if !isA {
		var isB bool
		if base, isB = strings.CutSuffix(t.Name, ".lora_b"); isB {
			if _, ok := f.Tensor(base + ".lora_a"); !ok {
				return fmt.Errorf("%w: %s has no counterpart", ErrCorrupt, t.Name)
			}
		} else if !strings.HasSuffix(t.Name, "_norm.weight") { // llama.cpp skips those
			return fmt.Errorf("%w: unknown tensor %s", ErrAdapterMismatch, t.Name)
		}
		return checkTensorType(t)
	}
	b, ok := f.Tensor(base + ".lora_b")
	if !ok {
		return fmt.Errorf("%w: %s has no counterpart", ErrCorrupt, t.Name)
	}
	shape, ok := m.shapes[base]
	if !ok {
		return fmt.Errorf("%w: the model has no tensor %s", ErrAdapterMismatch, base)
	}
	if _, untied := m.shapes[outputName]; base == embeddingName && !untied {
		return fmt.Errorf("%w: it changes %s, which is also the model's output matrix; llama.cpp does not support that",
			ErrAdapterMismatch, base)
	}
	if !fits(shape, t.Dims, b.Dims, base == embeddingName) {
		return fmt.Errorf("%w: %s is %v in the model; the adapter's matrices are %v and %v",
			ErrAdapterMismatch, base, shape, t.Dims, b.Dims)
	}
	return checkTensorType(t)
}

// fits reports whether the product of a and b has the shape of the weight. For an embedding the matrices are transposed.
func fits(weight, a, b []int64, embedding bool) bool {
	w, x, y := dims4(weight), dims4(a), dims4(b)
	if w[2] != x[2] || w[2] != y[2] || w[3] != x[3] || w[3] != y[3] {
		return false
	}
	if embedding {
		return w[0] == y[1] && w[1] == x[1] && x[0] == y[0]
	}
	return w[0] == x[0] && w[1] == y[1] && x[1] == y[0]
}

func dims4(dims []int64) [4]int64 {
	out := [4]int64{1, 1, 1, 1}
	copy(out[:], dims)
	return out
}

func checkTensorType(t gguf.TensorInfo) error {
	if err := checkTensor(t); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return nil
}
