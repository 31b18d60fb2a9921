//go:build cgo && unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/ollamatest"
	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// campaign is a command that is disturbed while it is at work, and run again.
type campaign struct {
	name   string
	args   []string
	result func(t *testing.T) string // what it left, the same whatever happened on the way
}

// campaigns stand in the order in which each needs what those before it made. Batches of one make generated text the same
// wherever a run begins.
func campaigns(t *testing.T) []campaign {
	server, ollama := ollamatest.Start(t)
	require.NoError(t, os.WriteFile("template", []byte("<|user|>{{ .Prompt }}"), 0o600))
	published := func(t *testing.T) string {
		return files("published.gguf")(t) + fmt.Sprint(server.Models["notes:latest"].Files)
	}
	return []campaign{
		{name: "index", args: []string{"index"}, result: indexResult},
		{name: "questions", args: []string{"questions", "--set", "questions=.ragft/written.jsonl", "--set", "write.limit=4", "--set",
			"write.batch=1", "--set", "sequences=1"}, result: filesAndCache("written.jsonl")},
		{name: "demonstrate", args: []string{"demonstrate", "--recipe", "verified", "--set", "demonstrate.batch=1", "--set",
			"demonstrate.questions=6", "--set", "sequences=1"}, result: filesAndCache("rows.jsonl")},
		{name: "demonstrate with gold", args: []string{"demonstrate", "--force"}, result: files("rows.jsonl")},
		{name: "train", args: []string{"train", "--epochs", "4", "--set", "train.checkpoint-every=2"}, result: files("adapter.gguf")},
		{name: "tune-search", args: []string{"tune-search"}, result: tuneResult},
		{name: "evaluate", args: []string{"evaluate", "--set", "evaluate.batch=1", "--set", "sequences=1"}, result: files("answers.jsonl")},
		{name: "merge", args: []string{"merge"}, result: files("merged.gguf")},
		{name: "export", args: []string{"export", "peft"},
			result: files("peft/adapter_model.safetensors", "peft/adapter_config.json")},
		{name: "publish", args: []string{"publish", "notes", "--ollama", ollama, "--as", "merged", "--set", "publish.template=template",
			"--set", "publish.merged=.ragft/published.gguf"}, result: published},
	}
}

// oneThread has the model compute on one thread: several that wait for each other are slow where other processes compute.
func oneThread(t *testing.T) {
	t.Helper()
	file, err := os.OpenFile("ragft.yaml", os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("threads: 1\n")
	require.NoError(t, err)
	require.NoError(t, file.Close())
}

// undisturbed is what a command does when nothing happens.
type undisturbed struct {
	took time.Duration
	grew uint64 // bytes of the disk, at most
}

// disturbance disturbs a command, and says how.
type disturbance func(t *testing.T, c campaign, u undisturbed, rng *rand.Rand) string

// disturb has each command of the campaigns run undisturbed, then disturbed and once more: this leaves what the first run left.
// Each is disturbed so many times, or as often as RAGFT_KILLS says, at moments that RAGFT_SEED chooses.
func disturb(t *testing.T, times int, how ...disturbance) {
	oneThread(t)
	if often := os.Getenv("RAGFT_KILLS"); often != "" {
		var err error
		times, err = strconv.Atoi(often)
		require.NoError(t, err)
	}
	seed, _ := strconv.ParseUint(os.Getenv("RAGFT_SEED"), 10, 64)
	rng := rand.New(rand.NewPCG(seed, 1))
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
	for _, c := range campaigns(t) {
		keepProject(t, before)
		grown := watchDisk()
		start := time.Now()
		finished, said := runFor(t, c.args, time.Hour)
		require.True(t, finished, said)
		u := undisturbed{time.Since(start), grown()}
		want := c.result(t)
		keepProject(t, after)
		for k := range times {
			for _, one := range how {
				restoreProject(t, before)
				happened := one(t, c, u, rng)
				again(t, c.args)
				require.Equal(t, want, c.result(t), "%s, %d: %s", c.name, k, happened)
				requireNoTemporaries(t)
			}
		}
		restoreProject(t, after)
		t.Logf("%s: took %v undisturbed, and %v in all", c.name, u.took.Round(time.Millisecond), time.Since(start).Round(time.Millisecond))
	}
}

// runFor runs a command for a time, and then kills it if it is still at work. It says whether the command ended well by
// itself, and what it wrote to standard error.
func runFor(t *testing.T, args []string, limit time.Duration) (finished bool, said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := process(ctx, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // with its worker
	var errs bytes.Buffer
	cmd.Stderr = &errs
	err := cmd.Run()
	if err != nil && ctx.Err() == nil {
		require.Fail(t, "the command failed by itself", "%v: %v: %s", args, err, errs.String())
	}
	return err == nil, errs.String()
}

// again runs a command to its end, as soon as a worker that was killed is gone.
func again(t *testing.T, args []string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		code, _, stderr := ragftRun(t, "", args...)
		if code == exitOK {
			return
		}
		require.True(t, strings.Contains(stderr, lora.ErrBusy.Error()) && time.Now().Before(end), "%v: %s", args, stderr)
	}
}

func keepProject(t *testing.T, to string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(to))
	require.NoError(t, os.MkdirAll(to, 0o700))
	if _, err := os.Stat(".ragft"); err == nil {
		require.NoError(t, os.CopyFS(to, os.DirFS(".ragft")))
	}
}

