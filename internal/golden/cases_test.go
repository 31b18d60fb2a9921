//go:build cgo

package golden

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"
)

const miller = "Who is the miller at Tuckle Mill?"

// runs are all runs in order.
func runs() []run {
	var all []run
	for _, part := range [][]run{prepareRuns, recipeRuns, teacherRuns, trainRuns, useRuns, evaluateRuns, searchRuns, serviceRuns,
		shelfRuns, badRuns, lastRuns} {
		all = append(all, part...)
	}
	return all
}

var prepareRuns = []run{
	{name: "teach-plan-text", command: "teach", set: []string{"project=planned", "plan"}, text: true, fixed: true},
	{name: "missing-index", command: "ask", words: []string{miller}, fixed: true},
	{name: "index-sentences", command: "index", set: []string{"project=sentences", "chunk-by=sentences", "chunk=3", "overlap=1",
		"analyzer=standard"}, fixed: true},
	{name: "index", command: "index", fixed: true},
	{name: "index-again-text", command: "index", text: true, fixed: true},
	{name: "teach-plan", command: "teach", set: []string{"plan"}, fixed: true},
	{name: "index-other-settings", command: "index", set: []string{"k1=2"}, fixed: true},
	{name: "questions-import", command: "questions", set: []string{"import=squad.json", "questions=squad.jsonl",
		"write-documents=squad-documents.jsonl"},
		files: []string{"squad.jsonl", "squad-documents.jsonl"}, fixed: true},
	{
		name:    "questions-estimate",
		command: "questions",
		set:     []string{"estimate", "limit=4", "max-tokens=8", "questions=written.jsonl"},
		fixed:   true,
	},
	{name: "questions", command: "questions", set: []string{"limit=4", "max-tokens=8", "questions=written.jsonl", "model={teacher}",
		"requests=1"},
		files: []string{"written.jsonl"}, fixed: true},
	{name: "questions-unread", command: "questions", set: []string{"limit=3", "max-tokens=8", "questions=unread.jsonl"},
		files: []string{"unread.jsonl"}},
}

var recipeRuns = []run{
	{name: "recipe-gold", command: "demonstrate", set: []string{"recipe=gold"}, files: []string{"{rows}"}, fixed: true},
	{name: "recipe-ralt", command: "demonstrate", set: []string{"recipe=ralt", "rows=ralt.jsonl", "texts=texts.txt", "text-share=0.3",
		"instructions=tasks.jsonl", "instruction-share=0.2", "chunks=2"}, files: []string{"ralt.jsonl"}, fixed: true},
	{name: "recipe-raft", command: "demonstrate", set: []string{"recipe=raft", "rows=raft.jsonl", "distractors=2",
		"evidence-share=0.5"},
		files: []string{"raft.jsonl"}, fixed: true},
	{name: "recipe-mixture", command: "demonstrate", set: []string{"recipe=gold=3", "recipe=raft=1", "total=6", "rows=mixture.jsonl"},
		files: []string{"mixture.jsonl"}, fixed: true},
	{name: "recipe-pretrain", command: "demonstrate", set: []string{"recipe=pretrain", "rows=pretrain.jsonl", "texts=texts.txt",
		"replay=0.05"},
		files: []string{"pretrain.jsonl"}, fixed: true},
	{name: "recipe-verified", command: "demonstrate", set: []string{"recipe=verified", "rows=verified.jsonl"},
		files: []string{"verified.jsonl"}, loose: []string{`\.(kinds|made|dropped)`}},
	{name: "recipe-self-demo-estimate", command: "demonstrate", set: []string{"recipe=self-demo", "estimate"}, text: true, fixed: true},
	{name: "recipe-self-demo", command: "demonstrate", set: []string{"recipe=self-demo", "rows=self.jsonl", "max-refusals=1",
		"candidates-closed=1",
		"candidates-read=2", "candidates-refuse=1", "closed-rows"}, files: []string{"self.jsonl"}, loose: []string{`\.(kinds|dropped)`},
		counts: []string{`\.estimate\.(calls|tokens)`}},
	{name: "recipe-self-demo-preferences", command: "demonstrate", set: []string{"recipe=self-demo", "rows=preferences.jsonl",
		"max-refusals=1",
		"candidates-closed=0", "candidates-read=1", "candidates-refuse=1", "rejected=1", "withhold=0.3", "audit"},
		files: []string{"preferences.jsonl"},
		loose: []string{`\.(kinds|dropped)`}, counts: []string{`\.estimate\.(calls|tokens)`}},
	{name: "recipe-self-demo-teacher", command: "demonstrate", set: []string{"recipe=self-demo", "rows=taught.jsonl",
		"closed-rows", "withhold=0.3", "rejected=1", "audit",
		"model={teacher}", "requests=1"}, files: []string{"#taught.jsonl"}, fixed: true},
	{name: "recipe-self-demo-tournament", command: "demonstrate", set: []string{"recipe=self-demo", "rows=tournament.jsonl",
		"tournament", "max-refusals=1",
		"candidates-closed=1", "candidates-read=2", "candidates-refuse=1", "two-step", "model={teacher}", "requests=1"},
		files: []string{"tournament.jsonl"}, fixed: true},
	{name: "recipe-self-demo-prompts", command: "demonstrate", set: []string{"recipe=self-demo", "rows=prompts.jsonl",
		"search-prompts", "search-rounds=1", "search-beam=2",
		"search-questions=4", "model={teacher}", "requests=1"}, files: []string{"#prompts.jsonl"}, fixed: true},
	{name: "recipe-raft-reason", command: "demonstrate", set: []string{"recipe=raft", "rows=reason.jsonl", "reason",
		"when-absent=gold", "model={teacher}", "requests=1"},
		files: []string{"reason.jsonl"}, fixed: true},
	{name: "recipe-memory", command: "demonstrate", set: []string{"recipe=memory", "rows=memory.jsonl", "memory-entities=3",
		"memory-relations=1", "memory-local=1",
		"memory-corpus=1", "memory-passages=2", "memory-probes=0.2", "model={teacher}", "requests=1"},
		files: []string{"#memory.jsonl", "{fact-questions}", "{overview-questions}"}, fixed: true},
}

