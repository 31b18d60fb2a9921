//go:build cgo

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/rows"
)

// general is some text that is not of the quickstart's documents, one text a line.
const general = "The harbour is quiet in winter, and the boats lie on the sand until the spring.\n" +
	"Bread is made of flour, water and salt, and of the time that it takes to rise.\n" +
	"A river that bends wears away the outer bank and leaves its sand at the inner one.\n" +
	"Glass is neither hard to melt nor easy to cut, as any glazier will say.\n" +
	"Snow falls on the high roads first, and the carriers wait for it below.\n" +
	"The clocks of two towns seldom agree, and travellers learn to carry their own.\n" +
	"Wool is washed, carded and spun before any of it can be woven into cloth.\n" +
	"Owls hunt by ear, and can find a mouse under leaves in complete darkness.\n"

// The recipes that read the documents themselves need no questions.
func TestCorpusRecipes(t *testing.T) {
	workplace(t)
	must(t, "index")
	require.NoError(t, os.Remove("questions.jsonl"))
	require.NoError(t, os.WriteFile("general.txt", []byte(general), 0o600))
	code, _, stderr := ragftRun(t, "", "demonstrate", "--recipe", "pretrain")
	require.Equal(t, exitError, code, stderr)
	require.Contains(t, stderr, "no general text to replay")
	r := object[ragft.DemonstrateResult](
		t,
		"demonstrate",
		"--recipe",
		"pretrain",
		"--set",
		"demonstrate.texts=general.txt",
		"--set",
		"demonstrate.pretrain.replay=0.02",
	)
	require.Positive(t, r.Sources[trainlog.Domain])
	require.Greater(t, r.Sources[trainlog.General], 1)
	code, _, stderr = ragftRun(
		t,
		"",
		"train",
		"--epochs",
		"1",
		"--rate",
		"0.05",
		"--set",
		"train.max-rise=1e-6",
		"--set",
		"train.evaluate-every=2",
	)
	require.Equal(t, exitBudget, code, "the general text gets worse at once: %s", stderr)
	require.Contains(t, stderr, "train.max-rise")
	free := object[ragft.TrainResult](
		t,
		"train",
		"--epochs",
		"1",
		"--rate",
		"0.05",
		"--set",
		"train.max-rise=0",
		"--set",
		"train.restart=true",
	)
	require.Empty(t, free.Rose)
	require.Contains(t, free.BaseBySource, trainlog.Domain)
	require.Regexp(t, `\ndomain perplexity [0-9.]+ -> [0-9.]+\ngeneral perplexity [0-9.]+ -> [0-9.]+\n`,
		must(t, "train", "--epochs", "1", "--rate", "0.05", "--set", "train.max-rise=0", "--force"))

	code, _, stderr = ragftRun(
		t,
		"",
		"demonstrate",
		"--recipe",
		"memory",
		"--estimate",
		"--set",
		"demonstrate.memory.corpus=0",
		"--set",
		"demonstrate.memory.local=0",
	)
	require.Equal(t, exitOK, code, stderr)
}

// What the flags say arrives in the recipes.
func TestRecipeFlags(t *testing.T) {
	workplace(t)
	must(t, "index")
	read := func(args ...string) (list []rows.Row) {
		r := object[ragft.DemonstrateResult](t, append([]string{"demonstrate"}, args...)...)
		list, err := rows.ReadFile(r.File)
		require.NoError(t, err)
		return list
	}
	sources := func(rows []rows.Row) map[string]int {
		n := map[string]int{}
		for _, r := range rows {
			n[r.Source]++
		}
		return n
	}
	require.Equal(t, map[string]int{"gold": 6, "raft": 2}, sources(read("--recipe", "gold=3,raft=1", "--set", "demonstrate.total=8")))
	for _, r := range read("--recipe", "raft", "--set", "demonstrate.raft.evidence-share=0", "--set", "demonstrate.raft.when-absent=gold") {
		if len(r.Golds) > 0 {
			require.NotContains(t, r.Response(), "Sorry, the documents do not say.")
		}
	}
	refused := "Sorry, I have nothing on that."
	for _, r := range read("--recipe", "verified", "--set", "demonstrate.verified.refusal="+refused, "--set", "demonstrate.verified.draws=0") {
		require.Contains(t, []string{"own", "rationalised", "reference", "refusal"}, r.Made)
		require.Equal(t, r.Made == "refusal", r.Response() == refused)
	}
	calls := func(args ...string) (tokens int) {
		return object[ragft.DemonstrateResult](
			t,
			append([]string{"demonstrate", "--recipe", "self-demo", "--estimate"}, args...)...).Estimate.Tokens
	}
	plain := calls()
	require.Greater(t, calls("--set", "demonstrate.self-demo.two-step=true"), plain)
	require.Less(t, calls("--set", "demonstrate.self-demo.tournament=true", "--set", "demonstrate.self-demo.tries=1"), plain)
	require.Less(t, calls("--set", "demonstrate.self-demo.candidates-refuse=0"), plain)
	audited := object[ragft.DemonstrateResult](
		t,
		"demonstrate",
		"--recipe",
		"self-demo",
		"--set",
		"demonstrate.audit=true",
		"--set",
		"demonstrate.self-demo.max-refusals=1",
	)
	require.NotNil(t, audited.Audit)
	require.Positive(t, audited.Audit.N)
	require.Equal(t, 2*audited.Audit.N, audited.Audit.Cost.Calls, "both orders")
	preferred := 0
	for _, r := range read("--recipe", "self-demo", "--set", "demonstrate.self-demo.rejected=2", "--set",
		"demonstrate.self-demo.preferences-only=true", "--set", "demonstrate.self-demo.max-refusals=1", "--set",
		"demonstrate.self-demo.candidates-refuse=1") {
		require.NotEmpty(t, r.Rejected)
		preferred++
	}
	require.Positive(t, preferred)
	must(t, "train", "--rank", "2") // learns them
}

