//go:build cgo

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/question"
)

const shipped = "../../examples/basemodel/ragft-base-f16.gguf"

// workplace is a folder with some of the quickstart's documents and questions, and a project file that names the shipped
// model; it becomes the working directory.
func workplace(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	workplaceIn(t, dir)
	return dir
}

func workplaceIn(t *testing.T, dir string) {
	t.Helper()
	model, err := filepath.Abs(shipped)
	require.NoError(t, err)
	notes := filepath.Join(dir, "notes")
	require.NoError(t, os.CopyFS(notes, os.DirFS("../../examples/quickstart/docs")))
	questions, err := question.ReadFile("../../examples/quickstart/questions.jsonl")
	require.NoError(t, err)
	require.NoError(t, question.WriteFile(filepath.Join(dir, "questions.jsonl"), questions[:24]))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "ragft.yaml"), []byte(`
model: `+model+`
documents: notes
questions: questions.jsonl
passages: 2
index: {chunk: 60}
demonstrate: {recipe: gold, self-demo: {max-tokens: 12}, raft: {max-tokens: 12}}
train: {rank: 4, epochs: 1, rate: 1e-3}
evaluate: {max-tokens: 12, resamples: 50}
assistant: {max-tokens: 12}
`), 0o600))
	t.Chdir(dir)
}

// TestPipeline goes through all steps, each reading what the one before left.
func TestPipeline(t *testing.T) {
	dir := workplace(t)
	indexed := object[ragft.IndexResult](t, "index")
	require.Equal(t, 60, indexed.Documents)
	require.Greater(t, indexed.Passages, 60)
	require.NoError(t, os.Remove(filepath.Join(dir, "notes", "pudding.md")))
	again := object[ragft.IndexResult](t, "index")
	require.Equal(t, 59, again.Documents)
	require.Equal(t, indexed.Passages-again.Removed, again.Passages)
	require.Positive(t, again.Removed)
	code, _, stderr := ragftRun(t, "", "index", "--set", "index.k1=2")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, "rebuild")

	rows := object[ragft.DemonstrateResult](t, "demonstrate")
	require.Equal(t, "gold", rows.Recipe)
	require.Positive(t, rows.Rows)
	require.Equal(t, rows.Rows, rows.Kinds["answer"]+rows.Kinds["refusal"])

	trained := object[ragft.TrainResult](t, "train")
	require.Equal(t, rows.Rows, trained.Rows+trained.ValidationRows)
	require.FileExists(t, trained.Adapter)
	require.True(t, object[ragft.TrainResult](t, "train").UpToDate, "nothing is trained twice")
	require.False(t, object[ragft.TrainResult](t, "train", "--rank", "2").UpToDate, "other settings are another adapter")

	evaluated := object[evaluateResult](t, "evaluate")
	require.Len(t, evaluated.Systems, 4)
	require.NotEmpty(t, evaluated.Headline)
	require.FileExists(t, evaluated.Report)
	reported := object[evaluateResult](t, "report", "--evaluation", ".ragft/answers.jsonl")
	require.Equal(t, evaluated.Systems[0].Metrics["correct"], reported.Systems[0].Metrics["correct"], "figures made again of the answers")
	require.NoError(t, os.Remove(evaluated.Report))
	require.Contains(t, must(t, "report"), "Difference: tuned - base")
	require.FileExists(t, evaluated.Report)

	answer := object[askResult](t, "ask", "Who is the miller at Tuckle Mill?")
	require.NotEmpty(t, answer.Answer)
	require.Len(t, answer.Passages, 2)
	require.Equal(t, "tuckle-mill.md", answer.Passages[0].Source)
	require.Contains(t, must(t, "ask", "--min-confidence", "1", "Who is the miller?"), "low-confidence")

	must(t, "publish", "--modelfile", "Modelfile", "--set", "publish.parameters=temperature=0")
	modelfile, err := os.ReadFile("Modelfile")
	require.NoError(t, err)
	require.Contains(t, string(modelfile), "ADAPTER")
	require.Contains(t, string(modelfile), "PARAMETER temperature 0")

	merged := object[ragft.MergeResult](t, "merge")
	require.FileExists(t, merged.Output)
	require.Less(t, *merged.KL, *merged.AdapterKL+1e-6)
	kinds := map[string]string{}
	for _, m := range object[modelsResult](t, "models", "--ollama", "http://127.0.0.1:1").Models {
		kinds[filepath.Base(m.Name)] = m.Kind
	}
	require.Equal(t, map[string]string{"adapter.gguf": "adapter", "merged.gguf": "model"}, kinds)
	status, details := map[string]string{}, map[string]string{}
	for _, f := range object[struct{ Findings []finding }](t, "doctor", "--set", "train.rank=2").Findings {
		status[f.Name], details[f.Name] = f.Status, f.Detail
	}
	require.NotEmpty(t, evaluated.Fault)
	require.Equal(t, evaluated.Fault, details["improve"], "search or model")
	for _, name := range []string{"CPU", "model", "index", "rows", "adapter", "evaluation"} {
		require.Equal(t, fine, status[name], name)
	}
}

