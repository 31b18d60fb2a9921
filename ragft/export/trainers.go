package export

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v3"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// Recipe says how the trainer is to tune. Base is needed; the rest has working
// zero values, those of lora.Config where it has the same field.
type Recipe struct {
	Base         string // the base's name on Hugging Face, or its folder
	Architecture string // llama.cpp's name of the base's family; needed if Targets are named

	Targets        []string // GGUF modules such as "attn_q", or patterns as of path.Match; nil = all linear layers
	Rank           int      // 0 = 16
	Alpha          float64  // 0 = 2 * Rank
	RankStabilized bool     // scale by Alpha / sqrt(Rank), rsLoRA
	Dropout        float64  // of the adapter's input; 0 = none

	Epochs       int     // 0 = 1
	LearningRate float64 // 0 = 2e-4, and 5e-6 of preferences
	WarmUp       float64 // share of the steps; 0 = 0.05, negative = none
	WeightDecay  float64 // 0 = none
	BatchRows    int     // rows of a step on each device; 0 = 4
	Accumulate   int     // steps whose gradients are added up; 0 = 4
	MaxTokens    int     // of a row; 0 = 2048
	HeldOut      float64 // share of the rows to watch the loss on; 0 = 0.1, negative = none
	Beta         float64 // of DPO; 0 = 0.1
	Seed         uint64  // its low 31 bits are used
}

// Files says what was written for a trainer. A path is "" if there are no rows for it.
type Files struct {
	Rows        string // rows to learn, JSONL
	Preferences string // pairs to prefer, JSONL
	Text        string // plain text, JSONL
	// Configs are what the trainer is started with, one for each kind of rows.
	Configs []string

	RowCount, PairCount, TextCount int
	// Weighted rows had a weight of their own, which these trainers do not know: each counts the same there.
	Weighted int
}

func (r Recipe) withDefaults(preferences bool) (Recipe, error) {
	if strings.TrimSpace(r.Base) == "" {
		return r, errors.New("export: recipe: no base model")
	}
	r.Rank, r.Epochs = cmp.Or(r.Rank, 16), cmp.Or(r.Epochs, 1)
	r.Alpha, r.Beta = cmp.Or(r.Alpha, 2*float64(r.Rank)), cmp.Or(r.Beta, 0.1)
	rate := 2e-4
	if preferences {
		rate = 5e-6
	}
	r.LearningRate = cmp.Or(r.LearningRate, rate)
	r.WarmUp, r.HeldOut = max(cmp.Or(r.WarmUp, 0.05), 0), max(cmp.Or(r.HeldOut, 0.1), 0)
	r.BatchRows, r.Accumulate, r.MaxTokens = cmp.Or(r.BatchRows, 4), cmp.Or(r.Accumulate, 4), cmp.Or(r.MaxTokens, 2048)
	for _, v := range []float64{r.Alpha, r.LearningRate, r.Beta, r.Dropout, r.WeightDecay, r.WarmUp, r.HeldOut} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return r, fmt.Errorf("export: recipe: the number %v", v)
		}
	}
	if min(r.Rank, r.Epochs, r.BatchRows, r.Accumulate, r.MaxTokens) < 0 || r.Dropout >= 1 || r.HeldOut >= 1 || r.WarmUp > 1 {
		return r, errors.New("export: recipe: a number is out of its range")
	}
	return r, nil
}

