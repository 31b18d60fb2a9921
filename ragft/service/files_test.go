//go:build cgo

package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/retriever"
)

// named is what a client sends as a file of a name.
type named struct {
	io.Reader
	name string
}

func (n named) Filename() string    { return n.name }
func (n named) ContentType() string { return "application/octet-stream" }

// shelf is a service with a folder for files, in the folder up of docs.
type shelf struct {
	docs   string
	index  *retriever.Index
	url    string
	client openai.Client
	fails  atomic.Bool // whether the index cannot be changed
	keeps  atomic.Bool // whether Sync keeps the passages of files that are gone
}

func newShelf(t *testing.T, limits Limits) *shelf {
	t.Helper()
	s := &shelf{docs: t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(s.docs, "up"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(s.docs, "inn.txt"), []byte(docs["inn.txt"]), 0o644))
	var err error
	s.index, err = retriever.Create(filepath.Join(t.TempDir(), "index"), retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.index.Close()) })
	sync := func(ctx context.Context) (*retriever.SyncReport, error) {
		if s.fails.Load() {
			return nil, errors.New("no room on the disk")
		}
		return s.index.Sync(ctx, s.docs, retriever.SyncOptions{KeepRemoved: s.keeps.Load()})
	}
	remove := func(ctx context.Context, document string) error {
		if !s.keeps.Load() {
			return nil
		}
		_, err := s.index.DeleteSource(ctx, document)
		return err
	}
	_, err = sync(t.Context())
	require.NoError(t, err)
	m := openModel(t, baseModel, local.Options{ContextTokens: 2048})
	_, s.url, s.client = serve(t, Config{Models: []Model{{Name: "base", Local: m}}, Index: s.index, Folders: []string{s.docs}, Files: "up",
		Sync: sync, Remove: remove, Limits: limits})
	return s
}

func (s *shelf) add(t *testing.T, name, text string) (*openai.FileObject, error) {
	t.Helper()
	return s.client.Files.New(t.Context(), openai.FileNewParams{
		File: named{strings.NewReader(text), name}, Purpose: openai.FilePurposeAssistants,
	})
}

// sources asks a question and returns what documents the answer was read from.
func (s *shelf) sources(t *testing.T, question string) (list []string) {
	t.Helper()
	p := ask(question)
	p.MaxTokens = openai.Int(2)
	got, err := s.client.Chat.Completions.New(t.Context(), p)
	require.NoError(t, err)
	for _, p := range extra(t, got).Passages {
		list = append(list, p.Source)
	}
	return list
}

// messageOf is what the service says is wrong.
func messageOf(t *testing.T, err error) string {
	t.Helper()
	var e *openai.Error
	require.ErrorAs(t, err, &e)
	return e.Message
}

