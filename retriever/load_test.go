package retriever

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/charsets"
)

// loaded reads the files of a file system one by one, as Sync does, and returns their documents and what was skipped.
func loaded(ctx context.Context, fsys fs.FS, opts LoadOptions) (docs []Document, report *LoadReport, err error) {
	l := newLoader(fsys, opts, func(d Document) error {
		docs = append(docs, d)
		return nil
	})
	err = fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		format, ok := l.choose(name, e.Type())
		if !ok {
			return nil
		}
		return l.read(ctx, name, format)
	})
	return docs, l.report, err
}

// syncedFiles brings a new index to what a folder with these files holds.
func syncedFiles(t *testing.T, files map[string]string, opts LoadOptions) (*Index, *SyncReport, error) {
	t.Helper()
	x := newTestIndex(t, "memory", IndexOptions{})
	report, err := x.Sync(ctx, writeFolder(t, t.TempDir(), files), SyncOptions{Load: opts})
	return x, report, err
}

func TestLoadFormats(t *testing.T) {
	folder := fstest.MapFS{
		"b/1973_oil.txt": {Data: []byte("\xef\xbb\xbfText here.")},
		"a.md":           {Data: []byte("Intro\n\n# The Head\n\nbody")},
		"page.HTML":      {Data: []byte("<title>T &amp; U</title><h1>H</h1><p>Hello <b>wor</b>ld<script>bad()</script>")},
		"rows.jsonl": {Data: []byte("{\"title\":\"R1\",\"text\":\"one\"}\n\n{\"content\":\"two\"}\r\n{\"text\":\" " +
			"\"}\n{\"body\":\"three\",\"title\":null}")},
		".hidden.txt":     {Data: []byte("hidden")},
		"bin.txt":         {Data: []byte("a\x00b")},
		"latin.txt":       {Data: []byte("caf\xe9")},
		"latenul.txt":     {Data: []byte(strings.Repeat("a", 20000) + "\x00")},
		"empty.md":        {Data: []byte(" \n")},
		"photo.png":       {Data: []byte("\x89PNG")},
		"big.txt":         {Data: []byte(strings.Repeat("x", 30001))},
		"link.txt":        {Data: []byte("/etc/passwd"), Mode: fs.ModeSymlink},
		"pipe.txt":        {Mode: fs.ModeNamedPipe},
		"noext":           {Data: []byte("text")},
		"unterminated.md": {Data: []byte("---\nno end\n# x")},
	}
	opts := LoadOptions{MaxFileBytes: 30000}
	docs, read, err := loaded(ctx, folder, opts)
	require.NoError(t, err)
	require.Equal(t, []Document{
		{Source: "a.md", Title: "The Head", Text: "Intro\n\n# The Head\n\nbody", Format: Markdown},
		{Source: "b/1973_oil.txt", Title: "1973 oil", Text: "Text here.", Format: Text},
		{Source: "page.HTML", Title: "T & U", Text: "# H\n\nHello world", Format: HTML,
			Sections: []Section{{Level: 1, Heading: "H"}}},
		{Source: "rows.jsonl#1", Title: "R1", Text: "one", Format: Text},
		{Source: "rows.jsonl#3", Text: "two", Format: Text},
		{Source: "rows.jsonl#5", Text: "three", Format: Text},
		{Source: "unterminated.md", Title: "x", Text: "---\nno end\n# x", Format: Markdown},
	}, docs)
	reasons := func(list []Skip) map[string]SkipReason {
		out := map[string]SkipReason{}
		for _, s := range list {
			out[s.Path] = s.Reason
		}
		return out
	}
	want := map[string]SkipReason{
		".hidden.txt": SkipHidden, "bin.txt": SkipBinary, "latin.txt": SkipBinary, "latenul.txt": SkipBinary,
		"empty.md": SkipNoText, "rows.jsonl#4": SkipNoText, "photo.png": SkipExtension, "noext": SkipExtension,
		"big.txt": SkipTooLarge, "link.txt": SkipSymlink, "pipe.txt": SkipIrregular,
	}
	require.Equal(t, want, reasons(read.Skipped))

	files := map[string]string{".git/x.txt": "hidden"}
	for name, f := range folder {
		if f.Mode == 0 {
			files[name] = string(f.Data)
		}
	}
	want[".git"] = SkipHidden
	delete(want, "link.txt")
	delete(want, "pipe.txt")
	var progress []string
	opts.Progress = func(p LoadProgress) { progress = append(progress, p.Path) }
	_, report, err := syncedFiles(t, files, opts)
	require.NoError(t, err)
	require.Equal(t, want, reasons(report.Skipped))
	require.Equal(t, 5, report.Files)
	require.Equal(t, 7, report.Documents)
	require.Contains(t, progress, "rows.jsonl")
	summary := (&LoadReport{Files: report.Files, Documents: report.Documents, Skipped: report.Skipped}).String()
	require.Contains(t, summary, "7 documents from 5 files")
	require.Contains(t, summary, "3 binary")
}

