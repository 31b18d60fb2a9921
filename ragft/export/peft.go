package export

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// Names of PEFT's files in an adapter's folder.
const (
	configFile  = "adapter_config.json"
	weightsFile = "adapter_model.safetensors"
	peftPrefix  = "base_model.model."
)

// peftConfig is adapter_config.json, as far as a LoRA adapter needs it.
type peftConfig struct {
	PEFTType      string             `json:"peft_type"`
	TaskType      string             `json:"task_type"`
	Base          string             `json:"base_model_name_or_path"`
	R             int64              `json:"r"`
	Alpha         float64            `json:"lora_alpha"`
	Dropout       float64            `json:"lora_dropout"`
	Bias          string             `json:"bias"`
	UseRSLoRA     bool               `json:"use_rslora"`
	UseDoRA       bool               `json:"use_dora"`
	FanInFanOut   bool               `json:"fan_in_fan_out"`
	InferenceMode bool               `json:"inference_mode"`
	InitWeights   any                `json:"init_lora_weights"`
	Targets       any                `json:"target_modules"` // a list or a pattern
	ToSave        []string           `json:"modules_to_save"`
	RankPattern   map[string]int64   `json:"rank_pattern"`
	AlphaPattern  map[string]float64 `json:"alpha_pattern"`
	ALoRA         []int64            `json:"alora_invocation_tokens,omitempty"`
}

// pair is one weight's matrices: change = scale * B * A, with A [rank, in] and
// B [out, rank], both with the last dimension contiguous. For an embedding A
// is [rank, vocabulary] in PEFT's file and its transpose in GGUF's.
type pair struct {
	name  string // GGUF's, without ".weight"
	a, b  tensor
	scale float64
}

func (p pair) rank() int64 { return p.b.shape[1] }

const embedding = "token_embd"

// ToPEFTOptions says how [ToPEFT] names things. The zero value works for
// models of text.
type ToPEFTOptions struct {
	// Base is the base's name on Hugging Face or its folder, which PEFT looks
	// for when the adapter is loaded; "" leaves it to the caller of PEFT.
	Base string
	// Root is what stands before "layers" in the names of transformers; "" =
	// "model". Models of text and pictures have "model.language_model".
	Root string
}

// ToPEFT writes the GGUF adapter into the folder dir as PEFT saves one, with
// adapter_config.json and adapter_model.safetensors. base is the path of the
// base model in GGUF; only its header is read. Values in F32, F16 and BF16 are
// kept to the bit, Q8_0 and Q4_0 become F32. What has no counterpart, such as
// stacks of experts, is [ErrUnsupported].
func ToPEFT(adapter, base, dir string, o ToPEFTOptions) error {
	o.Root = cmp.Or(o.Root, "model")
	m, err := openBase(base)
	if err != nil {
		return err
	}
	defer m.Close()
	pairs, err := readGGUFAdapter(adapter, m)
	if err != nil {
		return err
	}
	config := peftConfig{PEFTType: "LORA", TaskType: "CAUSAL_LM", Base: o.Base, Bias: "none", InferenceMode: true, InitWeights: true,
		R: pairs[0].rank(), Alpha: pairs[0].scale * float64(pairs[0].rank()), RankPattern: map[string]int64{}, AlphaPattern: map[string]float64{}}
	targets := map[string]bool{}
	var tensors []tensor
	for _, p := range pairs {
		name, err := m.toHF(p.name, o.Root)
		if err != nil {
			return err
		}
		targets[name[strings.LastIndex(name, ".")+1:]] = true
		if p.rank() != config.R {
			config.RankPattern[regexp.QuoteMeta(name)] = p.rank()
		}
		if alpha := p.scale * float64(p.rank()); alpha != config.Alpha {
			config.AlphaPattern[regexp.QuoteMeta(name)] = alpha
		}
		if tensors, err = m.appendPEFT(tensors, p, name); err != nil {
			return err
		}
	}
	config.Targets = slices.Sorted(maps.Keys(targets))
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := writeSafetensors(filepath.Join(dir, weightsFile), tensors); err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, configFile), func(w io.Writer) error {
		_, err := w.Write(append(text, '\n'))
		return err
	})
}