// teacherRuns come before there is an adapter.
var teacherRuns = []run{
	{name: "teacher-evaluate", command: "evaluate", set: []string{"evidence=retrieval,closed", "eval-questions=many.jsonl",
		"adapter=none", "careful", "ensemble",
		"robustness", "robustness-distractors=2", "consistency=2", "self-check", "judge={teacher}", "votes=3", "max-wrong=0.6",
		"model={teacher}", "requests=1"},
		files: []string{"#{evaluation}", "#{answers}", "{calibration}", "{report}"}, fixed: true},
	{name: "teacher-report-text", command: "report", text: true, fixed: true},
	{name: "teacher-ask-calibrated", command: "ask", words: []string{"What is the hobby of Dora Skell?"},
		set: []string{"adapter=none", "calibration={calibration}",
			"model={teacher}", "requests=1"}, fixed: true},
}

// setCalibrationAside lets the later runs do without the teacher's calibration.
func setCalibrationAside(p *workplace) {
	require.NoError(p.t, os.Rename(filepath.Join(p.dir, path("{calibration}")), filepath.Join(p.dir, "teacher-calibration.json")))
}

var trainRuns = []run{
	{name: "train-estimate", command: "train", set: []string{"estimate"}, before: setCalibrationAside},
	{name: "train-budget", command: "train", set: []string{"memory-budget=1MiB"}},
	{name: "train", command: "train", files: []string{"{adapter}", "{metrics}"},
		counts: []string{`\.(rows|watched_rows|steps|tokens|rank)`}},
	{name: "train-again", command: "train", counts: []string{`\.up_to_date`}},
	{name: "train-preferences-text", command: "train", text: true, set: []string{"rows=preferences.jsonl",
		"adapter=preferred.gguf", "metrics=preferred.jsonl",
		"targets=attn_q", "validation-share=0.3"}, files: []string{"preferred.gguf"}},
}

