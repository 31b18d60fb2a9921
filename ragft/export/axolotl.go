package export

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// axolotlMessage is a message that says whether it carries the loss.
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

// Axolotl writes rows and recipe into the folder dir for Axolotl: a data set
// for each kind of rows, and a YAML file for "axolotl train". Only the last
// message of a conversation carries the loss, as the field "train" of each
// message says. [FromPEFT] reads the folder that the training leaves.
//
// Held-out rows are left out, and so is Recipe.HeldOut for preferences, of
// which Axolotl sets none aside. Files of an earlier call are replaced; a
// folder that does not exist is created.
//
// The error wraps [ErrUnsupported] for preferences with tools or calls, of which
// Axolotl keeps only the text, and for an Alpha that is no whole number.
//
// The schemas of Axolotl 0.19 accept these files (internal/outside); no training
// with them was run.
func Axolotl(dir string, rows []rows.Row, r Recipe) (*Files, error) {
	if err := fitsAxolotl(rows, r); err != nil {
		return nil, err
	}
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
	return files, files.configs(dir, "_axolotl.yaml", func(name, data string, preferences bool) error {
		config, err := r.axolotl(data, preferences, data == filepath.Base(files.Text))
		if err != nil {
			return err
		}
		text, err := yaml.Marshal(config)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		return replaceFile(name, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "# For Axolotl (0.12 or later), in this folder: axolotl train %s\n%s", filepath.Base(name), text)
			return err
		})
	})
}

// fitsAxolotl says what Axolotl would refuse, or leave out without a word.
func fitsAxolotl(list []rows.Row, r Recipe) error {
	if math.Trunc(r.Alpha) != r.Alpha {
		return fmt.Errorf("%w: recipe: Alpha is %v, and Axolotl takes whole numbers only", ErrUnsupported, r.Alpha)
	}
	calls := func(m model.Message) bool { return len(m.ToolCalls) > 0 || m.Role == model.RoleTool }
	for i, row := range list {
		if len(row.Rejected) == 0 || row.HeldOut {
			continue
		}
		if len(row.Tools) > 0 || slices.ContainsFunc(row.Messages, calls) || slices.ContainsFunc(row.Rejected, calls) {
			return fmt.Errorf("%w: row %d %s: Axolotl's preferences have no tools and no calls; leave the row out, or write it for TRL",
				ErrUnsupported, i+1, row.ID)
		}
	}
	return nil
}

// axolotl returns the configuration for one data set.
func (r Recipe) axolotl(data string, preferences, text bool) (map[string]any, error) {
	n, err := r.withDefaults(preferences)
	if err != nil {
		return nil, err
	}
	modules, err := n.modules()
	if err != nil {
		return nil, err
	}
	set := map[string]any{"path": data, "ds_type": "json", "split": "train"}
	config := map[string]any{
		"base_model": n.Base, "datasets": []any{set}, "dataset_prepared_path": "prepared-" + strings.TrimSuffix(data, ".jsonl"),
		"adapter": "lora", "lora_r": n.Rank, "lora_alpha": n.Alpha, "lora_dropout": n.Dropout, "peft_use_rslora": n.RankStabilized,
		"sequence_len": n.MaxTokens, "micro_batch_size": n.BatchRows, "gradient_accumulation_steps": n.Accumulate,
		"num_epochs": n.Epochs, "optimizer": "adamw_torch", "lr_scheduler": "cosine", "learning_rate": n.LearningRate,
		"warmup_ratio": n.WarmUp, "weight_decay": n.WeightDecay, "bf16": "auto", "logging_steps": 10, "seed": n.Seed & math.MaxInt32,
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
		config["rl"], config["rl_beta"] = "dpo", n.Beta
		set["type"], set["field_messages"], set["field_chosen"], set["field_rejected"] = "chat_template.default", "messages", "chosen",
			"rejected"
		set["message_property_mappings"] = roles
		return config, nil // Axolotl has no validation share for preferences
	case text:
		set["type"], set["field"] = "completion", "text"
	default:
		set["type"], set["field_messages"], set["message_field_training"] = "chat_template", "messages", "train"
		set["message_property_mappings"] = roles
		config["train_on_inputs"] = false
	}
	config["val_set_size"] = n.HeldOut
	return config, nil
}