// names are what stands in the folder, hidden files too.
func (s *shelf) names(t *testing.T) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(s.docs, "up"))
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// OpenAI's client adds, lists, reads and removes documents; answers are read from them as long as they are there.
func TestFilesWithTheOfficialClient(t *testing.T) {
	s := newShelf(t, Limits{})
	const text = "The ferry of Selby is steered by Fay Horn."
	require.Empty(t, s.sources(t, "Who steers the Selby ferry?"))
	ferry, err := s.add(t, "ferry é.txt", text)
	require.NoError(t, err)
	require.Equal(t, []any{"ferry é.txt", int64(len(text)), "file", "assistants"},
		[]any{ferry.Filename, ferry.Bytes, string(ferry.Object), string(ferry.Purpose)})
	require.Contains(t, ferry.RawJSON(), `"status":"processed"`)
	require.InDelta(t, time.Now().Unix(), ferry.CreatedAt, 60)
	require.Contains(t, s.sources(t, "Who steers the Selby ferry?"), "up/ferry é.txt")

	rows, err := s.add(t, "rows.jsonl", `{"title":"Crane","text":"The crane is kept by Osk Varley."}`+"\n")
	require.NoError(t, err)
	require.Contains(t, s.sources(t, "Who keeps the crane?"), "up/rows.jsonl#1")

	for order, want := range map[string][]string{"asc": {ferry.ID, rows.ID}, "desc": {rows.ID, ferry.ID}} {
		var got []string
		pages := s.client.Files.ListAutoPaging(t.Context(),
			openai.FileListParams{Limit: openai.Int(1), Order: openai.FileListParamsOrder(order)})
		for pages.Next() {
			got = append(got, pages.Current().ID)
		}
		require.NoError(t, pages.Err())
		require.Equal(t, want, got)
	}
	none, err := s.client.Files.List(t.Context(), openai.FileListParams{Purpose: openai.String("batch")})
	require.NoError(t, err)
	require.Empty(t, none.Data)

	one, err := s.client.Files.Get(t.Context(), ferry.ID)
	require.NoError(t, err)
	require.Equal(t, ferry.Filename, one.Filename)
	content, err := s.client.Files.Content(t.Context(), ferry.ID)
	require.NoError(t, err)
	defer content.Body.Close()
	got, err := io.ReadAll(content.Body)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
	require.Equal(t, "application/octet-stream", content.Header.Get("Content-Type"))

	gone, err := s.client.Files.Delete(t.Context(), ferry.ID)
	require.NoError(t, err)
	require.True(t, gone.Deleted)
	require.Empty(t, s.sources(t, "Who steers the Selby ferry?"))
	require.Equal(t, []string{"rows.jsonl"}, s.names(t))
	for _, id := range []string{ferry.ID, "file-", "file-Li4vaW5uLnR4dA", "inn.txt", "file-!!", "file-Lg"} { // one is ../inn.txt, one is "."
		_, err = s.client.Files.Get(t.Context(), id)
		apiErr(t, err, 404, "not_found")
		_, err = s.client.Files.Delete(t.Context(), id)
		apiErr(t, err, 404, "not_found")
	}
	require.FileExists(t, filepath.Join(s.docs, "inn.txt"))
}

// A refused file leaves nothing in the folder and nothing in the index.
func TestFilesThatAreRefused(t *testing.T) {
	s := newShelf(t, Limits{File: 1000})
	for name, says := range map[string]string{
		"../evil.txt": "folder", "a/b.txt": "folder", `a\b.txt`: "folder", "/etc/evil.txt": "folder", `C:\evil.txt`: "folder", ".txt": "dot",
		"..": "dot", ".": "dot", "NUL": "device", "con.txt": "device", "Lpt1.a.md": "device", "COM¹.txt": "device", "aux .md": "device",
		"CONIN$": "device", "a:b.txt": "character", "what?.md": "character", "a\u202etxt.md": "character", "trailing.": "ends with a dot",
		" a.txt": "blank", strings.Repeat("a", 252) + ".txt": "255 bytes", "photo.jpg": "unknown extension: .jpg", "blob.txt": "binary",
		"empty.md": "no text", "rows.jsonl": "invalid: line 2", "index.exe": "unknown extension: .exe",
	} {
		text := map[string]string{"blob.txt": "a\x00b", "empty.md": " \n", "rows.jsonl": `{"text":"The first row is fine."}` + "\n{"}[name]
		if text == "" {
			text = "The evil file was written by Mal Grey."
		}
		_, err := s.add(t, name, text)
		apiErr(t, err, 400, "invalid_value")
		require.Contains(t, messageOf(t, err), says, name)
		require.Empty(t, s.names(t), name)
	}
	_, err := s.add(t, "large.txt", strings.Repeat("many words ", 100))
	apiErr(t, err, 413, "body_too_large")
	_, err = s.add(t, "huge.txt", strings.Repeat("many words ", 100_000))
	apiErr(t, err, 413, "body_too_large")
	_, err = s.client.Files.New(t.Context(),
		openai.FileNewParams{File: named{strings.NewReader("x"), "a.txt"}, Purpose: openai.FilePurposeBatch})
	apiErr(t, err, 400, "invalid_value")
	require.Empty(t, s.names(t))
	require.Empty(t, s.sources(t, "Who wrote the evil file, Mal Grey?"))

	// A file of that name is not replaced.
	_, err = s.add(t, "ferry.txt", "The ferry is steered by Fay Horn.")
	require.NoError(t, err)
	_, err = s.add(t, "ferry.txt", "The ferry is steered by Mal Grey.")
	apiErr(t, err, 409, "file_exists")
	require.Empty(t, s.sources(t, "Mal Grey?"))
	require.Equal(t, []string{"ferry.txt"}, s.names(t))

	// Nor does a file stand there that the index does not know.
	s.fails.Store(true)
	_, err = s.add(t, "late.txt", "The late file was written by Mal Grey.")
	apiErr(t, err, 503, "index_not_updated")
	require.NotContains(t, messageOf(t, err), "disk", "what is wrong here is for the log")
	require.Equal(t, []string{"ferry.txt"}, s.names(t))
}