var useRuns = []run{
	{name: "ask", command: "ask", words: []string{miller}},
	{name: "ask-text", command: "ask", words: []string{miller}, text: true},
	{name: "ask-base-careful", command: "ask", words: []string{"Who won the war?"}, set: []string{"adapter=none", "careful",
		"min-confidence=0.99", "decline=I am not sure."}},
	{name: "ask-ensemble-template", command: "ask", words: []string{miller}, set: []string{"ensemble", "scale=0.5", "template=fedrag"}},
	{name: "chat-text", command: "chat", text: true, stdin: miller + "\n/sources\n/passage 1\nIs he old?\n/clear\n/quit\n"},
	{name: "chat", command: "chat", set: []string{"model={teacher}", "requests=1", "adapter=none"},
		stdin: miller + "\nIs he old?\n", fixed: true},
	{name: "export-trl", command: "export", words: []string{"trl"}, set: []string{"base=some/model"}, files: []string{"{trl}"},
		fixed: true},
	{name: "export-trl-preferences", command: "export", words: []string{"trl"}, set: []string{"base=some/model",
		"rows=preferences.jsonl", "folder=dpo"}, files: []string{"dpo"}},
	{name: "export-axolotl", command: "export", words: []string{"axolotl"}, set: []string{"base=some/model", "targets=attn_q"},
		files: []string{"{axolotl}"}, fixed: true},
	{name: "export-peft", command: "export", words: []string{"peft"}, set: []string{"base=some/model"}, files: []string{"{peft}"}},
	{name: "export-gguf", command: "export", words: []string{"gguf"}, set: []string{"folder={peft}", "adapter=back.gguf"},
		files: []string{"back.gguf"}},
	{name: "merge", command: "merge", files: []string{"{merged}"}},
	{name: "merge-q8-text", command: "merge", text: true, set: []string{"output=q8.gguf", "type=Q8_0", "all-matrices",
		"skip-check"}, files: []string{"q8.gguf"}},
	{name: "convert", command: "convert", words: []string{"base.gguf", "converted.gguf"}, files: []string{"converted.gguf"},
		counts: []string{`\.(type|changed|copied)`}},
	{name: "convert-text", command: "convert", words: []string{"base.gguf", "small.gguf"}, set: []string{"type=q4_0"}, text: true,
		fixed: true},
	{name: "publish-modelfile", command: "publish", set: []string{"modelfile=Modelfile", "parameters=temperature=0",
		"system=Be brief."}, files: []string{"Modelfile"}},
	{name: "models", command: "models"},
	{name: "models-text", command: "models", text: true},
}

var (
	named    = []string{`\.questions`, `\.systems\[\d+\]\.(name|setting)`, `\.comparisons\[\d+\]\.(base|other)`}
	measured = []string{"#{evaluation}"}
)

var evaluateRuns = []run{
	{name: "evaluate", command: "evaluate", files: []string{"#{evaluation}", "#{answers}", "{report}"}, counts: named},
	{name: "report-text", command: "report", text: true},
	{name: "report-answers", command: "report", set: []string{"evaluation={answers}", "title=Again", "report=again.html"},
		short: true, files: []string{"again.html"}, counts: named},
	{name: "evaluate-evidence", command: "evaluate", set: []string{"eval-questions=some.jsonl",
		"evidence=gold,distractors,long-context", "adapter=none", "quiet"}, files: measured, counts: named},
	{name: "evaluate-arms", command: "evaluate", set: []string{"eval-questions=some.jsonl", "evidence=retrieval", "careful",
		"ensemble", "final-answer", "adapter=none"}, files: measured, counts: named},
	{name: "evaluate-robustness", command: "evaluate", set: []string{"eval-questions=some.jsonl", "evidence=retrieval",
		"robustness", "robustness-distractors=1", "adapter=none"}, files: measured, counts: named},
	{name: "evaluate-scales", command: "evaluate", set: []string{"eval-questions=some.jsonl", "evidence=retrieval", "sweep",
		"scales=0,1"}, files: measured, counts: named},
	{name: "evaluate-forgetting", command: "evaluate", set: []string{"eval-questions=some.jsonl", "evidence=retrieval",
		"texts=texts.txt", "instructions=tasks.jsonl",
		"closed-questions=closed.jsonl", "budget-kl=1"}, files: measured, counts: named},
	{name: "evaluate-signals", command: "evaluate", set: []string{"eval-questions=some.jsonl", "evidence=retrieval",
		"adapter=none", "consistency=2", "self-check", "judge=base.gguf"}, files: measured, counts: named},
	{name: "evaluate-facts", command: "evaluate", short: true, set: []string{"eval-questions=some.jsonl", "evidence=retrieval",
		"fact-questions=few.jsonl", "overview-questions=closed.jsonl",
		"judge={teacher}", "requests=1", "criterion=shorter"}, files: measured, counts: named},
	{name: "report-facts-text", command: "report", text: true, files: []string{"{report}"}},
	{name: "evaluate-leaks", command: "evaluate", set: []string{"evidence=retrieval", "adapter=none",
		"eval-questions=questions.jsonl"}, fixed: true},
	{name: "evaluate-uncalibrated", command: "evaluate", short: true, set: []string{"evidence=retrieval", "max-wrong=0.001"},
		counts: named},
	{name: "ask-calibration-of-another-model", command: "ask", words: []string{miller}, set: []string{"adapter=none",
		"calibration=teacher-calibration.json"}, fixed: true},
}

