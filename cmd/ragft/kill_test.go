//go:build cgo && unix

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// campaign is a command that is killed at any moment and run again.
type campaign struct {
	name   string
	args   []string
	result func(t *testing.T) string // what it left, the same whatever happened on the way
	long   bool                      // only where RAGFT_KILLS is set
}

// campaigns stand in the order in which each needs what those before it made. Batches of one make generated text the same
// wherever a run begins.
var campaigns = []campaign{
	{name: "index", args: []string{"index"}, result: indexResult},
	{name: "questions", args: []string{"questions", "--set", "questions=.ragft/written.jsonl", "--set", "write.limit=4", "--set",
		"write.batch=1", "--set", "sequences=1"}, result: filesAndCache("written.jsonl"), long: true},
	{name: "demonstrate", args: []string{"demonstrate", "--recipe", "verified", "--set", "demonstrate.batch=1", "--set",
		"demonstrate.questions=6", "--set", "sequences=1"}, result: filesAndCache("rows.jsonl"), long: true},
	{name: "demonstrate with gold", args: []string{"demonstrate", "--force"}, result: files("rows.jsonl"), long: true},
	{name: "train", args: []string{"train", "--epochs", "4", "--set", "train.checkpoint-every=2"}, result: files("adapter.gguf"), long: true},
	{name: "tune-search", args: []string{"tune-search"}, result: files("retrieval.json"), long: true},
	{name: "evaluate", args: []string{"evaluate", "--set", "evaluate.batch=1", "--set", "sequences=1"}, result: files("answers.jsonl"),
		long: true},
	{name: "merge", args: []string{"merge"}, result: files("merged.gguf"), long: true},
	{name: "export", args: []string{"export", "peft"},
		result: files("peft/adapter_model.safetensors", "peft/adapter_config.json"), long: true},
}

// A command that was killed and is run again leaves what it leaves if nothing happens. Indexing is killed three times; with
// RAGFT_KILLS=20 all commands are, twenty times each. RAGFT_SEED chooses the moments.
func TestKilledCommandsGoOn(t *testing.T) {
	kills, all := 3, os.Getenv("RAGFT_KILLS") != ""
	if all {
		var err error
		kills, err = strconv.Atoi(os.Getenv("RAGFT_KILLS"))
		require.NoError(t, err)
	}
	seed, _ := strconv.ParseUint(os.Getenv("RAGFT_SEED"), 10, 64)
	rng := rand.New(rand.NewPCG(seed, 1))
	workplace(t)
	before, after := filepath.Join(t.TempDir(), "before"), filepath.Join(t.TempDir(), "after")
	for _, c := range campaigns {
		if c.long && !all {
			continue
		}
		keepProject(t, before)
		start := time.Now()
		runKilled(t, c.args, time.Hour)
		took := time.Since(start)
		want := c.result(t)
		keepProject(t, after)
		for k := range kills {
			restoreProject(t, before)
			moment := time.Duration(rng.Float64() * float64(took))
			runKilled(t, c.args, moment)
			must(t, c.args...)
			require.Equal(t, want, c.result(t), "%s, kill %d, after %v of %v", c.name, k, moment, took)
			requireNoTemporaries(t)
		}
		restoreProject(t, after)
	}
}

// runKilled runs a command for a time, and then kills it if it is still at work.
func runKilled(t *testing.T, args []string, after time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	cmd := process(ctx, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		require.Error(t, ctx.Err(), "%v: %s", err, errs.String())
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

// requireNoTemporaries says that the second run removed what the killed one left.
func requireNoTemporaries(t *testing.T) {
	t.Helper()
	left, err := filepath.Glob(".ragft/.*.tmp")
	require.NoError(t, err)
	require.Empty(t, left)
}

// files is the content of files of the project.
func files(names ...string) func(t *testing.T) string {
	return func(t *testing.T) string {
		var sums []string
		for _, name := range names {
			sums = append(sums, fmt.Sprintf("%s %x", name, sha256.Sum256([]byte(readText(t, filepath.Join(".ragft", name))))))
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
