//go:build cgo

package golden

import "strings"

// projectFile are the settings of all runs, small enough for the test to be quick. With one thread no processor waits for another.
const projectFile = `model: base.gguf
documents: notes
questions: questions.jsonl
test-share: 0.5
passages: 2
seed: 1
sequences: 8
threads: 1
gpu-layers: 0
index:
  chunk: 60
demonstrate:
  recipe: gold
  self-demo:
    max-tokens: 8
  raft:
    max-tokens: 8
train:
  rank: 4
  epochs: 1
  rate: 1e-3
evaluate:
  max-tokens: 8
  resamples: 50
assistant:
  max-tokens: 8
export:
  rate: 1e-3
`

const projectFileName = "ragft.yaml"

// commands are the spellings of the commands.
var commands = map[string]string{
	"":            "",
	"index":       "index",
	"questions":   "questions",
	"tune-search": "tune-search",
	"demonstrate": "demonstrate",
	"train":       "train",
	"evaluate":    "evaluate",
	"report":      "report",
	"ask":         "ask",
	"chat":        "chat",
	"serve":       "serve",
	"merge":       "merge",
	"publish":     "publish",
	"export":      "export",
	"models":      "models",
	"doctor":      "doctor",
	"teach":       "teach",
	"convert":     "convert",
	"forget":      "forget",
}