// appendPEFT adds the pair's matrices with the names and in the order of transformers.
func (m *baseModel) appendPEFT(tensors []tensor, p pair, name string) ([]tensor, error) {
	a, b := p.a, p.b
	a.name, b.name = peftPrefix+name+".lora_A.weight", peftPrefix+name+".lora_B.weight"
	if p.name == embedding {
		a.name, b.name = peftPrefix+name+".lora_embedding_A", peftPrefix+name+".lora_embedding_B"
		a = transpose(a)
	}
	heads, err := m.heads(m.File, m.architecture, p.name)
	if err != nil {
		return nil, err
	}
	if heads > 0 {
		if b.data, err = reorder(b.data, b.shape[0], heads, false); err != nil {
			return nil, fmt.Errorf("export: %s: %w", p.name, err)
		}
	}
	return append(tensors, a, b), nil
}

// FromPEFT writes the GGUF adapter for the LoRA adapter in the folder dir, as
// PEFT, TRL and Axolotl save one: ranks and alphas of single modules and rsLoRA
// included. base is the path of the base model in GGUF; only its header is
// read, and every weight is checked against it. Values keep their type, but
// where modules differ in alpha: GGUF has one for all, so that the difference
// is multiplied into B, in F32.
//
// DoRA, biases, whole modules that were saved and weights without counterpart
// are [ErrUnsupported]; a damaged file of weights is [ErrSafetensors].
func FromPEFT(dir, base, adapter string) error {
	m, err := openBase(base)
	if err != nil {
		return err
	}
	defer m.Close()
	config, err := readConfig(filepath.Join(dir, configFile))
	if err != nil {
		return err
	}
	tensors, err := readSafetensors(filepath.Join(dir, weightsFile))
	if err != nil {
		return err
	}
	pairs, err := m.pairUp(tensors, config)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return m.writeGGUF(adapter, pairs)
}

func readConfig(path string) (*peftConfig, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	c := &peftConfig{}
	if err := json.Unmarshal(data, c); err != nil {
		return nil, fmt.Errorf("export: %s: %w", path, err)
	}
	what := ""
	switch {
	case c.PEFTType != "LORA":
		what = fmt.Sprintf("an adapter of the type %q", c.PEFTType)
	case c.UseDoRA:
		what = "DoRA"
	case c.FanInFanOut:
		what = "fan_in_fan_out"
	case c.Bias != "" && c.Bias != "none":
		what = "trained biases"
	case len(c.ToSave) > 0:
		what = "whole modules (modules_to_save)"
	case len(c.ALoRA) > 0:
		what = "activated LoRA"
	default:
		return c, nil
	}
	return nil, fmt.Errorf("%w: %s: %s cannot be said in a GGUF adapter", ErrUnsupported, path, what)
}

// scale is what PEFT multiplies the product of a module's matrices by.
func (c *peftConfig) scale(module string, rank int64) (float64, error) {
	alpha, r := c.Alpha, c.R
	for _, key := range slices.Sorted(maps.Keys(c.AlphaPattern)) {
		if match, err := matches(key, module); err != nil {
			return 0, err
		} else if match {
			alpha = c.AlphaPattern[key]
			break
		}
	}
	for _, key := range slices.Sorted(maps.Keys(c.RankPattern)) {
		if match, err := matches(key, module); err != nil {
			return 0, err
		} else if match {
			r = c.RankPattern[key]
			break
		}
	}
	if r != rank {
		return 0, fmt.Errorf("export: %s has the rank %d and should have %d", module, rank, r)
	}
	if math.IsNaN(alpha) || math.IsInf(alpha, 0) || alpha == 0 {
		return 0, fmt.Errorf("export: %s has the alpha %v", module, alpha)
	}
	if c.UseRSLoRA {
		return alpha / math.Sqrt(float64(r)), nil
	}
	return alpha / float64(r), nil
}

