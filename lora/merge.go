//go:build cgo

package lora

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/filehash"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/internal/version"
)

// MergeOptions says what [Merge] does. Base, Adapter and Output are needed.
type MergeOptions struct {
	Base    string // path of the GGUF model, in one file
	Adapter string // path of the LoRA adapter
	Output  string // path of the merged model; must not be one of the other two
	// Scale multiplies the adapter's change, as a user's scale in llama.cpp does; 0 stands for 1.
	Scale float64
	// Type of the weights that the adapter changes, such as "F16", "Q8_0" or "Q4_K"; "" stands for the type that each has
	// in the base, so that a mixed file stays what it was.
	Type string
	// Whole gives all matrices Type, not only the changed ones: a file of one type. Norms, biases, the routers of experts
	// and the like stay as they are. It needs Type.
	Whole bool
	// Threads that compute; 0 stands for the number of cores.
	Threads int
	// SkipCheck leaves the comparison with base and adapter on a few short texts in English out, which loads the model and
	// computes each text three times.
	SkipCheck bool
	// Progress is called on the goroutine of the call with the bytes of tensors written, and all. Nil is none.
	Progress func(done, total int64)
}

// MergeResult is what a merge did.
type MergeResult struct {
	Changed int   // weights that the adapter changed
	Copied  int   // tensors that were copied byte for byte
	Bytes   int64 // size of the tensors
	// OtherBase says that the adapter names another file as its base by its hash. That is as it should be for another
	// quantisation of the same model, and a mistake otherwise.
	OtherBase bool
	Check     *MergeCheck // nil if SkipCheck
}