func TestChat(t *testing.T) {
	workplace(t)
	must(t, "index")
	code, stdout, stderr := ragftRun(
		t,
		"/passage 1\nWho is the miller at Tuckle Mill?\n/sources\n/passage 1\n\n/nonsense\n/clear\n/sources\n/quit\nnever asked\n",
		"chat",
	)
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stdout, "Which passage?")
	require.Contains(t, stdout, "tuckle-mill.md, bytes")
	require.Contains(t, stdout, "The miller is Abel Hesk.", "the whole passage")
	require.Contains(t, stdout, "unknown command /nonsense")
	require.Contains(t, stdout, "There are none yet.", "after /clear")
	code, stdout, _ = ragftRun(t, "Who is the miller?\nAnd who is the baker?", "chat", "--json")
	require.Equal(t, exitOK, code)
	require.Equal(t, 2, strings.Count(stdout, `"answer":`), "a line of JSON for each, the last without an end of line too")

	long := strings.Repeat("Who? ", 1000)
	code, stdout, stderr = ragftRun(t, "/help\n/sources\n/passage 1\n/nonsense\n"+long+"\nWho is the miller?\n", "chat", "--json")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, stderr, "unknown command /nonsense")
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	require.Len(t, lines, 2, "one for each question: %s", stdout)
	var refused struct {
		failure
		askResult
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &refused))
	require.Equal(t, strings.TrimSpace(long), refused.Question)
	require.Equal(t, exitInput, refused.ExitCode)
	require.Contains(t, refused.Error, "at most 4000")
	require.Contains(t, lines[1], `"answer":`)
}

