package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/retriever"
)

// notes makes documents in the current folder, which is a new one.
func notes(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"a.txt": "The keeper of Norr is Abel Crane.\n", "b.txt": "The keeper of Hask is Dora Finch.\n",
		"c.jsonl":   "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n{\"text\":\"The keeper of Tarn is Hugo Ibsen.\"}\n",
		"sub/d.txt": "The keeper of Rook is Egon Gale.\n",
	} {
		write(t, filepath.Join("notes", filepath.FromSlash(name)), text)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

// runIndex indexes, and returns what that did.
func runIndex(t *testing.T, args ...string) (r ragft.IndexResult) {
	t.Helper()
	code, stdout, stderr := ragftRun(t, "", append([]string{"index", "--json"}, args...)...)
	require.Equal(t, exitOK, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &r), stdout)
	return r
}

// indexed are the sources of the passages.
func indexed(t *testing.T) (sources []string) {
	t.Helper()
	x, err := retriever.Open(filepath.Join(".ragft", "index"))
	require.NoError(t, err)
	defer x.Close()
	for c, err := range x.Chunks(context.Background()) {
		require.NoError(t, err)
		sources = append(sources, c.Source)
	}
	return sources
}

func TestIndexFollowsTheFolder(t *testing.T) {
	notes(t)
	r := runIndex(t, "notes")
	require.Equal(t, []int{4, 5, 5, 4}, []int{r.Files, r.Documents, r.Passages, r.Added})
	require.True(t, runIndex(t, "notes").UpToDate)
	require.True(t, runIndex(t, "notes", "--verify").UpToDate)
	write(t, "notes/a.txt", "")
	write(t, "notes/c.jsonl", "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n")
	r = runIndex(t, "notes")
	require.Equal(t, []int{1, 1, 3}, []int{r.Changed, r.Removed, r.Passages})
	require.Equal(t, []string{"b.txt", "c.jsonl#1", "sub/d.txt"}, indexed(t))

	// A file of the folder, by itself and by another way.
	write(t, "notes/sub/d.txt", "The keeper of Rook is Nora Otis.\n")
	write(t, "notes/b.txt", "not looked at\n")
	require.Equal(t, 1, runIndex(t, "notes/sub/d.txt").Changed)
	require.Equal(t, []string{"b.txt", "c.jsonl#1", "sub/d.txt"}, indexed(t))
	require.True(t, runIndex(t, "notes/../notes/sub").UpToDate)
	write(t, "elsewhere/o.txt", "other\n")
	code, _, stderr := ragftRun(t, "", "index", "elsewhere/o.txt")
	require.Equal(t, exitUsage, code, stderr)
}

// A name that is not UTF-8 costs its file alone, and is told.
func TestIndexPassesOverNames(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs names that are not UTF-8")
	}
	notes(t)
	write(t, "notes/caf\xe9.md", "coffee")
	write(t, "notes/d\xefr/x.md", "x")
	write(t, "notes/two\nlines.md", "fine")
	r := runIndex(t, "notes")
	require.Equal(t, 5, r.Files)
	bad := retriever.SkipName
	require.Equal(t, []retriever.Skip{{Path: `caf\xe9.md`, Reason: bad}, {Path: `d\xefr`, Reason: bad}}, r.Skipped)
}

// A missing part is damage, which --rebuild always gets out of.
func TestIndexWithMissingParts(t *testing.T) {
	for _, part := range []string{"*/index_meta.json", "*/store/root.bolt", "*/store/*.zap", "current", "0*"} {
		t.Run(part, func(t *testing.T) {
			notes(t)
			runIndex(t, "notes")
			found, err := filepath.Glob(filepath.Join(".ragft", "index", filepath.FromSlash(part)))
			require.NoError(t, err)
			require.NotEmpty(t, found)
			for _, name := range found {
				require.NoError(t, os.RemoveAll(name))
			}
			code, _, stderr := ragftRun(t, "", "index", "notes")
			require.Equal(t, exitInput, code, stderr)
			require.Contains(t, stderr, "the index is damaged: make it anew with 'ragft index --rebuild")
			code, _, stderr = ragftRun(t, "", "index", "notes", "--rebuild")
			require.Equal(t, exitOK, code, stderr)
			require.Len(t, indexed(t), 5)
		})
	}
	notes(t)
	write(t, ".ragft/index", "a file")
	code, _, stderr := ragftRun(t, "", "index", "notes")
	require.Equal(t, exitInput, code, stderr)
	runIndex(t, "notes", "--rebuild")
	require.Len(t, indexed(t), 5)
}