func restoreProject(t *testing.T, from string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(".ragft"))
	require.NoError(t, os.CopyFS(".ragft", os.DirFS(from)))
}

// requireNoTemporaries says that the second run removed what the disturbed one left.
func requireNoTemporaries(t *testing.T) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(".ragft", func(path string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		require.False(t, strings.HasSuffix(e.Name(), ".tmp") || strings.HasPrefix(e.Name(), "new-"), path)
		return nil
	}))
}

// clock is what a line says of when it was written and of how long that took.
var clock = regexp.MustCompile(`"(?:[a-z_]*seconds":[0-9.e-]+|created":"[^"]*"),?`)

// files is the content of files of the project.
func files(names ...string) func(t *testing.T) string {
	return func(t *testing.T) string {
		var sums []string
		for _, name := range names {
			text := readText(t, filepath.Join(".ragft", name))
			if filepath.Ext(name) == ".jsonl" { // whose lines say what is different
				text = clock.ReplaceAllString(text, "")
			} else {
				text = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
			}
			sums = append(sums, name+" "+text)
		}
		return strings.Join(sums, "\n")
	}
}

// filesAndCache is also how many replies are kept: more, if one was generated again.
func filesAndCache(names ...string) func(t *testing.T) string {
	return func(t *testing.T) string {
		kept, err := filepath.Glob(".ragft/cache/*")
		require.NoError(t, err)
		replies := 0
		for _, name := range kept {
			replies += strings.Count(readText(t, name), "\n")
		}
		return files(names...)(t) + fmt.Sprintf("\n%d replies", replies)
	}
}

// indexResult is the digest of the index, and what a hundred searches find.
func indexResult(t *testing.T) string {
	index, err := retriever.Open(".ragft/index")
	require.NoError(t, err)
	defer index.Close()
	digest, err := index.Digest(t.Context())
	require.NoError(t, err)
	questions, err := question.ReadFile("questions.jsonl")
	require.NoError(t, err)
	found := []string{digest}
	for i := range 100 {
		words := strings.Fields(questions[i%len(questions)].Question)
		hits, err := index.Search(t.Context(), strings.Join(words[i/len(questions)%len(words):], " "), 5)
		require.NoError(t, err)
		for _, hit := range hits {
			found = append(found, fmt.Sprint(hit.ID, " ", hit.Score))
		}
	}
	return strings.Join(found, "\n")
}

// tuneResult is what was learnt of searching, and the file of it, which there is only if it helps.
func tuneResult(t *testing.T) string {
	r := object[ragft.SearchResult](t, "tune-search")
	require.True(t, r.UpToDate)
	file := ".ragft/retrieval.json"
	if r.File == "" {
		require.NoFileExists(t, file)
		return fmt.Sprint(r.On, r.Learned, r.Steps)
	}
	return fmt.Sprint(r.On, r.Learned, r.Steps, readText(t, file))
}
