package export

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
)

// Recipe is the training configuration that [TRL] and [Axolotl] write. Base is
// required. The other fields default to what lora.Config uses where it has the
// same field.
type Recipe struct {
	Base string // the base model's name on Hugging Face, or its folder
	// Architecture is the base's family as llama.cpp names it, one of
	// [Architectures]. It is required where Targets are given.
	Architecture string

	// Targets are the modules to adapt, by their GGUF names such as "attn_q",
	// or patterns of [path.Match]. Empty means all linear layers.
	Targets        []string
	Rank           int     // 0 = 16
	Alpha          float64 // the update is scaled by Alpha / Rank; 0 = 2 * Rank
	RankStabilized bool    // scale by Alpha / sqrt(Rank) instead (rsLoRA, arXiv 2312.03732)
	Dropout        float64 // dropout rate of the adapter's input, below 1; 0 = none

	Epochs       int                // 0 = 1
	LearningRate float64            // peak rate; 0 = 2e-4, and 5e-6 for preferences
	WarmUp       opt.Value[float64] // share of the steps, from 0 to 1; unset = 0.05
	WeightDecay  float64            // of AdamW; 0 = none
	BatchRows    int                // rows in a batch on each device; 0 = 4
	Accumulate   int                // batches accumulated for a step; 0 = 4
	MaxTokens    int                // longest row in tokens; 0 = 2048
	HeldOut      opt.Value[float64] // share of the rows for validation, below 1; unset = 0.1
	Beta         float64            // of DPO (arXiv 2305.18290, equation 7); 0 = 0.1
	Seed         uint64             // the trainers take the low 31 bits
}

// Files lists what was written for a trainer. A path is empty if there were no
// rows of its kind.
type Files struct {
	Rows        string // conversations to learn from, JSONL
	Preferences string // preference pairs for DPO, JSONL
	Text        string // plain text, JSONL
	// Configs are the scripts or configuration files that start the training,
	// one for each of the files above.
	Configs []string

	RowCount, PairCount, TextCount int // lines of the files above

	// Weighted counts the rows with a weight other than 1. These trainers have
	// no weights, so such rows count as much as any other.
	Weighted int
}

// numbers are a recipe's values with the defaults filled in.
type numbers struct {
	Recipe
	WarmUp, HeldOut float64
}

func (r Recipe) withDefaults(preferences bool) (numbers, error) {
	n := numbers{Recipe: r, WarmUp: r.WarmUp.Or(0.05), HeldOut: r.HeldOut.Or(0.1)}
	if strings.TrimSpace(n.Base) == "" {
		return n, errors.New("export: recipe: no base model")
	}
	n.Rank, n.Epochs = cmp.Or(n.Rank, 16), cmp.Or(n.Epochs, 1)
	n.Alpha, n.Beta = cmp.Or(n.Alpha, 2*float64(n.Rank)), cmp.Or(n.Beta, 0.1)
	rate := 2e-4
	if preferences {
		rate = 5e-6
	}
	n.LearningRate = cmp.Or(n.LearningRate, rate)
	n.BatchRows, n.Accumulate, n.MaxTokens = cmp.Or(n.BatchRows, 4), cmp.Or(n.Accumulate, 4), cmp.Or(n.MaxTokens, 2048)
	below1 := math.Nextafter(1, 0)
	for _, f := range []struct {
		name       string
		value, max float64
	}{
		{"Alpha", n.Alpha, math.MaxFloat64}, {"LearningRate", n.LearningRate, math.MaxFloat64}, {"Beta", n.Beta, math.MaxFloat64},
		{"WeightDecay", n.WeightDecay, math.MaxFloat64}, {"Dropout", n.Dropout, below1}, {"HeldOut", n.HeldOut, below1},
		{"WarmUp", n.WarmUp, 1},
		{"Rank", float64(n.Rank), math.MaxInt32}, {"Epochs", float64(n.Epochs), math.MaxInt32},
		{"BatchRows", float64(n.BatchRows), math.MaxInt32}, {"Accumulate", float64(n.Accumulate), math.MaxInt32},
		{"MaxTokens", float64(n.MaxTokens), math.MaxInt32},
	} {
		if math.IsNaN(f.value) || f.value < 0 || f.value > f.max {
			return n, fmt.Errorf("export: recipe: %s is %v, which is out of range", f.name, f.value)
		}
	}
	return n, nil
}