// copyOfShipped is a copy of the shipped model in the folder, from the workplace's project file.
func copyOfShipped(t *testing.T, dir string) string {
	t.Helper()
	config, err := ragft.LoadConfig("ragft.yaml")
	require.NoError(t, err)
	data, err := os.ReadFile(config.Model)
	require.NoError(t, err)
	path := filepath.Join(dir, "own.gguf")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestExitCodes(t *testing.T) {
	dir := workplace(t)
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o700))
	bad := write("bad.jsonl", "{\"question\": \"Who?\", \"answer\": \"He\"}\nnonsense\n")
	none := write("none.jsonl", "\n")
	unanswered := write("unanswered.jsonl", "{\"question\": \"Who?\", \"answer\": \"\"}\n{\"question\": \"When?\", \"answer\": \"\"}\n")
	notModel := write("not.gguf", "GGUF is how such files begin, but not how they go on")
	write("other.yaml", "passages: many\n")
	own := copyOfShipped(t, dir)
	for _, c := range []struct {
		name, message string
		code          int
		args          []string
	}{
		{"no command of that name", "did you mean index?", exitUsage, []string{"indx"}},
		{"no such flag", "unknown flag", exitUsage, []string{"ask", "--loud", "Who?"}},
		{"no question", "requires at least 1 arg", exitUsage, []string{"ask"}},
		{"bad project file", "other.yaml:1", exitUsage, []string{"index", "-c", "other.yaml"}},
		{"no project file", "no such file", exitMissing, []string{"index", "-c", "third.yaml"}},
		{"no index", "ragft index FOLDER", exitMissing, []string{"ask", "Who?"}},
		{"no documents there", "no such file", exitMissing, []string{"index", "nowhere"}},
		{"nothing to index", "no documents", exitEmpty, []string{"index", "empty"}},
		{"no rows", "ragft demonstrate", exitMissing, []string{"train"}},
		{"bad rows", "bad.jsonl:1", exitInput, []string{"train", "--rows", bad}},
		{"empty rows", "has no rows", exitEmpty, []string{"train", "--rows", none}},
		{"no evaluation", "ragft evaluate", exitMissing, []string{"report"}},
		{"bad questions", "bad.jsonl:2", exitInput, []string{"demonstrate", "--questions", bad}},
		{"empty questions", "no questions", exitEmpty, []string{"demonstrate", "--questions", none}},
		{"no such recipe", "there are verified, self-demo, gold", exitUsage, []string{"demonstrate", "--recipe", "soup"}},
		{"gold answers without an answer", "no questions with an answer", exitEmpty, []string{"demonstrate", "--questions", unanswered,
			"-m", ""}},
		{"no text to replay", "no general text to replay", exitError, []string{"demonstrate", "--recipe", "pretrain", "-m", ""}},
		{"a recipe without its model", "needs a model: set model", exitUsage, []string{"demonstrate", "--recipe", "self-demo", "-m", ""}},
		{"no such setting", "must be one of", exitUsage, []string{"evaluate", "--evidence", "outside"}},
		{"what questions cost", "", exitOK, []string{"questions", "--estimate", "-m", ""}},
		{"no such model", "no such file", exitMissing, []string{"questions", "-m", "nowhere.gguf", "--set", "questions=new.jsonl"}},
		{"not a model", "GGUF", exitInput, []string{"questions", "-m", notModel, "--set", "questions=new.jsonl"}},
		{"no server", "does not answer", exitMissing, []string{"questions", "-m", "ollama:x@http://127.0.0.1:1", "--set", "questions=new.jsonl"}},
		{"a judge's server", "judge: ", exitMissing, []string{"evaluate", "--judge", "ollama:x@http://127.0.0.1:1"}},
		{"no address of a server", "invalid address", exitUsage, []string{"ask", "-m", "openai:x@http://", "Who?"}},
		{"a key in the address", "OPENAI_API_KEY", exitUsage, []string{"ask", "-m", "openai:x@https://key@127.0.0.1:1/v1", "Who?"}},
		{"a pool of one that runs here", "each needs one", exitUsage, []string{"ask", "-m", "ollama:x,ollama:x@http://127.0.0.1:1", "Who?"}},
		{"a pool of different models", "different models", exitUsage, []string{"ask", "-m",
			"openai:x@http://127.0.0.1:1,openai:y@http://127.0.0.1:2", "Who?"}},
		{"training by a server", "takes its weights", exitUsage, []string{"train", "-m", "openai:x@http://127.0.0.1:1"}},
		{"doctor misses the model", "missing", exitMissing, []string{"doctor", "-m", "nowhere.gguf"}},
		{"token needed", "RAGFT_TOKEN", exitUsage, []string{"serve", "--address", "0.0.0.0:0"}},
		{"publish without a name", "ragft publish NAME", exitUsage, []string{"publish"}},
		{"publish without a server", "does not answer", exitMissing, []string{"publish", "mine", "--ollama", "http://127.0.0.1:1"}},
		{"no adapter to merge", "train one", exitMissing, []string{"merge"}},
		{"no model to convert", "no such file", exitMissing, []string{"convert", "nowhere.gguf", "out.gguf"}},
		{"no output of a conversion", "accepts 2 arg(s)", exitUsage, []string{"convert", shipped}},
		{"converting over the model", "would replace", exitError, []string{"convert", own, own}},
		{"converting to no type", "Q8_0", exitError, []string{"convert", own, "out.gguf", "--type", "q9"}},
	} {
		if c.name == "bad questions" {
			must(t, "index") // the cases before had none
		}
		code, stdout, stderr := ragftRun(t, "", append(c.args, "--json")...)
		require.Equal(t, c.code, code, "%s: %s", c.name, stderr)
		require.Contains(t, stderr, c.message, c.name)
		if c.name == "no such flag" {
			continue // --json was not read
		}
		if c.code == exitOK {
			require.Regexp(t, `"estimate":\{"calls":[1-9]`, stdout)
			continue
		}
		require.Equal(t, c.code, only[failure](t, stdout).ExitCode, c.name)
	}
}

