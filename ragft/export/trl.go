package export

import (
	"encoding/json"
	"io"
	"math"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/rows"
)

// trlRow is a row in TRL's conversational prompt-completion or preference format.
type trlRow struct {
	Prompt     []model.Message `json:"prompt"`
	Completion []model.Message `json:"completion,omitempty"`
	Chosen     []model.Message `json:"chosen,omitempty"`
	Rejected   []model.Message `json:"rejected,omitempty"`
	Tools      []model.Tool    `json:"tools,omitempty"`
}

// TRL writes rows and recipe into the folder dir for Hugging Face TRL: a data
// set for each kind of rows, and a script that trains on it, to be run with
// "accelerate launch". Conversations are in TRL's prompt-completion format, in
// which only the completion carries the loss. The arguments of tool calls are
// text that holds JSON, since a column of a data set has one type. [FromPEFT]
// reads the folder that the training leaves.
//
// Held-out rows are left out. Files of an earlier call are replaced; a folder
// that does not exist is created.
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
			prefer = append(prefer, trlRow{
				Prompt: row.Messages[:last], Chosen: row.Messages[last:], Rejected: []model.Message{rejected}, Tools: row.Tools,
			})
		}
	}
	files.PairCount = len(prefer)
	if err := files.write(dir, learn, prefer, s.text); err != nil {
		return nil, err
	}
	return files, files.configs(dir, "_trl.py", func(name, data string, preferences bool) error {
		recipe, err := r.withDefaults(preferences)
		if err != nil {
			return err
		}
		modules, err := recipe.modules()
		if err != nil {
			return err
		}
		return replaceFile(name, func(w io.Writer) error {
			return trlScript.Execute(w, map[string]any{
				// Transformers takes a warm-up below 1 for a share of the steps, and one from 1 on for their number.
				"R": recipe, "WarmUp": min(recipe.WarmUp, math.Nextafter(1, 0)),
				"Seed": recipe.Seed & math.MaxInt32, "Modules": modules, "DPO": preferences,
				"Data": data, "Name": filepath.Base(name),
				"Output": "adapter-" + strings.TrimSuffix(data, ".jsonl"),
			})
		})
	})
}

// python formats a value as a Python literal. JSON strings, numbers and lists are valid Python.
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
	`# Trains a LoRA adapter with Hugging Face TRL (1.16 or later):
#   accelerate launch {{ .Name }}
# The adapter is saved in the folder {{ .Output }}.
from pathlib import Path

import torch
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
    warmup_steps={{ py .WarmUp }},
    weight_decay={{ py .R.WeightDecay }},
    max_length={{ .R.MaxTokens }},
{{- if .DPO }}
    beta={{ py .R.Beta }},
{{- end }}
    eval_strategy="epoch" if held_out is not None else "no",
    save_strategy="epoch",
    logging_steps=10,
    bf16=torch.cuda.is_available() and torch.cuda.is_bf16_supported(),
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