// Forms that are not as OpenAI's are refused, and an upload that ends early leaves nothing.
func TestFormsOfFiles(t *testing.T) {
	s := newShelf(t, Limits{})
	send := func(body io.Reader, kind string) (int, string) {
		reply, err := http.Post(s.url+"/v1/files", kind, body)
		require.NoError(t, err)
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		require.NoError(t, err)
		return reply.StatusCode, string(text)
	}
	form := func(parts ...string) (io.Reader, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for i := 0; i+1 < len(parts); i += 2 {
			header := textproto.MIMEHeader{}
			header.Set("Content-Disposition", parts[i])
			part, err := w.CreatePart(header)
			require.NoError(t, err)
			_, err = part.Write([]byte(parts[i+1]))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return &b, w.FormDataContentType()
	}
	const purpose, one = `form-data; name=purpose`, `form-data; name=file; filename=a.txt`
	for says, parts := range map[string][]string{
		"no file": {purpose, "assistants"}, "purpose must be": {one, "text"}, "more than once": {one, "text", one, "text", purpose, "assistants"},
		"unknown field": {one, "text", "form-data; name=expires_after", "x", purpose, "assistants"}, "is empty": {"form-data; name=file", "text"},
	} {
		code, body := send(form(parts...))
		require.Equal(t, 400, code, body)
		require.Contains(t, body, says)
		require.Empty(t, s.names(t), says)
	}
	code, _ := send(strings.NewReader("{}"), "application/json")
	require.Equal(t, 415, code)
	whole, kind := form(purpose, "assistants", one, strings.Repeat("The ferry. ", 1000))
	code, _ = send(io.LimitReader(whole, 4000), kind)
	require.Equal(t, 408, code)
	require.Empty(t, s.names(t))
	whole, kind = form(one, "The text comes first.", purpose, "user_data")
	code, body := send(whole, kind)
	require.Equal(t, 200, code, body)
	require.Equal(t, []string{"a.txt"}, s.names(t))
}

// Only documents are listed and removed: no links, no hidden files, and nothing else that lies in the folder.
func TestOnlyDocumentsAreFiles(t *testing.T) {
	s := newShelf(t, Limits{})
	up := filepath.Join(s.docs, "up")
	for name, text := range map[string]string{"key.pem": "secret", ".hidden.txt": "secret", "later.txt": "not yet indexed"} {
		require.NoError(t, os.WriteFile(filepath.Join(up, name), []byte(text), 0o644))
	}
	outside := filepath.Join(t.TempDir(), "outside.txt")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o644))
	if err := os.Symlink(outside, filepath.Join(up, "link.txt")); err != nil {
		t.Log(err) // of a system without links
	}
	require.NoError(t, os.Mkdir(filepath.Join(up, "folder.txt"), 0o755))
	list, err := s.client.Files.List(t.Context(), openai.FileListParams{})
	require.NoError(t, err)
	require.Empty(t, list.Data)
	mine, err := s.add(t, "mine.txt", "The mill is owned by Petra Lund.")
	require.NoError(t, err)
	list, err = s.client.Files.List(t.Context(), openai.FileListParams{})
	require.NoError(t, err)
	var names []string
	for _, f := range list.Data {
		names = append(names, f.Filename)
	}
	slices.Sort(names)
	require.Equal(t, []string{"later.txt", "mine.txt"}, names)
	_, err = s.add(t, "link.txt", "over the link")
	apiErr(t, err, 409, "file_exists")
	s.fails.Store(true)
	_, err = s.client.Files.Delete(t.Context(), mine.ID)
	apiErr(t, err, 503, "index_not_updated")
	s.fails.Store(false)
	_, err = s.add(t, "other.txt", "The weir was built by Tam Reed.")
	require.NoError(t, err)
	require.Empty(t, s.sources(t, "Petra Lund?"), "the next change that succeeds removes the passages")
	require.FileExists(t, outside)
}