// Rows of documents that were changed are not learnt unnoticed.
func TestStaleRows(t *testing.T) {
	dir := workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes", "tuckle-mill.md"), []byte("# Tuckle Mill\n\nThe mill was sold.\n"), 0o600))
	must(t, "index")
	code, _, stderr := ragftRun(t, "", "train")
	require.Equal(t, exitInput, code, stderr)
	require.Contains(t, stderr, "tuckle-mill.md")
	require.Contains(t, stderr, "demonstrate again")
	require.NoFileExists(t, ".ragft/adapter.gguf")
	must(t, "train", "--set", "train.allow-stale=true", "--rank", "1")
	require.FileExists(t, ".ragft/adapter.gguf")
	must(t, "demonstrate")
	must(t, "train", "--rank", "1")
}

func TestBudgets(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	code, _, stderr := ragftRun(t, "", "train", "--memory-budget", "1MiB")
	require.Equal(t, exitBudget, code, stderr)
	require.NoFileExists(t, ".ragft/adapter.gguf")
	must(t, "train", "--rate", "0.05", "--epochs", "2")
	require.NoError(
		t,
		os.WriteFile(
			"texts.txt",
			[]byte("The harbour is quiet in winter, and the boats lie on the sand.\nBread is made of flour, water and salt.\n"),
			0o600,
		),
	)
	evaluate := []string{"evaluate", "--evidence", "retrieval", "--set", "evaluate.forgetting.texts=texts.txt",
		"--set", "evaluate.forgetting.budget-texts=1e-6"}
	code, stdout, stderr := ragftRun(t, "", evaluate...)
	require.Equal(t, exitBudget, code, stderr)
	require.Contains(t, stderr, "forgot more than its budget")
	require.Contains(t, stdout, "Report: ", "it is told, and everything is written all the same")
	require.FileExists(t, ".ragft/report.html")
	require.NotEmpty(t, failed[evaluateResult](t, exitBudget, evaluate...).Headline)
}

// A model of a server takes the place of the file.
func TestOllamaServer(t *testing.T) {
	workplace(t)
	must(t, "index")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/api/tags":
			w.Write([]byte(`{"models":[{"name":"tiny:latest","model":"tiny:latest","digest":"abc123","size":1000}]}`))
		case "/api/chat":
			w.Write(
				[]byte(
					`{"message":{"role":"assistant","content":"Abel Hesk"},"done":true,"done_reason":"stop","eval_count":3,"prompt_eval_count":9}` + "\n",
				),
			)
		case "/api/version":
			w.Write([]byte(`{"version":"0.17.4"}`))
		case "/api/show":
			w.Write([]byte(`{"details":{"family":"llama"}}`))
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	answer := object[askResult](t, "ask", "-m", "ollama:tiny@"+server.URL, "Who is the miller at Tuckle Mill?")
	require.Equal(t, "Abel Hesk", answer.Answer)
	require.Contains(t, answer.Citations[0].Quote, "Abel Hesk")
	code, _, stderr := ragftRun(t, "", "ask", "-m", "ollama:large@"+server.URL, "Who?")
	require.Equal(t, exitMissing, code, stderr)
}