// Merge writes the base model with the adapter added into its weights: W + scale * alpha / rank * B * A, each changed
// tensor computed in F32 and encoded again in its own type or the one asked for, all others and all metadata kept as they
// are. It takes the memory of a few million weights at a time, whatever the model's size.
//
// A change that is small beside the steps of a quantised type is partly lost in encoding it: Check says what came
// through, and Type "Q8_0" or "F16" keeps more.
//
// The merged model is written beside its place, checked (see [MergeCheck]) and only then renamed. It carries the adapter's
// provenance as ragft.merged.<n>.<key>, n counting the adapters merged before, with the hashes of base and adapter.
// Errors wrap [ErrAdapter] if the adapter does not fit, or come from reading and writing; Output is untouched then.
func Merge(ctx context.Context, o MergeOptions) (*MergeResult, error) {
	m, err := openMerge(o)
	if err != nil {
		return nil, err
	}
	defer m.close()
	w, err := gguf.Create(o.Output)
	if err != nil {
		return nil, fmt.Errorf("lora: the merged model cannot be written: %w", err)
	}
	defer w.Close()
	var v *verification
	if !o.SkipCheck { // before the work, since it is here that llama.cpp may refuse base or adapter
		if v, err = newVerification(ctx, o); err != nil {
			return nil, err
		}
	}
	r := &MergeResult{Changed: len(m.changes)}
	if err := m.writeMetadata(ctx, w, r); err != nil {
		return nil, err
	}
	if r.Copied, err = m.addTensors(ctx, w); err != nil {
		return nil, err
	}
	r.Bytes = m.total
	err = w.CommitChecked(func(path string) (err error) {
		if v != nil {
			r.Check, err = v.compare(ctx, path)
		}
		return err
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("lora: merging: %w", err)
	}
	return r, nil
}

// merge is one merge at work.
type merge struct {
	MergeOptions
	base        *gguf.File
	adapter     *adapterFile // nil for a conversion
	changes     map[string]adapterPair
	types       map[string]gguf.Type // of the merged model's tensors
	done, total int64
}

func (m *merge) close() {
	if m.base != nil {
		m.base.Close()
	}
	if m.adapter != nil {
		m.adapter.Close()
	}
}

func newMerge(o MergeOptions) *merge {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Threads == 0 {
		o.Threads = runtime.NumCPU()
	}
	return &merge{MergeOptions: o, changes: map[string]adapterPair{}, types: map[string]gguf.Type{}}
}

// openMerge checks everything that can be checked before the work.
func openMerge(o MergeOptions) (_ *merge, err error) {
	m := newMerge(o)
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if math.IsNaN(m.Scale) || math.IsInf(m.Scale, 0) || m.Threads < 0 {
		return nil, fmt.Errorf("lora: Scale %v and Threads %d must be sensible numbers", m.Scale, m.Threads)
	}
	if m.base, err = openModel(o.Base); err != nil {
		return nil, err
	}
	if m.adapter, err = openAdapter(o.Adapter); err != nil {
		return nil, err
	}
	for _, path := range []string{o.Base, o.Adapter} {
		if sameFile(path, o.Output) {
			return nil, fmt.Errorf("lora: the merged model would replace %s: choose another output", path)
		}
	}
	if err := m.adapter.checkBase(m.base); err != nil {
		return nil, err
	}
	if err := m.choose(); err != nil {
		return nil, err
	}
	return m, nil
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// choose finds the changed weights and decides about the type of every tensor.
func (m *merge) choose() error {
	asked, known := gguf.ParseType(m.Type)
	if m.Type != "" && !known {
		return fmt.Errorf("lora: there is no tensor type %q: use F32, F16, BF16, Q8_0, Q6_K, Q5_K or Q4_K, or none for the base's own", m.Type)
	}
	if m.Whole && m.Type == "" {
		return errors.New("lora: to give the whole file one type, name it in Type")
	}
	var pairs []adapterPair
	if m.adapter != nil {
		pairs = m.adapter.pairs
	}
	for _, p := range pairs {
		if err := m.checkChange(p); err != nil {
			return err
		}
		m.changes[p.target] = p
	}
	dense := mainType(m.base.Tensors(), func(t gguf.TensorInfo) gguf.Type { return t.Type })
	for _, t := range m.base.Tensors() {
		_, changed := m.changes[t.Name]
		typ := t.Type
		if m.Type != "" && (changed || m.Whole && isMatrix(t) && (t.Type == dense || t.Type != gguf.F32)) {
			typ = asked
		}
		if changed || typ != t.Type {
			if err := checkEncoding(t, typ); err != nil {
				return err
			}
		}
		m.types[t.Name] = typ
		size, err := typ.Bytes(t.Dims)
		if err != nil {
			return fmt.Errorf("lora: tensor %s: %w", t.Name, err)
		}
		m.total += size
	}
	return nil
}

// checkChange refuses what is no sum of weights.
func (m *merge) checkChange(p adapterPair) error {
	if _, untied := m.base.Tensor("output.weight"); p.embedding() && !untied {
		return fmt.Errorf("%w: %s: it changes %s, which is also the output matrix of %s, so the two cannot be merged",
			ErrAdapter, m.Adapter, p.target, m.Base)
	}
	module := strings.TrimSuffix(p.target, ".weight")
	if _, scaled := m.base.Tensor(module + ".scale"); scaled {
		return fmt.Errorf("lora: %s keeps a scale beside %s, which a merged weight could not share: merge into an F16 or Q8_0 file of "+
			"the model", m.Base, p.target)
	}
	return nil
}

// checkEncoding says whether a tensor can be read and written in the types.
func checkEncoding(t gguf.TensorInfo, typ gguf.Type) error {
	if _, err := llamacpp.Dequantize(t.Type, nil, 0); err != nil {
		return fmt.Errorf("lora: tensor %s is %s, which cannot be read: %w", t.Name, t.Type, err)
	}
	if _, err := llamacpp.Quantize(typ, nil, int(t.Dims[0])); errors.Is(err, llamacpp.ErrQuantize) {
		return fmt.Errorf("lora: tensor %s cannot be written as %s, which needs an importance matrix or has no encoder: set Type to "+
			"\"Q8_0\" or \"F16\"", t.Name, typ)
	} else if err != nil {
		return fmt.Errorf("lora: tensor %s cannot be written as %s: %w; set Type to \"F16\"", t.Name, typ, err)
	}
	return nil
}

// isMatrix tells whether a file of one type has the tensor in it. The others are small, and llama.cpp's quantiser leaves
// them alone, too.
func isMatrix(t gguf.TensorInfo) bool {
	return len(t.Dims) >= 2 && strings.HasSuffix(t.Name, ".weight") && !slices.ContainsFunc(
		[]string{"norm", "ffn_gate_inp", "conv", "time_mix", "pos_embd", "position_embd", "token_types", "altup", "laurel", "rel_b"},
		func(part string) bool { return strings.Contains(t.Name, part) })
}

// mainType returns the type that holds most of the weights of matrices.
func mainType(tensors []gguf.TensorInfo, typeOf func(gguf.TensorInfo) gguf.Type) gguf.Type {
	count := map[gguf.Type]int64{}
	best := gguf.F32
	for _, t := range tensors {
		if isMatrix(t) {
			typ := typeOf(t)
			if count[typ] += t.Elements(); count[typ] > count[best] {
				best = typ
			}
		}
	}
	return best
}

// fileTypes are llama.cpp's numbers for files that mostly are of a type, for general.file_type. Of the K-quants it
// is that of the plain mixture.
var fileTypes = map[gguf.Type]uint32{
	gguf.F32: 0, gguf.F16: 1, gguf.Q4_0: 2, gguf.Q4_1: 3, gguf.Q8_0: 7, gguf.Q5_0: 8, gguf.Q5_1: 9, gguf.Q2_K: 10, gguf.Q3_K: 11,
	gguf.Q4_K: 14, gguf.Q5_K: 16, gguf.Q6_K: 18, gguf.IQ4_NL: 25, gguf.IQ3_S: 26, gguf.IQ4_XS: 30, gguf.BF16: 32,
}

// writeMetadata keeps the base's metadata in its order, and adds what the merge was.
func (m *merge) writeMetadata(ctx context.Context, w *gguf.Writer, r *MergeResult) error {
	all := m.baseMetadata()
	baseHash, err := hashFile(ctx, m.Base)
	if err != nil {
		return err
	}
	adapterHash, err := hashFile(ctx, m.Adapter)
	if err != nil {
		return err
	}
	of, says := m.adapter.Text("ragft.base.sha256")
	r.OtherBase = says && of != baseHash
	n, _ := m.base.Uint("ragft.merged.count")
	prefix := fmt.Sprintf("ragft.merged.%d.", n)
	for _, kv := range m.adapter.Metadata() {
		if key, ok := strings.CutPrefix(kv.Key, "ragft."); ok {
			all = append(all, gguf.KV{Key: prefix + key, Value: kv.Value})
		}
	}
	all = append(all,
		gguf.KV{Key: "ragft.merged.count", Value: uint32(n) + 1},
		gguf.KV{Key: prefix + "into.sha256", Value: baseHash},
		gguf.KV{Key: prefix + "adapter.sha256", Value: adapterHash},
		gguf.KV{Key: prefix + "scale", Value: m.Scale},
		gguf.KV{Key: prefix + "by", Value: version.Version})
	return setAll(w, all)
}

// hashFile returns the SHA-256 of a file in hexadecimal.
func hashFile(ctx context.Context, path string) (string, error) {
	sum, err := filehash.SHA256(ctx, false, path)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("lora: %w", err)
	}
	return sum, err
}

// contextReader ends with the context's error.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