func TestLoadErrors(t *testing.T) {
	_, report, err := syncedFiles(t, nil, LoadOptions{})
	require.ErrorIs(t, err, ErrEmpty)
	require.NotNil(t, report)
	_, _, err = syncedFiles(t, map[string]string{"a.bin": "x"}, LoadOptions{})
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorContains(t, err, "1 unknown extension")

	for line, bad := range map[string]string{
		"broken": `{"text": "x"`, "list": `["x"]`, "number": `{"text": 5}`, "no text": `{"title": "x"}`,
		"utf8": "{\"text\": \"\xff\"}", "two": `{"text":"a"} {"text":"b"}`, "long": `{"text":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		dir := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "a", "sub/r.jsonl": "{\"text\":\"ok\"}\n\n" + bad + "\n"})
		x, opts := newTestIndex(t, "memory", IndexOptions{}), SyncOptions{Load: LoadOptions{MaxLineBytes: 4000}}
		report := syncNow(t, x, dir, opts)
		require.Equal(t, SkipInvalid, report.Skipped[0].Reason, line)
		_, err := x.Sync(ctx, filepath.Join(dir, "sub", "r.jsonl"), opts)
		var le *LineError
		require.ErrorAs(t, err, &le, line)
		require.ErrorIs(t, err, ErrBadLine)
		require.Equal(t, "sub/r.jsonl", le.Path)
		require.Equal(t, 3, le.Line, line)
		require.ErrorContains(t, err, "sub/r.jsonl:3: ")
		require.Equal(t, []string{"a.txt"}, sourcesOf(t, x))
	}
	for _, o := range []LoadOptions{{MaxFileBytes: -1}, {MaxLineBytes: -1}} {
		_, report, err := syncedFiles(t, map[string]string{"a.txt": "x"}, o)
		require.ErrorIs(t, err, ErrOptions, "%+v", o)
		require.NotNil(t, report)
	}
	x := newTestIndex(t, "memory", IndexOptions{})
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err = x.Sync(done, writeFolder(t, t.TempDir(), map[string]string{"a.txt": "x"}), SyncOptions{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = x.Sync(ctx, filepath.Join(t.TempDir(), "absent"), SyncOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLoadFields(t *testing.T) {
	folder := fstest.MapFS{"r.ROWS": {Data: []byte(`{"name":"N","passage":"P","text":"other"}`)}}
	docs, _, err := loaded(ctx, folder, LoadOptions{
		Formats: map[string]Format{".rows": JSONL}, TitleFields: []string{"name"}, TextFields: []string{"passage"}})
	require.NoError(t, err)
	require.Equal(t, []Document{{Source: "r.ROWS#1", Title: "N", Text: "P", Format: Text}}, docs)
	_, _, err = syncedFiles(t, map[string]string{"a.txt": "x"}, LoadOptions{Formats: map[string]Format{".txt": ""}})
	require.ErrorIs(t, err, ErrEmpty)
}

func TestLoadPath(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("inside"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link.txt")))
	require.NoError(t, os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")))
	for _, name := range []string{dir, filepath.Join(dir, "a.txt")} {
		x := newTestIndex(t, "memory", IndexOptions{})
		report := syncNow(t, x, name, SyncOptions{})
		require.Equal(t, []string{"a.txt"}, sourcesOf(t, x), name)
		if name == dir {
			require.Len(t, report.Skipped, 2)
		}
	}
}

// endless is a file that claims to be small and never ends.
type endless struct{ fs.File }

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type endlessFS struct{ fstest.MapFS }

func (e endlessFS) Open(name string) (fs.File, error) {
	f, err := e.MapFS.Open(name)
	if err == nil && strings.HasSuffix(name, ".txt") {
		return endless{f}, nil
	}
	return f, err
}

func TestLoadEndless(t *testing.T) {
	docs, report, err := loaded(ctx, endlessFS{fstest.MapFS{"a.txt": {Data: []byte("x")}}}, LoadOptions{MaxFileBytes: 1 << 20})
	require.NoError(t, err)
	require.Empty(t, docs)
	require.Equal(t, SkipTooLarge, report.Skipped[0].Reason)
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, _, err = loaded(soon, endlessFS{fstest.MapFS{"a.txt": {Data: []byte("x")}}}, LoadOptions{MaxFileBytes: 1 << 40})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestHTML(t *testing.T) {
	for page, want := range map[string][2]string{
		"":     {"", ""},
		"text": {"", "text"},
		"<h1>A <i>b</i></h1><ul><li>one<li>two</ul><p>x<br>y":             {"A b", "# A b\n\n- one\n- two\n\nx\ny"},
		"<pre>a\n  b</pre> tail":                                          {"", "a\n  b\n\ntail"},
		"<style>p{}</style><p>a</p><svg><svg></svg>no</svg>b":             {"", "a\n\nb"},
		"<script>if (a<b) document.write('<p>x</p>')</script>ok":          {"", "ok"},
		"<table><tr><th>k<td>v<tr><td>a<td>b</table>":                     {"", "k v\na b"},
		"<p>a&nbsp;&lt;b&gt; &#x41;</p><!-- c --><div>d</div>e":           {"", "a <b> A\n\nd\ne"},
		"<title> Two\n words </title><body><nav>menu</nav><p>para</body>": {"Two words", "menu\n\npara"},
		"<template>hidden<p>unclosed":                                     {"", "hidden\n\nunclosed"}, // not closed: nothing is left out
	} {
		doc := htmlDocument(page)
		require.Equal(t, want, [2]string{doc.Title, doc.Text}, page)
	}
	decodeHTML := func(page string) string {
		text, ok := charsets.HTML(page)
		require.True(t, ok)
		return text
	}
	require.Equal(t, "café", decodeHTML("caf\xe9"))
	require.Equal(t, "<meta charset=koi8-r>д", decodeHTML("<meta charset=koi8-r>\xc4"))
	require.Equal(t, "deep", htmlDocument(strings.Repeat("<div>", 1<<20)+"deep").Text)
}

func FuzzHTML(f *testing.F) {
	f.Add([]byte("<title>x</title><h1>y<p>z&amp;<pre> a\n</pre><li>"))
	f.Add([]byte("<script><!--<script></script>--></script><svg/>\xff\x00"))
	f.Fuzz(func(t *testing.T, page []byte) {
		doc, err := TextReader(HTML).Read(ctx, "x.html", string(page))
		if err != nil {
			require.Equal(t, Skip{Reason: SkipBinary}, err)
			return
		}
		text := doc.Text
		require.True(t, utf8.ValidString(doc.Title+text))
		chunks, err := Split(doc, SplitOptions{Size: 20, Overlap: 3})
		require.NoError(t, err)
		for _, c := range chunks {
			require.Equal(t, text[c.Start:c.End], c.Text)
		}
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte("{\"text\":\"a\"}\n\n{\"body\":\"\\ud800\",\"title\":null}"))
	f.Add([]byte("\xef\xbb\xbf{}\n[1]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		docs, report, err := loaded(ctx, fstest.MapFS{"x.jsonl": {Data: data}}, LoadOptions{MaxLineBytes: 1000})
		var le *LineError
		if errors.As(err, &le) {
			require.Positive(t, le.Line)
			return
		}
		require.NoError(t, err)
		require.Equal(t, len(docs), report.Documents)
		for _, d := range docs {
			require.True(t, utf8.ValidString(d.Text))
			require.NotEmpty(t, strings.TrimSpace(d.Text))
		}
	})
}

func FuzzMarkdown(f *testing.F) {
	f.Add("# a\n\nb\n===\n---\n```\n# c\n~~~\n```\n###### d ##")
	f.Add("---\ntitle: x\n...\n#\n-\n=")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		doc := Document{Source: "x.md", Title: markdownTitle(text), Text: text}
		chunks, err := Split(doc, SplitOptions{Size: 10})
		require.NoError(t, err)
		checkChunks(t, doc, SplitOptions{Size: 10}, chunks)
	})
}

// A file of 100 MB goes through loading and dividing, without being held more
// than about twice.
func TestLoadHuge(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	name := filepath.Join(t.TempDir(), "big.txt")
	f, err := os.Create(name)
	require.NoError(t, err)
	part := bigText(1 << 20)
	for range 100 {
		_, err = io.WriteString(f, part)
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	chunks := 0
	err = newLoader(os.DirFS(filepath.Dir(name)), LoadOptions{}, func(d Document) error {
		require.GreaterOrEqual(t, len(d.Text), 100<<20)
		for c, err := range SplitSeq(d, SplitOptions{Overlap: 20}) {
			if err != nil {
				return err
			}
			chunks += min(len(c.Text), 1)
		}
		return nil
	}).read(ctx, filepath.Base(name), Text)
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d chunks, %d MiB allocated in all", chunks, allocated)
	require.Greater(t, chunks, 100_000)
	require.Less(t, allocated, uint64(400), "MiB allocated for 100 MiB")
}