// modules returns the names of the targets in transformers; nil means all linear layers.
func (r Recipe) modules() ([]string, error) {
	if len(r.Targets) == 0 {
		return nil, nil
	}
	f, err := familyOf(r.Architecture)
	if err != nil {
		return nil, fmt.Errorf("%w: recipe: set Architecture", err)
	}
	var out []string
	for _, target := range r.Targets {
		found := false
		for module, hf := range f.modules {
			match, err := path.Match(target, module)
			if err != nil {
				return nil, fmt.Errorf("export: recipe: target %q: %w", target, err)
			}
			if match {
				found = true
				out = append(out, hf[strings.LastIndex(hf, ".")+1:])
			}
		}
		if target == "output" {
			out, found = append(out, "lm_head"), true
		}
		if !found {
			return nil, fmt.Errorf("%w: recipe: %s has no target %q", ErrUnsupported, r.Architecture, target)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// set holds the rows sorted by what a trainer does with them.
type set struct {
	learn, prefer []rows.Row
	text          []string
	weighted      int
}

// sortRows leaves out the held-out rows.
func sortRows(rows []rows.Row) (set, error) {
	var s set
	for i, row := range rows {
		if row.Weight != 0 && row.Weight != 1 {
			s.weighted++
		}
		switch {
		case row.HeldOut:
		case row.Text != "":
			s.text = append(s.text, row.Text)
		case len(row.Messages) < 2 || row.Messages[len(row.Messages)-1].Role != model.RoleAssistant:
			return s, fmt.Errorf("export: row %d %s does not end with a response to a prompt", i+1, row.ID)
		case len(row.Rejected) > 0:
			s.prefer = append(s.prefer, row)
		default:
			s.learn = append(s.learn, row)
		}
	}
	if len(s.learn)+len(s.prefer)+len(s.text) == 0 {
		return s, errors.New("export: there are no rows to train on")
	}
	return s, nil
}

// writeJSONL writes one line for each value. Where there are none, it removes the file of an earlier call.
func writeJSONL[T any](name string, values []T) (string, error) {
	if len(values) == 0 {
		return "", removeOld(name)
	}
	return name, replaceFile(name, func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		for _, v := range values {
			if err := encoder.Encode(v); err != nil {
				return err
			}
		}
		return nil
	})
}

// removeOld removes the file of an earlier call, if there is one.
func removeOld(name string) error {
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

type textRow struct {
	Text string `json:"text"`
}

// begin checks the input before anything is written.
func begin(dir string, rows []rows.Row, r Recipe) (set, *Files, error) {
	if _, err := r.withDefaults(false); err != nil {
		return set{}, nil, err
	}
	if _, err := r.modules(); err != nil {
		return set{}, nil, err
	}
	s, err := sortRows(rows)
	if err != nil {
		return s, nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return s, nil, fmt.Errorf("export: %w", err)
	}
	return s, &Files{RowCount: len(s.learn), TextCount: len(s.text), Weighted: s.weighted}, nil
}

func (f *Files) write(dir string, learn, prefer any, text []string) (err error) {
	var texts []textRow
	for _, t := range text {
		texts = append(texts, textRow{t})
	}
	list := func(values any) []json.RawMessage {
		var out []json.RawMessage
		data, marshalErr := json.Marshal(values)
		err = errors.Join(err, marshalErr, json.Unmarshal(data, &out))
		return out
	}
	l, p := list(learn), list(prefer)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	var errs [3]error
	f.Rows, errs[0] = writeJSONL(filepath.Join(dir, "rows.jsonl"), l)
	f.Preferences, errs[1] = writeJSONL(filepath.Join(dir, "preferences.jsonl"), p)
	f.Text, errs[2] = writeJSONL(filepath.Join(dir, "text.jsonl"), texts)
	return errors.Join(errs[:]...)
}

// configs has write make the file that starts the training on each data set: rows + suffix, and so on. Where there is no
// data set, it removes the file of an earlier call.
func (f *Files) configs(dir, suffix string, write func(name, data string, preferences bool) error) error {
	for i, data := range []string{f.Rows, f.Preferences, f.Text} {
		name := filepath.Join(dir, []string{"rows", "preferences", "text"}[i]+suffix)
		if data == "" {
			if err := removeOld(name); err != nil {
				return err
			}
			continue
		}
		if err := write(name, filepath.Base(data), data == f.Preferences); err != nil {
			return err
		}
		f.Configs = append(f.Configs, name)
	}
	return nil
}
