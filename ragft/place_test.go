//go:build cgo

package ragft

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
)

// A file has one name, whichever way leads to it and whatever is there yet.
func TestPlaceOfAFile(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o700))
	if err := os.Symlink(filepath.Join(dir, "real"), filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	for _, folder := range []string{"real", "link"} {
		p := &Project{config: Config{Dir: filepath.Join(dir, folder, "project")}}
		for file, want := range map[string]string{
			"real/project/rows.jsonl": "rows.jsonl", "link/project/a/rows.jsonl": "a/rows.jsonl",
			"link/rows.jsonl": filepath.Join(dir, "real", "rows.jsonl"), "real/rows.jsonl": filepath.Join(dir, "real", "rows.jsonl"),
		} {
			got, err := p.place(filepath.Join(dir, file))
			require.NoError(t, err)
			require.Equal(t, want, got, file)
		}
		require.Equal(t, p.Path("rows.jsonl"), p.placed("rows.jsonl"))
		require.Equal(t, filepath.Join(dir, "rows.jsonl"), p.placed(filepath.Join(dir, "rows.jsonl")))
	}
}

// What was done is not done again in a folder that was moved, or is reached through a link.
func TestMovedProject(t *testing.T) {
	dir := t.TempDir()
	docs, set := filepath.Join(dir, "notes"), filepath.Join(dir, "set.jsonl")
	require.NoError(t, os.Mkdir(docs, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(docs, "mill.md"), []byte("# Mill\n\nOsk runs the mill.\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(docs, "inn.md"), []byte("# Inn\n\nMara keeps the inn by the river.\n"), 0o600))
	require.NoError(t, question.WriteFile(set, []question.Question{
		{Question: "Who runs the mill?", Answer: "Osk"}, {Question: "What does Osk run?", Answer: "the mill"},
	}))
	c := Config{
		Dir: filepath.Join(dir, "project"), Documents: docs, Model: "../examples/basemodel/ragft-base-f16.gguf",
		Write: QuestionsConfig{Import: set}, Demonstrate: DemonstrateConfig{Recipe: []string{"gold"}},
	}
	work := func() (*QuestionsResult, *DemonstrateResult) {
		p, err := Open(t.Context(), c)
		require.NoError(t, err)
		defer p.Close()
		_, err = p.Index(t.Context())
		require.NoError(t, err)
		asked, err := p.Questions(t.Context())
		require.NoError(t, err)
		made, err := p.Demonstrate(t.Context())
		require.NoError(t, err)
		require.Equal(t, []string{p.Path(questionsName), p.Path(rowsName)}, []string{asked.File, made.File})
		return asked, made
	}
	work()
	moved := filepath.Join(dir, "moved")
	require.NoError(t, os.Rename(c.Dir, moved))
	for _, name := range []string{moved, filepath.Join(dir, "link")} {
		if c.Dir = name; name != moved && os.Symlink(moved, name) != nil {
			continue
		}
		asked, made := work()
		require.True(t, asked.UpToDate, name)
		require.True(t, made.UpToDate, name)
		require.NoFileExists(t, filepath.Join(name, rowsName+".before"))
	}
}
