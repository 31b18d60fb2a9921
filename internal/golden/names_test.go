//go:build cgo

package golden

import "strings"

// projectFile are the settings of all runs, small enough for the test to be quick. With one thread no processor waits for another.
const projectFile = `model: base.gguf
docs: notes
questions: questions.jsonl
chunk: 60
passages: 2
max-tokens: 8
sequences: 8
resamples: 50
epochs: 1
rank: 4
rate: 1e-3
held-out: 0.5
threads: 1
gpu-layers: 0
recipe: gold
seed: 1
`

const projectFileName = "ragft.yaml"

// commands are the spellings of the commands.
var commands = map[string]string{
	"":            "",
	"index":       "index",
	"questions":   "questions",
	"tune-search": "tune",
	"demonstrate": "demos",
	"train":       "train",
	"evaluate":    "eval",
	"report":      "report",
	"ask":         "ask",
	"chat":        "chat",
	"serve":       "serve",
	"merge":       "merge",
	"publish":     "publish",
	"export":      "export",
	"models":      "models",
	"doctor":      "doctor",
}

// options are the spellings of the options, after COMMAND/NAME or NAME. A %s takes the value; a space divides arguments.
var options = map[string]string{
	"json":    "--json",
	"quiet":   "--quiet",
	"project": "--out=%s",
	"config":  "--project=%s",
	"seed":    "--seed=%s",
	"search":  "--retrieval=%s",

	"model":       "--model=%s",
	"adapter":     "--adapter=%s",
	"scale":       "--scale=%s",
	"documents":   "--docs=%s",
	"questions":   "--questions=%s",
	"rows":        "--rows=%s",
	"estimate":    "--estimate",
	"passages":    "--passages=%s",
	"max-tokens":  "--max-tokens=%s",
	"temperature": "--temperature=%s",
	"template":    "--template=%s",
	"careful":     "--careful",
	"ensemble":    "--ensemble",
	"judge":       "--judge=%s",
	"votes":       "--votes=%s",
	"test-share":  "--held-out=%s",
	"sequences":   "--sequences=%s",

	"chunk":    "--chunk=%s",
	"chunk-by": "--chunk-by=%s",
	"overlap":  "--overlap=%s",
	"analyzer": "--analyzer=%s",
	"k1":       "--k1=%s",
	"rebuild":  "--rebuild",
	"requests": "--requests=%s",

	"version": "--version",

	"limit":           "--limit=%s",
	"min-chunk":       "--min-chunk=%s",
	"import":          "--import=%s",
	"format":          "--format=%s",
	"write-documents": "--documents=%s",

	"candidates": "--candidates=%s",

	"recipe":                "--recipe=%s",
	"total":                 "--total=%s",
	"candidates-closed":     "--candidates-closed=%s",
	"candidates-read":       "--candidates-read=%s",
	"candidates-refuse":     "--candidates-refuse=%s",
	"closed-rows":           "--closed-rows",
	"max-refusals":          "--max-refusals=%s",
	"rejected":              "--rejected=%s",
	"tournament":            "--knock-out",
	"tries":                 "--tries=%s",
	"two-step":              "--draft",
	"two-step-tokens":       "--draft-tokens=%s",
	"search-prompts":        "--search-prompts",
	"search-rounds":         "--search-rounds=%s",
	"search-beam":           "--search-beam=%s",
	"search-questions":      "--search-questions=%s",
	"audit":                 "--audit",
	"withhold":              "--withhold=%s",
	"reason":                "--reason",
	"distractors":           "--distractors=%s",
	"evidence-share":        "--oracle-share=%s",
	"when-absent":           "--when-absent=%s",
	"chunks":                "--chunks=%s",
	"texts":                 "--texts=%s",
	"text-share":            "--text-share=%s",
	"instructions":          "--instructions=%s",
	"instruction-share":     "--instruction-share=%s",
	"replay":                "--replay=%s",
	"memory-entities":       "--memory-entities=%s",
	"memory-relations":      "--memory-relations=%s",
	"memory-local":          "--memory-local=%s",
	"memory-corpus":         "--memory-corpus=%s",
	"memory-passages":       "--memory-passages=%s",
	"memory-extract-tokens": "--memory-extract-tokens=%s",
	"memory-tokens":         "--memory-tokens=%s",
	"memory-probes":         "--memory-probes=%s",

	"rank":             "--rank=%s",
	"epochs":           "--epochs=%s",
	"rate":             "--rate=%s",
	"targets":          "--targets=%s",
	"loss":             "--loss=%s",
	"start":            "--start=%s",
	"metrics":          "--metrics=%s",
	"memory-budget":    "--memory-budget=%s",
	"validation-share": "--watched=%s",
	"max-rise":         "--max-rise=%s",
	"windows-per-step": "--windows-per-step=%s",
	"force":            "--force",
	"allow-stale":      "--stale",

	"evidence":                "--settings=%s",
	"eval-questions":          "--eval-questions=%s",
	"keep-leaks":              "--keep-leaks",
	"consistency":             "--consistency=%s",
	"self-check":              "--ask-true",
	"robustness":              "--perturb",
	"robustness-distractors":  "--perturb-distractors=%s",
	"sweep":                   "--dial",
	"scales":                  "--scales=%s",
	"max-wrong":               "--calibrate=%s",
	"failure-rate":            "--delta=%s",
	"forgetting":              "--forgetting",
	"closed-questions":        "--closed-questions=%s",
	"budget-texts":            "--budget-texts=%s",
	"budget-kl":               "--budget-kl=%s",
	"fact-questions":          "--probes=%s",
	"overview-questions":      "--global-probes=%s",
	"criterion":               "--criterion=%s",
	"final-answer":            "--final-answer",
	"calibration":             "--calibration=%s",
	"min-confidence":          "--min-confidence=%s",
	"decline":                 "--decline=%s",
	"evaluation":              "--evaluation=%s",
	"report":                  "--report=%s",
	"title":                   "--title=%s",
	"serve/address":           "--address=%s",
	"serve/name":              "--name=%s",
	"serve/further-adapters":  "--serve-adapters=%s",
	"merge/output":            "--output=%s",
	"merge/type":              "--type=%s",
	"merge/all-matrices":      "--whole",
	"merge/skip-check":        "--skip-check",
	"publish/modelfile":       "--modelfile=%s",
	"publish/parameters":      "--parameters=%s",
	"publish/system":          "--system=%s",
	"publish/as":              "--as=%s",
	"export/base":             "--base=%s",
	"export/folder":           "--folder=%s",
	"export/validation-share": "--watched=%s",
	"models/ollama":           "--ollama=%s",
	"doctor/ollama":           "--ollama=%s",
}