var searchRuns = []run{
	{name: "tune-search-estimate", command: "tune-search", set: []string{"estimate", "candidates=2"}, fixed: true},
	{name: "tune-search", command: "tune-search", set: []string{"candidates=2", "adapter=none"},
		loose: []string{`\.(learned|tuning)\.weights`}},
	{name: "ask-tuned-search", command: "ask", words: []string{miller}, set: []string{"adapter=none", "search=tuned.json"},
		before: writeTuning},
	{name: "doctor", command: "doctor", loose: []string{`\.findings`}, keep: "$^"},
	{name: "doctor-text", command: "doctor", text: true, fixed: true,
		keep: `(?m)^\w+ +(model|index|questions|rows|adapter|evaluation|calibration|ollama) .*$`},
}

// writeTuning makes a tuned search of what the run tune-search learnt, which was too little for the command to take it.
func writeTuning(p *workplace) {
	out := p.output(run{name: "tune-search", command: "tune-search", set: []string{"candidates=2", "adapter=none"}})
	var learned struct {
		Learned json.RawMessage `json:"learned"`
	}
	require.NoError(p.t, json.Unmarshal(out, &learned))
	p.write("tuned.json", string(learned.Learned))
}

var badRuns = []run{
	{name: "version", set: []string{"version"}, text: true, fixed: true},
	{name: "usage-no-command", raw: []string{"demonstrat"}, text: true, fixed: true},
	{name: "usage-unknown-option", command: "ask", raw: []string{"--no-such-option"}, fixed: true},
	{name: "usage-no-question", command: "ask", fixed: true},
	{name: "usage-recipe", command: "demonstrate", set: []string{"recipe=magic"}, fixed: true},
	{name: "usage-export-format", command: "export", words: []string{"onnx"}, set: []string{"base=some/model"}, fixed: true},
	{name: "usage-scale", command: "ask", words: []string{miller}, set: []string{"scale=0"}, fixed: true},
	{name: "usage-sweep-without-adapter", command: "evaluate", set: []string{"sweep", "adapter=none"}, fixed: true},
	{name: "usage-serve-without-token", command: "serve", set: []string{"address=0.0.0.0:0"}, fixed: true, text: true},
	{name: "bad-config", command: "ask", words: []string{miller}, set: []string{"config=bad.yaml"}, fixed: true},
	{name: "bad-questions", command: "evaluate", set: []string{"questions=bad.jsonl"}, fixed: true},
	{name: "bad-rows", command: "train", set: []string{"rows=bad.jsonl"}, fixed: true},
	{name: "bad-model", command: "ask", words: []string{miller}, set: []string{"model=texts.txt", "adapter=none"}, text: true,
		fixed: true},
	{name: "bad-adapter", command: "ask", words: []string{miller}, set: []string{"adapter=texts.txt"}, text: true, fixed: true},
	{name: "missing-model", command: "demonstrate", set: []string{"model=none.gguf", "recipe=self-demo"}, fixed: true},
	{name: "missing-server", command: "ask", words: []string{miller}, set: []string{"model=openai:teacher@http://127.0.0.1:1/v1",
		"adapter=none"}, text: true, fixed: true},
	{name: "missing-peft", command: "export", words: []string{"gguf"}, set: []string{"folder=notes"}, fixed: true},
	{name: "empty-questions", command: "evaluate", set: []string{"questions=none.jsonl"}, fixed: true},
	{name: "empty-rows", command: "train", set: []string{"rows=none.jsonl"}, fixed: true},
	{name: "stale-rows", command: "train", fixed: true, before: func(p *workplace) {
		p.write("notes/snail-garden.md", "# The Snail Garden\n\nThe garden is gone.\n")
		p.run(run{name: "index-changed", command: "index"})
	}},
}

// lastRuns leave a project without much.
var lastRuns = []run{
	{name: "forget", command: "forget", words: []string{"notes/red-mill.md"}, fixed: true},
	{name: "forget-text", command: "forget", words: []string{"kestow.md"}, text: true, fixed: true},
	{name: "forget-unknown", command: "forget", words: []string{"never.md"}, fixed: true},
}
