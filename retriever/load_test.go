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

func TestLoadFormats(t *testing.T) {
	folder := fstest.MapFS{
		"b/1973_oil.txt": {Data: []byte("\xef\xbb\xbfText here.")},
		"a.md":           {Data: []byte("Intro\n\n# The Head\n\nbody")},
		"page.HTML":      {Data: []byte("<title>T &amp; U</title><h1>H</h1><p>Hello <b>wor</b>ld<script>bad()</script>")},
		"rows.jsonl": {Data: []byte("{\"title\":\"R1\",\"text\":\"one\"}\n\n{\"content\":\"two\"}\r\n{\"text\":\" " +
			"\"}\n{\"body\":\"three\",\"title\":null}")},
		".git/x.txt":      {Data: []byte("hidden")},
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
	var progress []string
	docs, report, err := Load(ctx, folder, LoadOptions{MaxFileBytes: 30000,
		Progress: func(p LoadProgress) { progress = append(progress, p.Path) }})
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
	skipped := map[string]SkipReason{}
	for _, s := range report.Skipped {
		skipped[s.Path] = s.Reason
	}
	require.Equal(t, map[string]SkipReason{
		".git": SkipHidden, ".hidden.txt": SkipHidden, "bin.txt": SkipBinary, "latin.txt": SkipBinary, "latenul.txt": SkipBinary,
		"empty.md": SkipNoText, "rows.jsonl#4": SkipNoText, "photo.png": SkipExtension, "noext": SkipExtension,
		"big.txt": SkipTooLarge, "link.txt": SkipSymlink, "pipe.txt": SkipIrregular,
	}, skipped)
	require.Equal(t, 5, report.Files)
	require.Equal(t, 7, report.Documents)
	require.Contains(t, progress, "rows.jsonl")
	require.Contains(t, report.String(), "7 documents from 5 files")
	require.Contains(t, report.String(), "3 binary")
}

func TestLoadErrors(t *testing.T) {
	_, report, err := Load(ctx, fstest.MapFS{}, LoadOptions{})
	require.ErrorIs(t, err, ErrEmpty)
	require.NotNil(t, report)
	_, _, err = Load(ctx, fstest.MapFS{"a.bin": {Data: []byte("x")}}, LoadOptions{})
	require.ErrorIs(t, err, ErrEmpty)
	require.ErrorContains(t, err, "1 unknown extension")

	for line, bad := range map[string]string{
		"broken": `{"text": "x"`, "list": `["x"]`, "number": `{"text": 5}`, "no text": `{"title": "x"}`,
		"utf8": "{\"text\": \"\xff\"}", "two": `{"text":"a"} {"text":"b"}`, "long": `{"text":"` + strings.Repeat("x", 5000) + `"}`,
	} {
		folder := fstest.MapFS{"sub/r.jsonl": {Data: []byte("{\"text\":\"ok\"}\n\n" + bad + "\n")}}
		_, report, err := Load(ctx, folder, LoadOptions{MaxLineBytes: 4000})
		var le *LineError
		require.ErrorAs(t, err, &le, line)
		require.ErrorIs(t, err, ErrBadLine)
		require.Equal(t, "sub/r.jsonl", le.Path)
		require.Equal(t, 3, le.Line, line)
		require.ErrorContains(t, err, "sub/r.jsonl:3: ")
		require.Equal(t, 1, report.Documents)
	}
	for _, o := range []LoadOptions{{MaxFileBytes: -1}, {MaxLineBytes: -1}} {
		_, report, err := Load(ctx, fstest.MapFS{"a.txt": {Data: []byte("x")}}, o)
		require.ErrorIs(t, err, ErrOptions, "%+v", o)
		require.NotNil(t, report)
	}
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, _, err = Load(done, fstest.MapFS{"a.txt": {Data: []byte("x")}}, LoadOptions{})
	require.ErrorIs(t, err, context.Canceled)
	stop := errors.New("stop")
	_, err = Walk(ctx, fstest.MapFS{"a.txt": {Data: []byte("x")}}, LoadOptions{}, func(Document) error { return stop })
	require.ErrorIs(t, err, stop)
	_, err = WalkPath(ctx, filepath.Join(t.TempDir(), "absent"), LoadOptions{}, func(Document) error { return nil })
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLoadFields(t *testing.T) {
	folder := fstest.MapFS{"r.ROWS": {Data: []byte(`{"name":"N","passage":"P","text":"other"}`)}}
	docs, _, err := Load(ctx, folder, LoadOptions{
		Formats: map[string]Format{".rows": JSONL}, TitleFields: []string{"name"}, TextFields: []string{"passage"}})
	require.NoError(t, err)
	require.Equal(t, []Document{{Source: "r.ROWS#1", Title: "N", Text: "P", Format: Text}}, docs)
	_, _, err = Load(ctx, fstest.MapFS{"a.txt": {Data: []byte("x")}}, LoadOptions{Formats: map[string]Format{".txt": ""}})
	require.ErrorIs(t, err, ErrEmpty)
}

func TestLoadPath(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.txt")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("inside"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "link.txt")))
	require.NoError(t, os.Symlink(filepath.Dir(outside), filepath.Join(dir, "folder")))
	docs, report, err := LoadPath(ctx, dir, LoadOptions{})
	require.NoError(t, err)
	require.Len(t, docs, 1)
	require.Len(t, report.Skipped, 2)
	docs, _, err = LoadPath(ctx, filepath.Join(dir, "a.txt"), LoadOptions{})
	require.NoError(t, err)
	require.Equal(t, "a.txt", docs[0].Source)
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
	_, report, err := Load(ctx, endlessFS{fstest.MapFS{"a.txt": {Data: []byte("x")}}}, LoadOptions{MaxFileBytes: 1 << 20})
	require.ErrorIs(t, err, ErrEmpty)
	require.Equal(t, SkipTooLarge, report.Skipped[0].Reason)
	soon, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	_, _, err = Load(soon, endlessFS{fstest.MapFS{"a.txt": {Data: []byte("x")}}}, LoadOptions{MaxFileBytes: 1 << 40})
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
		docs, report, err := Load(ctx, fstest.MapFS{"x.jsonl": {Data: data}}, LoadOptions{MaxLineBytes: 1000})
		var le *LineError
		if errors.As(err, &le) {
			require.Positive(t, le.Line)
			return
		}
		if err != nil {
			require.ErrorIs(t, err, ErrEmpty)
			return
		}
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
	_, err = WalkPath(ctx, name, LoadOptions{}, func(d Document) error {
		require.GreaterOrEqual(t, len(d.Text), 100<<20)
		for c, err := range SplitSeq(d, SplitOptions{Overlap: 20}) {
			if err != nil {
				return err
			}
			chunks += min(len(c.Text), 1)
		}
		return nil
	})
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	allocated := (after.TotalAlloc - before.TotalAlloc) >> 20
	t.Logf("%d chunks, %d MiB allocated in all", chunks, allocated)
	require.Greater(t, chunks, 100_000)
	require.Less(t, allocated, uint64(400), "MiB allocated for 100 MiB")
}