// projectFiles are the names of what the commands leave in the project's folder.
var projectFiles = map[string]string{
	"rows":               ".ragft/rows.jsonl",
	"questions":          ".ragft/questions.jsonl",
	"adapter":            ".ragft/adapter.gguf",
	"metrics":            ".ragft/metrics.jsonl",
	"evaluation":         ".ragft/evaluation.json",
	"answers":            ".ragft/answers.jsonl",
	"report":             ".ragft/report.html",
	"calibration":        ".ragft/calibration.json",
	"search":             ".ragft/retrieval.json",
	"merged":             ".ragft/merged.gguf",
	"fact-questions":     ".ragft/probes.jsonl",
	"overview-questions": ".ragft/global-probes.jsonl",
	"trl":                ".ragft/trl",
	"axolotl":            ".ragft/axolotl",
	"peft":               ".ragft/peft",
}

// cues are parts of system messages, by which the teacher knows what it is asked for.
var cues = map[string]string{
	"compose":    "Write one question",
	"compare":    "Which one is better",
	"tournament": "Which prediction",
	"propose":    "Write a better instruction",
	"judge":      "Reply yes or no",
	"refuse":     "Decline politely: the documents",
}

// spell is the command line of a run. A value such as {rows} is the path of the project's file of that name, and {teacher}
// the name of the teacher's model.
func spell(p *workplace, r run) []string {
	t := p.t
	t.Helper()
	command, ok := commands[r.command]
	if !ok {
		t.Fatalf("%s: no command %q", r.name, r.command)
	}
	var args []string
	if command != "" {
		args = append(args, strings.Fields(command)...)
	}
	set := r.set
	if !r.text {
		set = append([]string{"json"}, set...)
	}
	for _, s := range set {
		name, value, given := strings.Cut(s, "=")
		form, ok := options[r.command+"/"+name]
		if !ok {
			form, ok = options[name]
		}
		if !ok || given != strings.Contains(form, "%s") {
			t.Fatalf("%s: no option %q with value %q", r.name, name, value)
		}
		for _, part := range strings.Split(form, " ") {
			args = append(args, strings.ReplaceAll(part, "%s", strings.ReplaceAll(path(value), "{teacher}", p.teacher)))
		}
	}
	args = append(args, r.raw...)
	for _, w := range r.words {
		args = append(args, path(w))
	}
	return args
}

// path replaces {NAME} by the path of the project's file NAME.
func path(s string) string {
	for name, p := range projectFiles {
		s = strings.ReplaceAll(s, "{"+name+"}", p)
	}
	return s
}
