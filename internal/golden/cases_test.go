//go:build cgo

package golden

const miller = "Who is the miller at Tuckle Mill?"

// runs are all runs in order.
func runs() []run {
	var all []run
	for _, part := range [][]run{prepareRuns, recipeRuns, trainRuns, useRuns, evaluateRuns} {
		all = append(all, part...)
	}
	return all
}

var prepareRuns = []run{
	{name: "missing-index", command: "ask", words: []string{miller}, fixed: true},
	{name: "index", command: "index", fixed: true},
	{name: "index-again-text", command: "index", text: true, fixed: true},
	{name: "questions-import", command: "questions", set: []string{"import=squad.json", "questions=squad.jsonl", "write-documents=squad-documents.jsonl"},
		files: []string{"squad.jsonl", "squad-documents.jsonl"}, fixed: true},
	{name: "questions-estimate", command: "questions", set: []string{"estimate", "limit=4", "questions=written.jsonl"}, fixed: true},
}

var recipeRuns = []run{
	{name: "recipe-gold", command: "demonstrate", set: []string{"recipe=gold"}, files: []string{"{rows}"}, fixed: true},
	{name: "recipe-ralt", command: "demonstrate", set: []string{"recipe=ralt", "rows=ralt.jsonl", "texts=texts.txt", "text-share=0.3",
		"instructions=tasks.jsonl", "instruction-share=0.2", "chunks=2"}, files: []string{"ralt.jsonl"}, fixed: true},
	{name: "recipe-raft", command: "demonstrate", set: []string{"recipe=raft", "rows=raft.jsonl", "distractors=2", "evidence-share=0.5"},
		files: []string{"raft.jsonl"}, fixed: true},
	{name: "recipe-pretrain", command: "demonstrate", set: []string{"recipe=pretrain", "rows=pretrain.jsonl", "texts=texts.txt", "replay=0.05"},
		files: []string{"pretrain.jsonl"}, fixed: true},
	{name: "recipe-self-demo", command: "demonstrate", set: []string{"recipe=self-demo", "rows=self.jsonl", "max-refusals=1", "candidates-closed=1",
		"candidates-read=2", "candidates-refuse=1"}, files: []string{"self.jsonl"}, loose: []string{`\.(kinds|dropped)`}, counts: []string{`\.estimate\.(calls|tokens)`}},
}

var trainRuns = []run{
	{name: "train-estimate", command: "train", set: []string{"estimate"}},
	{name: "train", command: "train", files: []string{"{adapter}", "{metrics}"}, counts: []string{`\.(rows|watched_rows|steps|tokens|rank)`}},
	{name: "train-again", command: "train", counts: []string{`\.up_to_date`}},
}

var useRuns = []run{
	{name: "ask", command: "ask", words: []string{miller}},
	{name: "ask-text", command: "ask", words: []string{miller}, text: true},
	{name: "export-trl", command: "export", words: []string{"trl"}, set: []string{"base=some/model"}, files: []string{"{trl}"}, fixed: true},
	{name: "export-peft", command: "export", words: []string{"peft"}, set: []string{"base=some/model"}, files: []string{"{peft}"}},
	{name: "export-gguf", command: "export", words: []string{"gguf"}, set: []string{"folder={peft}", "adapter=back.gguf"}, files: []string{"back.gguf"}},
	{name: "merge", command: "merge", files: []string{"{merged}"}},
}

var evaluateRuns = []run{
	{name: "evaluate", command: "evaluate", files: []string{"#{evaluation}", "#{answers}", "{report}"}, counts: []string{`\.questions`, `\.systems\[\d+\]\.(name|setting)`}},
	{name: "report-text", command: "report", text: true},
	{name: "usage-unknown-option", command: "ask", raw: []string{"--no-such-option"}, fixed: true},
}