// modules are the targets by the names of transformers; nil = all linear layers.
func (r Recipe) modules() ([]string, error) {
	if len(r.Targets) == 0 {
		return nil, nil
	}
	f, err := familyOf(r.Architecture)
	if err != nil {
		return nil, fmt.Errorf("%w: recipe: set Recipe.Architecture", err)
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
			return nil, fmt.Errorf("%w: recipe: target %q of %s", ErrUnsupported, target, r.Architecture)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// set is the rows by what a trainer does with them.
type set struct {
	learn, prefer []rows.Row
	text          []string
	weighted      int
}

// sortRows leaves out the rows that are not to be learnt.
func sortRows(rows []rows.Row) (set, error) {
	var s set
	for i, row := range rows {
		if row.Weight != 0 && row.Weight != 1 {
			s.weighted++
		}
		switch {
		case row.HeldOut: // not to be learnt
		case row.Text != "":
			s.text = append(s.text, row.Text)
		case len(row.Messages) < 2 || row.Messages[len(row.Messages)-1].Role != model.RoleAssistant:
			return s, fmt.Errorf("export: row %d %s has no prompt and response", i+1, row.ID)
		case len(row.Rejected) > 0:
			s.prefer = append(s.prefer, row)
		default:
			s.learn = append(s.learn, row)
		}
	}
	if len(s.learn)+len(s.prefer)+len(s.text) == 0 {
		return s, errors.New("export: there are no rows to learn")
	}
	return s, nil
}

// writeJSONL writes a line for each value; none, no file.
func writeJSONL[T any](name string, values []T) (string, error) {
	if len(values) == 0 {
		return "", nil
	}
	return name, replaceFile(name, func(w io.Writer) error {
		var b bytes.Buffer
		encoder := json.NewEncoder(&b)
		encoder.SetEscapeHTML(false)
		for _, v := range values {
			b.Reset()
			if err := encoder.Encode(v); err != nil {
				return err
			}
			if _, err := w.Write(b.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
}

// trlRow is TRL's conversational form of prompt and completion, or of a preference.
type trlRow struct {
	Prompt     []model.Message `json:"prompt"`
	Completion []model.Message `json:"completion,omitempty"`
	Chosen     []model.Message `json:"chosen,omitempty"`
	Rejected   []model.Message `json:"rejected,omitempty"`
	Tools      []model.Tool    `json:"tools,omitempty"`
}

type textRow struct {
	Text string `json:"text"`
}

// TRL writes rows and recipe into the folder dir for Hugging Face TRL: for
// each kind of rows a data set, in TRL's conversational form of prompt and
// completion (of which the completion is learnt), and a script that trains on
// it, to be started with "accelerate launch". Arguments of tool calls are text
// that holds JSON, since a column of a data set has one type. The adapter's folder that it
// leaves is read by [FromPEFT].
func TRL(dir string, rows []rows.Row, r Recipe) (*Files, error) {
	s, files, err := begin(dir, rows, r)
	if err != nil {
		return nil, err
	}
	var learn, prefer []trlRow
	for _, row := range s.learn {
		last := len(row.Messages) - 1
		learn = append(learn, trlRow{Prompt: row.Messages[:last], Completion: row.Messages[last:], Tools: row.Tools})
	}
	for _, row := range s.prefer {
		last := len(row.Messages) - 1
		for _, rejected := range row.Rejected {
			prefer = append(prefer, trlRow{Prompt: row.Messages[:last], Chosen: row.Messages[last:], Rejected: []model.Message{rejected}, Tools: row.Tools})
		}
	}
	files.PairCount = len(prefer)
	if err := files.write(dir, learn, prefer, s.text); err != nil {
		return nil, err
	}
	return files, files.configs(func(data string, preferences bool) (string, error) {
		recipe, err := r.withDefaults(preferences)
		if err != nil {
			return "", err
		}
		modules, err := recipe.modules()
		if err != nil {
			return "", err
		}
		name := strings.TrimSuffix(data, ".jsonl") + "_trl.py"
		return name, replaceFile(name, func(w io.Writer) error {
			return trlScript.Execute(w, map[string]any{"R": recipe, "Seed": recipe.Seed & math.MaxInt32, "Modules": modules,
				"Data": filepath.Base(data), "Name": filepath.Base(name), "Output": "adapter-" + strings.TrimSuffix(filepath.Base(data), ".jsonl"), "DPO": preferences})
		})
	})
}

// begin checks what can be checked before anything is written.
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
	if err := os.MkdirAll(dir, 0o755); err != nil {
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

// configs has one file written for each data set.
func (f *Files) configs(write func(data string, preferences bool) (string, error)) error {
	for _, data := range []string{f.Rows, f.Preferences, f.Text} {
		if data == "" {
			continue
		}
		name, err := write(data, data == f.Preferences)
		if err != nil {
			return err
		}
		f.Configs = append(f.Configs, name)
	}
	return nil
}

// python writes a value as a literal of Python; JSON's strings, numbers and lists are ones.
func python(v any) (string, error) {
	switch b := v.(type) {
	case bool:
		if b {
			return "True", nil
		}
		return "False", nil
	}
	data, err := json.Marshal(v)
	return string(data), err
}

var trlScript = template.Must(template.New("trl").Funcs(template.FuncMap{"py": python}).Parse(
	`# Trains a LoRA adapter with Hugging Face TRL (0.24 or later):
#   accelerate launch {{ .Name }}
# The adapter goes into the folder {{ .Output }}.
from pathlib import Path

from datasets import load_dataset
from peft import LoraConfig
from trl import {{ if .DPO }}DPOConfig, DPOTrainer{{ else }}SFTConfig, SFTTrainer{{ end }}

here = Path(__file__).resolve().parent
data = load_dataset("json", data_files=str(here / {{ py .Data }}), split="train")
{{- if gt .R.HeldOut 0.0 }}
parts = data.train_test_split(test_size={{ py .R.HeldOut }}, seed={{ .Seed }})
train, held_out = parts["train"], parts["test"]
{{- else }}
train, held_out = data, None
{{- end }}

adapter = LoraConfig(
    task_type="CAUSAL_LM",
    r={{ .R.Rank }},
    lora_alpha={{ py .R.Alpha }},
    lora_dropout={{ py .R.Dropout }},
    use_rslora={{ py .R.RankStabilized }},
    target_modules={{ if .Modules }}{{ py .Modules }}{{ else }}"all-linear"{{ end }},
    bias="none",
)
config = {{ if .DPO }}DPOConfig{{ else }}SFTConfig{{ end }}(
    output_dir=str(here / {{ py .Output }}),
    num_train_epochs={{ .R.Epochs }},
    per_device_train_batch_size={{ .R.BatchRows }},
    gradient_accumulation_steps={{ .R.Accumulate }},
    learning_rate={{ py .R.LearningRate }},
    lr_scheduler_type="cosine",
    warmup_ratio={{ py .R.WarmUp }},
    weight_decay={{ py .R.WeightDecay }},
    max_length={{ .R.MaxTokens }},
{{- if .DPO }}
    beta={{ py .R.Beta }},
{{- end }}
    eval_strategy="epoch" if held_out is not None else "no",
    save_strategy="epoch",
    logging_steps=10,
    seed={{ .Seed }},
)
trainer = {{ if .DPO }}DPOTrainer{{ else }}SFTTrainer{{ end }}(
    model={{ py .R.Base }},
    args=config,
    train_dataset=train,
    eval_dataset=held_out,
    peft_config=adapter,
)
trainer.train()
trainer.save_model()
`))

// axolotlMessage is a message with the mark that says whether it is learnt.
type axolotlMessage struct {
	message model.Message
	train   bool
}

func (m axolotlMessage) MarshalJSON() ([]byte, error) {
	data, err := json.Marshal(m.message)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(data[:len(data)-1], `,"train":%t}`, m.train), nil
}

type axolotlRow struct {
	Messages []axolotlMessage `json:"messages"`
	Tools    []model.Tool     `json:"tools,omitempty"`
}

type axolotlPair struct {
	Messages []model.Message `json:"messages"`
	Chosen   model.Message   `json:"chosen"`
	Rejected model.Message   `json:"rejected"`
}

// Axolotl writes rows and recipe into the folder dir for Axolotl: for each
// kind of rows a data set and a YAML file for "axolotl train". Of a
// conversation the last message is learnt, which each message says by its
// field "train". The adapter's folder that it leaves is read by [FromPEFT].
func Axolotl(dir string, rows []rows.Row, r Recipe) (*Files, error) {
	s, files, err := begin(dir, rows, r)
	if err != nil {
		return nil, err
	}
	var learn []axolotlRow
	var prefer []axolotlPair
	for _, row := range s.learn {
		out := axolotlRow{Tools: row.Tools}
		for i, m := range row.Messages {
			out.Messages = append(out.Messages, axolotlMessage{m, i == len(row.Messages)-1})
		}
		learn = append(learn, out)
	}
	for _, row := range s.prefer {
		last := len(row.Messages) - 1
		for _, rejected := range row.Rejected {
			prefer = append(prefer, axolotlPair{row.Messages[:last], row.Messages[last], rejected})
		}
	}
	files.PairCount = len(prefer)
	if err := files.write(dir, learn, prefer, s.text); err != nil {
		return nil, err
	}
	return files, files.configs(func(data string, preferences bool) (string, error) {
		config, err := r.axolotl(filepath.Base(data), preferences, data == files.Text)
		if err != nil {
			return "", err
		}
		text, err := yaml.Marshal(config)
		if err != nil {
			return "", fmt.Errorf("export: %w", err)
		}
		name := strings.TrimSuffix(data, ".jsonl") + "_axolotl.yaml"
		return name, replaceFile(name, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "# For Axolotl (0.12 or later), in this folder: axolotl train %s\n%s", filepath.Base(name), text)
			return err
		})
	})
}

// axolotl is the trainer's configuration.
func (r Recipe) axolotl(data string, preferences, text bool) (map[string]any, error) {
	r, err := r.withDefaults(preferences)
	if err != nil {
		return nil, err
	}
	modules, err := r.modules()
	if err != nil {
		return nil, err
	}
	set := map[string]any{"path": data, "ds_type": "json", "split": "train"}
	config := map[string]any{
		"base_model": r.Base, "datasets": []any{set}, "dataset_prepared_path": "prepared-" + strings.TrimSuffix(data, ".jsonl"),
		"adapter": "lora", "lora_r": r.Rank, "lora_alpha": r.Alpha, "lora_dropout": r.Dropout, "peft_use_rslora": r.RankStabilized,
		"sequence_len": r.MaxTokens, "micro_batch_size": r.BatchRows, "gradient_accumulation_steps": r.Accumulate,
		"num_epochs": r.Epochs, "optimizer": "adamw_torch", "lr_scheduler": "cosine", "learning_rate": r.LearningRate,
		"warmup_ratio": r.WarmUp, "weight_decay": r.WeightDecay, "bf16": "auto", "logging_steps": 10, "seed": r.Seed & math.MaxInt32,
		"output_dir": "adapter-" + strings.TrimSuffix(data, ".jsonl"),
	}
	if modules == nil {
		config["lora_target_linear"] = true
	} else {
		config["lora_target_modules"] = modules
	}
	roles := map[string]string{"role": "role", "content": "content"}
	switch {
	case preferences:
		config["rl"], config["rl_beta"] = "dpo", r.Beta
		set["type"], set["field_messages"], set["field_chosen"], set["field_rejected"] = "chat_template.default", "messages", "chosen", "rejected"
		set["message_property_mappings"] = roles
		return config, nil // of preferences it holds none out
	case text:
		set["type"], set["field"] = "completion", "text"
	default:
		set["type"], set["field_messages"], set["message_field_training"] = "chat_template", "messages", "train"
		set["message_property_mappings"] = roles
		config["train_on_inputs"] = false
	}
	config["val_set_size"] = r.HeldOut
	return config, nil
}