// options are the spellings of the options, after COMMAND/NAME or NAME. A %s takes the value; a space divides arguments.
var options = map[string]string{
	"json":    "--json",
	"quiet":   "--quiet",
	"version": "--version",
	"project": "--project=%s",
	"config":  "--config=%s",

	"seed":                  "--set seed=%s",
	"search":                "--set search-tuning.file=%s",
	"model":                 "--model=%s",
	"adapter":               "--adapter=%s",
	"scale":                 "--set scale=%s",
	"documents":             "--documents=%s",
	"questions":             "--set questions=%s",
	"demonstrate/questions": "--questions=%s",
	"rows":                  "--set rows=%s",
	"demonstrate/rows":      "--rows=%s",
	"train/rows":            "--rows=%s",
	"export/rows":           "--rows=%s",
	"estimate":              "--estimate",
	"passages":              "--set passages=%s",
	"ask/passages":          "--passages=%s",
	"template":              "--set prompts.template=%s",
	"judge":                 "--judge=%s",
	"test-share":            "--set test-share=%s",
	"sequences":             "--set sequences=%s",
	"votes":                 "--set evaluate.votes=%s",

	"chunk":    "--chunk=%s",
	"chunk-by": "--set index.chunk-by=%s",
	"overlap":  "--overlap=%s",
	"analyzer": "--set index.analyzer=%s",
	"k1":       "--set index.k1=%s",
	"rebuild":  "--rebuild",
	"requests": "--set requests=%s",

	"limit":                "--limit=%s",
	"min-chunk":            "--set write.min-chunk=%s",
	"import":               "--import=%s",
	"format":               "--set write.format=%s",
	"write-documents":      "--documents=%s",
	"questions/max-tokens": "--set write.max-tokens=%s",

	"recipe":                   "--recipe=%s",
	"total":                    "--set demonstrate.total=%s",
	"candidates-closed":        "--set demonstrate.self-demo.candidates-closed=%s",
	"candidates-read":          "--set demonstrate.self-demo.candidates-read=%s",
	"candidates-refuse":        "--set demonstrate.self-demo.candidates-refuse=%s",
	"closed-rows":              "--set demonstrate.self-demo.closed-rows=true",
	"max-refusals":             "--set demonstrate.self-demo.max-refusals=%s",
	"rejected":                 "--set demonstrate.self-demo.rejected=%s",
	"tournament":               "--set demonstrate.self-demo.tournament=true",
	"tries":                    "--set demonstrate.self-demo.tries=%s",
	"two-step":                 "--set demonstrate.self-demo.two-step=true",
	"two-step-tokens":          "--set demonstrate.self-demo.two-step-tokens=%s",
	"search-prompts":           "--set demonstrate.search-prompts.on=true",
	"search-rounds":            "--set demonstrate.search-prompts.rounds=%s",
	"search-beam":              "--set demonstrate.search-prompts.beam=%s",
	"search-questions":         "--set demonstrate.search-prompts.questions=%s",
	"audit":                    "--set demonstrate.audit=true",
	"withhold":                 "--set demonstrate.self-demo.withhold=%s",
	"reason":                   "--set demonstrate.raft.reason=true",
	"distractors":              "--set demonstrate.raft.distractors=%s",
	"evidence-share":           "--set demonstrate.raft.evidence-share=%s",
	"when-absent":              "--set demonstrate.raft.when-absent=%s",
	"demonstrate/max-tokens":   "--set demonstrate.raft.max-tokens=%s",
	"chunks":                   "--set demonstrate.ralt.chunks=%s",
	"demonstrate/texts":        "--set demonstrate.texts=%s",
	"text-share":               "--set demonstrate.ralt.text-share=%s",
	"demonstrate/instructions": "--set demonstrate.ralt.instructions=%s",
	"instruction-share":        "--set demonstrate.ralt.instruction-share=%s",
	"replay":                   "--set demonstrate.pretrain.replay=%s",
	"memory-entities":          "--set demonstrate.memory.entities=%s",
	"memory-relations":         "--set demonstrate.memory.relations=%s",
	"memory-local":             "--set demonstrate.memory.local=%s",
	"memory-corpus":            "--set demonstrate.memory.corpus=%s",
	"memory-passages":          "--set demonstrate.memory.passages=%s",
	"memory-extract-tokens":    "--set demonstrate.memory.extract-tokens=%s",
	"memory-tokens":            "--set demonstrate.memory.max-tokens=%s",
	"memory-probes":            "--set demonstrate.memory.probes=%s",

	"rank":             "--rank=%s",
	"epochs":           "--epochs=%s",
	"rate":             "--rate=%s",
	"targets":          "--set train.targets=%s",
	"loss":             "--set train.loss=%s",
	"start":            "--set train.start=%s",
	"metrics":          "--set train.metrics=%s",
	"memory-budget":    "--memory-budget=%s",
	"validation-share": "--set train.validation-share=%s",
	"max-rise":         "--set train.max-rise=%s",
	"windows-per-step": "--set train.windows-per-step=%s",
	"force":            "--force",
	"allow-stale":      "--set train.allow-stale=true",

	"evidence":               "--evidence=%s",
	"eval-questions":         "--questions=%s",
	"keep-leaks":             "--set evaluate.keep-leaks=true",
	"careful":                "--decline-prompt",
	"ensemble":               "--set assistant.ensemble=true",
	"evaluate/ensemble":      "--set evaluate.ensemble=true",
	"final-answer":           "--set assistant.final-answer=true",
	"evaluate/final-answer":  "--set evaluate.final-answer=true",
	"consistency":            "--set evaluate.consistency=%s",
	"self-check":             "--set evaluate.self-check=true",
	"robustness":             "--robustness",
	"robustness-distractors": "--set evaluate.robustness-distractors=%s",
	"sweep":                  "--set evaluate.sweep=true",
	"scales":                 "--scales=%s",
	"max-wrong":              "--max-wrong=%s",
	"failure-rate":           "--set evaluate.failure-rate=%s",
	"texts":                  "--set evaluate.forgetting.texts=%s",
	"instructions":           "--set evaluate.forgetting.instructions=%s",
	"closed-questions":       "--set evaluate.forgetting.closed-questions=%s",
	"budget-texts":           "--set evaluate.forgetting.budget-texts=%s",
	"budget-kl":              "--set evaluate.forgetting.budget-kl=%s",
	"fact-questions":         "--set evaluate.fact-questions=%s",
	"overview-questions":     "--set evaluate.overview-questions=%s",
	"criterion":              "--set evaluate.criteria=%s",

	"candidates":             "--set search-tuning.candidates=%s",
	"max-tokens":             "--set assistant.max-tokens=%s",
	"temperature":            "--set assistant.temperature=%s",
	"calibration":            "--set assistant.calibration=%s",
	"min-confidence":         "--min-confidence=%s",
	"decline":                "--set assistant.decline=%s",
	"evaluation":             "--evaluation=%s",
	"report":                 "--output=%s",
	"title":                  "--set report.title=%s",
	"serve/address":          "--address=%s",
	"serve/name":             "--name=%s",
	"serve/further-adapters": "--set serve.adapters=%s",
	"serve/rerank":           "--rerank=%s",
	"serve/files":            "--files=%s",
	"teach/plan":             "--plan",
	"convert/type":           "--type=%s",
	"merge/output":           "--output=%s",
	"merge/type":             "--type=%s",
	"merge/all-matrices":     "--set merge.all-matrices=true",
	"merge/skip-check":       "--set merge.skip-check=true",
	"publish/modelfile":      "--modelfile=%s",
	"publish/parameters":     "--set publish.parameters=%s",
	"publish/system":         "--set publish.system=%s",
	"publish/as":             "--as=%s",
	"export/base":            "--base=%s",
	"export/folder":          "--folder=%s",
	"models/ollama":          "--ollama=%s",
	"doctor/ollama":          "--ollama=%s",
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

// cues are parts of instructions, by which the teacher knows what it is asked for.
var cues = map[string]string{
	"compose":    "\nQuestion:",
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
