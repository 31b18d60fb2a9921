package ragft

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/rows"
)

// TestForgetNamesWeights names an adapter unless it is known that no training showed it the document.
func TestForgetNamesWeights(t *testing.T) {
	row := func(id, source string) rows.Row {
		return rows.Row{ID: id, Kind: rows.KindText, Text: "text", Chunks: []rows.ChunkRef{{ID: "1", Source: source}}}
	}
	type setup struct {
		p       *Project
		adapter string
	}
	trained := func(s setup, result TrainResult, also inputs) {
		in := also
		require.NoError(t, in.file("rows", s.p.rowsFile()))
		require.NoError(t, s.p.keep(StepTrain, record{Inputs: in}, result, s.adapter))
	}
	write := func(s setup, list ...rows.Row) { require.NoError(t, rows.WriteFile(s.p.rowsFile(), list)) }
	other, adapter := row("b", "b.txt"), []string{adapterName}
	for name, c := range map[string]struct {
		prepare func(s setup)
		named   []string
	}{
		"trained on these rows alone": {func(s setup) {
			write(s, other)
			trained(s, TrainResult{}, inputs{})
		}, nil},
		"trained on it": {func(s setup) {
			write(s, other, row("a", "a.txt"))
			trained(s, TrainResult{}, inputs{})
		}, adapter},
		"nothing known": {func(s setup) { write(s, other) }, adapter},
		"no rows":       {func(setup) {}, adapter},
		"passages of the index": {func(s setup) {
			write(s, other)
			trained(s, TrainResult{Anchors: 1}, inputs{})
		}, adapter},
		"other rows": {func(s setup) {
			write(s, row("a", "a.txt"))
			trained(s, TrainResult{}, inputs{})
			write(s, other)
		}, adapter},
		"from another adapter": {func(s setup) {
			write(s, other)
			trained(s, TrainResult{}, inputs{"train.start": "hash"})
		}, adapter},
		"a row that names no document": {func(s setup) {
			write(s, other, rows.Row{ID: "c", Kind: rows.KindText, Text: "text"})
			trained(s, TrainResult{}, inputs{})
		}, adapter},
		"another adapter": {func(s setup) {
			write(s, other)
			trained(s, TrainResult{}, inputs{})
			require.NoError(t, os.WriteFile(s.adapter, []byte("another"), 0o600))
		}, adapter},
		"merged and exported": {func(s setup) {
			write(s, other)
			trained(s, TrainResult{}, inputs{})
			require.NoError(t, os.WriteFile(s.p.Path(mergedName), nil, 0o600))
			require.NoError(t, os.Mkdir(s.p.Path(peftName), 0o700))
		}, []string{peftName, mergedName}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			docs := filepath.Join(dir, "notes")
			require.NoError(t, os.Mkdir(docs, 0o700))
			for _, doc := range []string{"a.txt", "b.txt"} {
				require.NoError(t, os.WriteFile(filepath.Join(docs, doc), []byte("The text of "+doc), 0o600))
			}
			p, err := Open(t.Context(), Config{Dir: filepath.Join(dir, "project"), Documents: docs})
			require.NoError(t, err)
			defer p.Close()
			_, err = p.Index(t.Context())
			require.NoError(t, err)
			s := setup{p, p.Path(adapterName)}
			require.NoError(t, os.Rename(saying(t, assistant.Settings{}), s.adapter))
			c.prepare(s)
			r, err := p.Forget(t.Context(), "a.txt")
			require.NoError(t, err)
			require.Equal(t, 1, r.Passages)
			var named []string
			for _, file := range r.Weights {
				named = append(named, filepath.Base(file))
			}
			require.Equal(t, c.named, named)
		})
	}
}

// TestForgetOnlyFile forgets the only document, and rows of a file, which are there as long as the file is.
func TestForgetOnlyFile(t *testing.T) {
	for name, c := range map[string]struct {
		text, document string // document "" is the path of the file
		row            string
		want           ForgetResult
	}{
		"path":          {"The mast is new.", "", "", ForgetResult{Document: "a.txt", Passages: 1, There: true}},
		"name":          {"The mast is new.", "a.txt", "", ForgetResult{Document: "a.txt", Passages: 1, There: true}},
		"path of a row": {`{"text":"One."}` + "\n" + `{"text":"Two."}`, "", "#2", ForgetResult{Document: "a.jsonl#2", Passages: 1, There: true}},
		"name of a row": {`{"text":"One."}` + "\n" + `{"text":"Two."}`, "a.jsonl", "#2",
			ForgetResult{Document: "a.jsonl#2", Passages: 1, There: true}},
		"a row that looks like a file": {"One.", "", "", ForgetResult{Document: "a#1", Passages: 1, There: true}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, strings.TrimSuffix(c.want.Document, c.row))
			require.NoError(t, os.WriteFile(file, []byte(c.text), 0o600))
			for _, docs := range []string{file, dir} {
				p, err := Open(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "project"), Documents: docs})
				require.NoError(t, err)
				defer p.Close()
				_, err = p.Index(t.Context())
				require.NoError(t, err)
				document := c.document
				if document == "" {
					document = file
				}
				r, err := p.Forget(t.Context(), document+c.row)
				require.NoError(t, err)
				c.want.Purged = r.Purged
				require.Equal(t, c.want, *r)
			}
			p, err := Open(t.Context(), Config{Dir: filepath.Join(t.TempDir(), "project"), Documents: file})
			require.NoError(t, err)
			defer p.Close()
			_, err = p.Index(t.Context())
			require.NoError(t, err)
			require.NoError(t, os.Remove(file))
			r, err := p.Forget(t.Context(), file+c.row)
			require.NoError(t, err)
			require.Equal(t, 1, r.Passages, "of a file that is gone")
			require.False(t, r.There)
		})
	}
}