// What came with a question decides what was shown with it, as in an evaluation.
func TestDemosGoByTheEvidenceOfTheQuestions(t *testing.T) {
	workplace(t)
	must(t, "index")
	const question = `{"id": "mill", "question": "Is Abel Hesk the miller at Tuckle Mill?", "answer": "yes"`
	context := func(rest string) answer.Context {
		require.NoError(t, os.WriteFile("asked.jsonl", []byte(question+rest+"}\n"), 0o600))
		r := object[ragft.DemonstrateResult](t, "demonstrate", "--recipe", "gold", "--questions", "asked.jsonl", "--test-share", "0")
		rows, err := rows.ReadFile(r.File)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		return rows[0].Context
	}
	require.Equal(t, answer.Absent, context(""), "no passage has the word")
	require.Equal(
		t,
		answer.Present,
		context(`, "passages": [{"text": "The miller is Abel Hesk. He grinds barley for the farms in the valley."}]`),
	)
}

func TestExport(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	must(t, "train", "--rank", "2")
	code, _, stderr := ragftRun(t, "", "export", "trl")
	require.Equal(t, exitUsage, code, stderr)
	require.Contains(t, stderr, "export.base")
	code, _, _ = ragftRun(t, "", "export", "onnx", "--base", "some/model")
	require.Equal(t, exitUsage, code)
	for _, format := range []string{"trl", "axolotl"} {
		r := object[ragft.ExportResult](t, "export", format, "--base", "some/model", "--set", "train.targets=attn_q", "--set", "export.rate=1e-4")
		require.Equal(t, filepath.Join(".ragft", format), r.Folder)
		require.Positive(t, r.Rows)
		start, err := os.ReadFile(r.Start[0])
		require.NoError(t, err)
		require.Contains(t, string(start), "some/model")
		require.Contains(t, string(start), "q_proj")
		require.Contains(t, string(start), "0.0001")
	}
	must(t, "export", "peft", "--base", "some/model")
	var config map[string]any
	data, err := os.ReadFile(".ragft/peft/adapter_config.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &config))
	require.Equal(t, "some/model", config["base_model_name_or_path"])

	// There and back it is the same adapter.
	question := []string{"ask", "Who is the miller at Tuckle Mill?"}
	before := object[askResult](t, question...)
	must(t, "export", "gguf", "--folder", ".ragft/peft", "--adapter", "back.gguf")
	require.Equal(t, before, object[askResult](t, append(question, "--adapter", "back.gguf")...))
	require.True(t, object[ragft.TrainResult](t, "train", "--rank", "2").UpToDate)
	must(t, "export", "gguf", "--folder", ".ragft/peft")
	require.False(t, object[ragft.TrainResult](t, "train", "--rank", "2").UpToDate, "the adapter there is another's")
	code, _, stderr = ragftRun(t, "", "export", "gguf", "--folder", "notes")
	require.Equal(t, exitMissing, code, stderr)
	require.Contains(t, stderr, "adapter_config.json")
	code, _, stderr = ragftRun(t, "", "export", "peft", "--adapter", "none.gguf")
	require.Equal(t, exitMissing, code, stderr)
}

// The documents' exit codes are those of the program.
func TestDocumentedExitCodes(t *testing.T) {
	doc, err := os.ReadFile("../../docs/command-line.md")
	require.NoError(t, err)
	for code, meaning := range map[string]string{"0": "done", "1": "another error", "2": "wrong usage", "3": "bad input",
		"4": "something is missing",
		"5": "nothing to work on", "6": "a budget or bound is not kept", "130": "interrupted"} {
		require.Contains(t, string(doc), "| "+code+" | "+meaning)
		require.Contains(t, strings.ReplaceAll(rootLong, "\n", " "), code+" "+meaning)
	}
	require.Equal(
		t,
		[]int{0, 1, 2, 3, 4, 5, 6, 130},
		[]int{exitOK, exitError, exitUsage, exitInput, exitMissing, exitEmpty, exitBudget, exitInterrupted},
	)
}
