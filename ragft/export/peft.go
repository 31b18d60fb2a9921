package export

import (
	"cmp"
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

	"github.com/ragft/ragft/internal/charsets"
)

// Files that PEFT saves in an adapter's folder, and the prefix of its tensors.
const (
	configFile  = "adapter_config.json"
	weightsFile = "adapter_model.safetensors"
	peftPrefix  = "base_model.model."
)

// peftConfig holds the fields of adapter_config.json that matter for LoRA.
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

// pair holds the matrices of one weight. Its update is scale * B * A, with A of
// shape [rank, in] and B of shape [out, rank], both row-major. For an embedding
// A is [rank, vocabulary] in PEFT, and its transpose in GGUF.
type pair struct {
	name  string // GGUF's, without ".weight"
	a, b  tensor
	scale float64
}

func (p pair) rank() int64 { return p.b.shape[1] }

const embedding = "token_embd"

// ToPEFTOptions are the names that [ToPEFT] writes. The zero value suits models
// of text.
type ToPEFTOptions struct {
	// Base is the base model's name on Hugging Face, or its folder, which PEFT
	// loads with the adapter. Empty means that whoever loads it names the base.
	Base string
	// Root is the prefix of "layers" in the names of transformers' modules.
	// Empty means "model". Models of text and images have
	// "model.language_model".
	Root string
}

// ToPEFT converts the GGUF adapter at path adapter into the folder dir, as PEFT
// saves one: adapter_config.json and adapter_model.safetensors. base is the
// path of the base model in GGUF; only its header is read. Values in F32, F16
// and BF16 are kept bit for bit; other types become F32. The error wraps
// [ErrUnsupported] for weights that PEFT has no name for, such as stacks of
// experts. dir is created if it does not exist.
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
	config := peftConfig{
		PEFTType: "LORA", TaskType: "CAUSAL_LM", Base: o.Base, Bias: "none", InferenceMode: true, InitWeights: true,
		R: pairs[0].rank(), Alpha: pairs[0].scale * float64(pairs[0].rank()),
		RankPattern: map[string]int64{}, AlphaPattern: map[string]float64{},
	}
	var tensors []tensor
	var targets []string // whole names: a name's end may match modules that have no matrices here
	for _, p := range pairs {
		name, err := m.toHF(p.name, o.Root)
		if err != nil {
			return err
		}
		targets = append(targets, name)
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
	config.Targets = targets
	text, err := json.MarshalIndent(config, "", "  ")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
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

// appendPEFT adds the pair's matrices with the names and row order of transformers.
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

// FromPEFT converts the LoRA adapter in the folder dir, as PEFT, TRL and Axolotl
// save one, into a GGUF adapter at path adapter. Ranks and alphas of single
// modules and rsLoRA are supported. base is the path of the base model in GGUF;
// only its header is read, and every weight is checked against it. Values keep
// their type, except where modules differ in alpha: GGUF has one alpha for all,
// so the difference is multiplied into B, in F32.
//
// The error wraps [ErrUnsupported] for DoRA, biases, modules that were trained
// as a whole, initialisations that change the base, such as PiSSA, and weights
// that GGUF has no name for, and [ErrSafetensors] for a damaged file of weights.
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
	if err := json.Unmarshal(charsets.Unmarked(data), c); err != nil {
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
		what = "modules that were trained as a whole (modules_to_save)"
	case len(c.ALoRA) > 0:
		what = "activated LoRA"
	case c.changesBase():
		what = fmt.Sprintf("matrices that began by %q, which changes the weights of the base: save the adapter again, with PEFT's "+
			"path_initial_model_for_weight_conversion where that knows the method, or train from another beginning", c.InitWeights)
	default:
		return c, nil
	}
	return nil, fmt.Errorf("%w: %s: a GGUF adapter cannot hold %s", ErrUnsupported, path, what)
}

// changesBase says whether PEFT changed the base's weights when it made the matrices, as all its named methods do but
// these: B * A is then no update of the base as it was.
func (c *peftConfig) changesBase() bool {
	method, named := c.InitWeights.(string)
	return named && !slices.Contains([]string{"gaussian", "eva", "orthogonal"}, strings.ToLower(method))
}

// scale returns the factor of a module's update B * A in PEFT.
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
		return 0, fmt.Errorf("export: %s has rank %d; the configuration says %d", module, rank, r)
	}
	if math.IsNaN(alpha) || math.IsInf(alpha, 0) || alpha == 0 {
		return 0, fmt.Errorf("export: the alpha of %s is %v", module, alpha)
	}
	if c.UseRSLoRA {
		return alpha / math.Sqrt(float64(r)), nil
	}
	return alpha / float64(r), nil
}

// matches applies PEFT's rule: a pattern matches a module's whole name, or its end after a dot.
func matches(key, module string) (bool, error) {
	pattern, err := regexp.Compile(`^(.*\.)?(` + key + `)$`)
	if err != nil {
		return false, fmt.Errorf("export: pattern %q: %w", key, err)
	}
	return pattern.MatchString(module), nil
}

var peftName = regexp.MustCompile(`^(?:base_model\.model\.)?(.+?)\.lora_(?:embedding_)?([AB])(?:\.default)?(?:\.weight)?$`)

// peftCopy is what PEFT adds of an embedding or an output that has matrices: its weight in the base, as it was.
var peftCopy = regexp.MustCompile(`^(?:base_model\.model\.)?(.+)\.base_layer\.weight$`)

// pairUp finds the two matrices of each weight, and gives them the names and order of GGUF.
func (m *baseModel) pairUp(tensors []tensor, c *peftConfig) ([]pair, error) {
	byModule := map[string]*pair{}
	var order, copies []string
	for _, t := range tensors {
		if parts := peftCopy.FindStringSubmatch(t.name); parts != nil {
			copies = append(copies, parts[1])
			continue
		}
		parts := peftName.FindStringSubmatch(t.name)
		if parts == nil || len(t.shape) != 2 || t.shape[0] == 0 || t.shape[1] == 0 {
			return nil, fmt.Errorf("%w: the tensor %s %v is not a matrix of a LoRA adapter", ErrUnsupported, t.name, t.shape)
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
	for _, module := range copies {
		if byModule[module] == nil {
			return nil, fmt.Errorf("%w: the weight of %s, which has no matrices", ErrUnsupported, module)
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
			return nil, fmt.Errorf("export: %s and %s both stand for the weight %s", other, module, p.name)
		}
		seen[p.name] = module
		pairs = append(pairs, *p)
	}
	if len(pairs) == 0 {
		return nil, errors.New("export: the adapter is empty")
	}
	return pairs, nil
}

// complete gives the pair its name and order in GGUF, and checks it against the base.
func (m *baseModel) complete(p *pair, module string, c *peftConfig) (err error) {
	if p.a.data == nil || p.b.data == nil {
		return fmt.Errorf("export: %s has only one of its two matrices", module)
	}
	if p.name, err = m.fromHF(module); err != nil {
		return err
	}
	if p.a.shape[0] != p.b.shape[1] {
		return fmt.Errorf("export: the matrices of %s, %v and %v, differ in rank", module, p.a.shape, p.b.shape)
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