// TestForgetAfterSync forgets a document that was deleted, and indexed, before: its text leaves the files of the index and what
// may quote it, and weights are named. A second time there is nothing left to do.
func TestForgetAfterSync(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "notes")
	require.NoError(t, os.Mkdir(docs, 0o700))
	secret := filepath.Join(docs, "secret.txt")
	require.NoError(t, os.WriteFile(secret, []byte("zanzibarq"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(docs, "b.txt"), []byte("Another text."), 0o600))
	p, err := Open(t.Context(), Config{Dir: filepath.Join(dir, "project"), Documents: docs})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	for _, name := range []string{answersName, evaluationName, adapterName} {
		require.NoError(t, os.WriteFile(p.Path(name), []byte("zanzibarq"), 0o600))
	}
	require.NoError(t, os.Remove(secret))
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	r, err := p.Forget(t.Context(), "secret.txt")
	require.NoError(t, err)
	require.Equal(t, &ForgetResult{Document: "secret.txt", Purged: true, Files: []string{p.Path(evaluationName), p.Path(answersName)},
		Weights: []string{p.Path(adapterName)}}, r)
	require.NoError(t, os.Remove(p.Path(adapterName)))
	require.NoError(t, filepath.WalkDir(p.Path("."), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		require.NotContains(t, string(data), "zanzibarq", name)
		return err
	}))
	_, err = p.Forget(t.Context(), "secret.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)

	// A name that nothing knows costs nothing, also where the files of the index have text of other removed documents. One that an
	// answer cites was indexed once.
	require.NoError(t, os.WriteFile(p.Path(answersName), []byte(`{"source": "R&D.txt"}`), 0o600))
	for _, there := range []bool{true, false} {
		if require.NoError(t, os.WriteFile(secret, []byte("quixotryq"), 0o600)); !there {
			require.NoError(t, os.Remove(secret))
		}
		_, err = p.Index(t.Context())
		require.NoError(t, err)
	}
	_, err = p.Forget(t.Context(), "tpyo.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.FileExists(t, p.Path(answersName))
	_, err = p.Forget(t.Context(), "secret.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.FileExists(t, p.Path(answersName))
	r, err = p.Forget(t.Context(), "R&D.txt")
	require.NoError(t, err)
	require.Equal(t, []string{p.Path(answersName)}, r.Files)
}

// TestForgetEndsWhatItBegan removes nothing where it cannot read the rows, and what is left where an earlier call did not end.
func TestForgetEndsWhatItBegan(t *testing.T) {
	dir := t.TempDir()
	docs := filepath.Join(dir, "notes")
	require.NoError(t, os.Mkdir(docs, 0o700))
	for _, name := range []string{"secret.txt", "b.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(docs, name), []byte("The text of "+name), 0o600))
	}
	p, err := Open(t.Context(), Config{Dir: filepath.Join(dir, "project"), Documents: docs})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(docs, "secret.txt")))
	require.NoError(t, os.WriteFile(p.rowsFile(), []byte("{"), 0o600))
	require.NoError(t, os.Mkdir(p.Path(cacheName), 0o700))
	_, err = p.Forget(t.Context(), "secret.txt")
	require.ErrorContains(t, err, rowsName)
	before, err := p.Passages()
	require.NoError(t, err)
	require.Equal(t, 2, before)

	require.NoError(t, os.Remove(p.rowsFile()))
	blocked := filepath.Join(p.ReportFile(), "full") // a folder that is not empty is not removed
	require.NoError(t, os.MkdirAll(blocked, 0o700))
	_, err = p.Forget(t.Context(), "secret.txt")
	require.Error(t, err)
	after, err := p.Passages()
	require.NoError(t, err)
	require.Equal(t, 1, after)
	require.NoError(t, os.Remove(blocked))
	r, err := p.Forget(t.Context(), "secret.txt")
	require.NoError(t, err)
	require.Equal(t, []string{p.ReportFile()}, r.Files)
	_, err = p.Forget(t.Context(), "secret.txt")
	require.ErrorIs(t, err, fs.ErrNotExist)
	data, err := os.ReadFile(p.Path(stepsName))
	require.NoError(t, err)
	require.NotContains(t, string(data), "secret.txt")
}