// A full disk is one, wherever a program meets it.
func TestFullDisk(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "rows.jsonl", Err: diskFull[0]}
	for _, err := range []error{
		full, fmt.Errorf("syncing x: %w", full), &retriever.LineError{Path: "rows.jsonl", Line: 3, Err: full},
		errors.Join(ragft.ErrInput, full), fmt.Errorf("%w: %w", retriever.ErrCorrupt, full),
	} {
		require.Equal(t, exitBudget, exitCode(err), err.Error())
	}
	require.Equal(t, exitInput, exitCode(&retriever.LineError{Path: "rows.jsonl", Line: 3, Err: io.ErrUnexpectedEOF}))
}

func TestForget(t *testing.T) {
	notes(t)
	write(t, "notes/a.txt", "The keeper of Norr is zanzibarq.\n")
	runIndex(t, "notes")
	row := func(id, source string) string {
		return `{"id":"` + id + `","kind":"gold","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"zanzibarq"}],` +
			`"question_id":"q","question":"q","context":"gold","chunks":[{"id":"1","source":"` + source + `"}],"provenance":{}}` + "\n"
	}
	write(t, ".ragft/rows.jsonl", row("one", "a.txt")+row("two", "b.txt")+row("three", "a.txt#12")+row("four", "a.txt.md"))
	for _, name := range []string{
		"cache/responses-1.jsonl", "report.html", "answers.jsonl", "adapter.gguf", "adapter.gguf.checkpoint", "adapter.gguf.soft",
		"probes.jsonl", "global-probes.jsonl", "trl/rows.jsonl", "trl/preferences.jsonl", "axolotl/text.jsonl",
		"axolotl/prepared-rows/1/data.arrow", "merged.gguf", "trl/adapter-rows/adapter.safetensors",
	} {
		write(t, ".ragft/"+name, "zanzibarq")
	}
	code, stdout, stderr := ragftRun(t, "", "forget", "--json", "--documents", "notes", "notes/a.txt")
	require.Equal(t, exitOK, code, stderr)
	var r ragft.ForgetResult
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	require.Equal(t, "a.txt", r.Document)
	require.Equal(t, []int{1, 2}, []int{r.Passages, r.Rows})
	require.True(t, r.There)
	require.Equal(t, []string{filepath.Join(".ragft", "adapter.gguf"), filepath.Join(".ragft", "merged.gguf")}, r.Weights)
	require.NotContains(t, indexed(t), "a.txt")
	require.NoError(t, filepath.WalkDir(".ragft", func(name string, e fs.DirEntry, err error) error {
		weights := slices.Contains([]string{".gguf", ".safetensors"}, filepath.Ext(name)) // are named, and stay
		if err == nil && !e.IsDir() && !weights {
			data, rerr := os.ReadFile(name)
			require.NoError(t, rerr)
			if filepath.Base(name) == "rows.jsonl" {
				require.Equal(t, 2, strings.Count(string(data), "\n"))
			} else {
				require.NotContains(t, string(data), "zanzibarq", name)
			}
		}
		return err
	}))
	code, _, stderr = ragftRun(t, "", "forget", "never.txt")
	require.Equal(t, exitMissing, code, stderr)
}

// The index of a folder that is watched follows it within two seconds, on a machine that has time.
func TestWatch(t *testing.T) {
	notes(t)
	runIndex(t, "notes")
	p, err := ragft.Open(t.Context(), ragft.Config{Dir: ".ragft", Documents: "notes"})
	require.NoError(t, err)
	defer p.Close()
	reader, err := retriever.Open(filepath.Join(".ragft", "index"))
	require.NoError(t, err)
	defer reader.Close()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- p.Watch(ctx, func(_ *retriever.SyncReport, err error) {
			if err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		})
	}()
	for i, text := range []string{"The keeper of Norr is Nora Otis.", "The keeper of Norr is Paul Quill."} {
		write(t, fmt.Sprintf("notes/new%d/a.txt", i), text)
		began := time.Now()
		require.Eventually(t, func() bool {
			hits, err := reader.Search(t.Context(), text, 1)
			return err == nil && len(hits) == 1 && hits[0].Text == text
		}, time.Minute, 20*time.Millisecond)
		t.Logf("found after %v", time.Since(began))
	}
	stop()
	require.ErrorIs(t, <-ended, context.Canceled)
}