// matches is PEFT's way to look a module up: the pattern is its name, or the end of it after a dot.
func matches(key, module string) (bool, error) {
	pattern, err := regexp.Compile(`^(.*\.)?(` + key + `)$`)
	if err != nil {
		return false, fmt.Errorf("export: the pattern %q: %w", key, err)
	}
	return pattern.MatchString(module), nil
}

var peftName = regexp.MustCompile(`^(?:base_model\.model\.)?(.+?)\.lora_(?:embedding_)?([AB])(?:\.default)?(?:\.weight)?$`)

// pairUp finds the matrices of each weight, in GGUF's names and order.
func (m *baseModel) pairUp(tensors []tensor, c *peftConfig) ([]pair, error) {
	byModule := map[string]*pair{}
	var order []string
	for _, t := range tensors {
		parts := peftName.FindStringSubmatch(t.name)
		if parts == nil || len(t.shape) != 2 || t.shape[0] == 0 || t.shape[1] == 0 {
			return nil, fmt.Errorf("%w: the tensor %s %v is no matrix of a LoRA adapter", ErrUnsupported, t.name, t.shape)
		}
		p := byModule[parts[1]]
		if p == nil {
			p = &pair{}
			byModule[parts[1]], order = p, append(order, parts[1])
		}
		if parts[2] == "A" {
			p.a = t
		} else {
			p.b = t
		}
	}
	var pairs []pair
	seen := map[string]string{}
	for _, module := range order {
		p := byModule[module]
		if err := m.complete(p, module, c); err != nil {
			return nil, err
		}
		if other := seen[p.name]; other != "" {
			return nil, fmt.Errorf("export: %s and %s are the same weight, %s", other, module, p.name)
		}
		seen[p.name] = module
		pairs = append(pairs, *p)
	}
	if len(pairs) == 0 {
		return nil, errors.New("export: the adapter changes no weight")
	}
	return pairs, nil
}

// complete names the pair, puts it into GGUF's order and checks it against the base.
func (m *baseModel) complete(p *pair, module string, c *peftConfig) (err error) {
	if p.a.data == nil || p.b.data == nil {
		return fmt.Errorf("export: %s has one matrix only", module)
	}
	if p.name, err = m.fromHF(module); err != nil {
		return err
	}
	if p.a.shape[0] != p.b.shape[1] {
		return fmt.Errorf("export: the matrices of %s, %v and %v, are not of one rank", module, p.a.shape, p.b.shape)
	}
	if p.scale, err = c.scale(module, p.rank()); err != nil {
		return err
	}
	heads, err := m.heads(m.File, m.architecture, p.name)
	if err != nil {
		return err
	}
	if heads > 0 {
		if p.b.data, err = reorder(p.b.data, p.b.shape[0], heads, true); err != nil {
			return fmt.Errorf("export: %s: %w", module, err)
		}
	}
	if p.name == embedding {
		p.a = transpose(p.a)
	}
	return m.check(*p)
}

// transpose turns a matrix, whatever its type.
func transpose(t tensor) tensor {
	rows, cols := t.shape[0], t.shape[1]
	size := dtypeBytes[t.dtype]
	out := make([]byte, len(t.data))
	for i := range rows {
		for j := range cols {
			copy(out[(j*rows+i)*size:(j*rows+i+1)*size], t.data[(i*cols+j)*size:])
		}
	}
	t.shape, t.data = []int64{cols, rows}, out
	return t
}

// scaled multiplies a matrix, in F32.
func scaled(t tensor, factor float64) (tensor, error) {
	kind, _ := gguf.ParseType(t.dtype)
	values, err := gguf.Dequantize(kind, t.data)
	if err != nil {
		return t, fmt.Errorf("export: %w", err)
	}
	t.dtype, t.data = "F32", make([]byte, 0, 4*len(values))
	for _, v := range values {
		t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(float32(float64(v)*factor)))
	}
	return t, nil
}