// What a client removes loses its passages, also where those of files that are gone are kept.
func TestRemovedFilesAreNotKept(t *testing.T) {
	s := newShelf(t, Limits{})
	s.keeps.Store(true)
	ferry, err := s.add(t, "ferry.txt", "The ferry of Selby is steered by Fay Horn.")
	require.NoError(t, err)
	_, err = s.add(t, "crane.txt", "The crane is kept by Osk Varley.")
	require.NoError(t, err)
	require.NoError(t, os.Remove(filepath.Join(s.docs, "up", "crane.txt")))
	_, err = s.client.Files.Delete(t.Context(), ferry.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"up/crane.txt"}, s.sources(t, "Who keeps the crane, and who steers the Selby ferry?"))
}

// Several clients at once: each file is there in the end, or its client was told why not.
func TestFilesAtOnce(t *testing.T) {
	s := newShelf(t, Limits{})
	errs := make(chan error)
	for i := range 8 {
		go func() {
			_, err := s.client.Files.New(context.Background(), openai.FileNewParams{Purpose: openai.FilePurposeUserData,
				File: named{strings.NewReader(fmt.Sprintf("Boat %d is sailed by Person%d.", i, i)), fmt.Sprintf("boat%d.txt", i/2)}})
			errs <- err
		}()
	}
	refused := 0
	for range 8 {
		if err := <-errs; err != nil {
			apiErr(t, err, 409, "file_exists")
			refused++
		}
	}
	require.Equal(t, 4, refused)
	require.Equal(t, []string{"boat0.txt", "boat1.txt", "boat2.txt", "boat3.txt"}, s.names(t))
	for i := range 4 {
		found, err := s.index.HasSource(t.Context(), fmt.Sprintf("up/boat%d.txt", i))
		require.NoError(t, err)
		require.True(t, found)
	}
}

// Without a folder there are no files, and a folder must be one that is indexed.
func TestFilesAreOffByDefault(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 256})
	models := []Model{{Name: "base", Local: m}}
	_, _, client := serve(t, Config{Models: models, Index: newIndex(t)})
	_, err := client.Files.List(t.Context(), openai.FileListParams{})
	apiErr(t, err, 404, "not_found")
	_, err = client.Files.New(t.Context(), openai.FileNewParams{File: named{strings.NewReader("x"), "a.txt"}, Purpose: "assistants"})
	apiErr(t, err, 404, "not_found")
	folder := t.TempDir()
	config := Config{Models: models, Index: newIndex(t), Folders: []string{folder}, Files: "."}
	_, err = New(config)
	require.ErrorContains(t, err, "Sync")
	config.Sync = func(context.Context) (*retriever.SyncReport, error) { return &retriever.SyncReport{}, nil }
	for path, says := range map[string]string{
		"../x": "not a path", "/tmp": "not a path", ".hidden": "not a path", "missing": "missing",
	} {
		config.Files = path
		_, err := New(config)
		require.ErrorContains(t, err, says)
	}
}
