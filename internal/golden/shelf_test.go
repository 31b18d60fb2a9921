//go:build cgo

package golden

import (
	"bytes"
	"encoding/base64"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// fillShelf makes a project of its own, whose index changes with the files that clients add, and returns what it is served with.
func (p *workplace) fillShelf() []string {
	require.NoError(p.t, os.Mkdir(filepath.Join(p.dir, "shelf"), 0o755))
	for _, name := range documents[:2] {
		p.copy(filepath.Join(quickstart, "docs", name), filepath.Join("shelf", name))
	}
	p.copy(testmodel.NewBERT(p.t, testmodel.BERT{Pooling: 4}), "reranker.gguf")
	require.Zero(p.t, p.run(run{name: "index-shelf", command: "index", words: []string{"shelf"}, set: []string{"project=shelved"}}).code)
	return []string{"project=shelved", "files=shelf/added", "rerank=reranker.gguf", "adapter=none"}
}

// onShelf is a run that asks the service of the shelf.
func onShelf(name string, l letter) run {
	return run{name: "service-" + name, fixed: true, replace: func(p *workplace) *recorded { return p.ask(ofShelf, l) }}
}

// figures is the run where the model's arithmetic decides the figures.
func figures(r run) run {
	r.fixed = false
	return r
}

// uploading is a file as OpenAI's clients send it.
func uploading(name, text string) letter {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	_ = w.WriteField("purpose", "assistants") // writing to memory does not fail
	part, _ := w.CreateFormFile("file", name)
	_, _ = part.Write([]byte(text))
	_ = w.Close()
	return letter{http.MethodPost, "/v1/files", w.FormDataContentType(), b.String()}
}

// ferry is the path of the file that is added.
var ferry = "/v1/files/file-" + base64.RawURLEncoding.EncodeToString([]byte("ferry.txt"))

var shelfRuns = []run{
	figures(onShelf("rerank", asking("/v1/rerank",
		`{"query":"who is the miller?","documents":["a river","the mill","a town"],"top_n":2,"return_documents":true}`))),
	onShelf("rerank-bad-request", asking("/v1/rerank", `{"query":"who is the miller?"}`)),
	onShelf("file-added", uploading("ferry.txt", "The ferry is steered by Fay Horn.\n")),
	onShelf("file-added-twice", uploading("ferry.txt", "The ferry is steered by Mal Grey.\n")),
	onShelf("file-unknown-format", uploading("ferry.xyz", "\x00\x01")),
	onShelf("files", asking("/v1/files", "")),
	onShelf("file", asking(ferry, "")),
	onShelf("file-content", asking(ferry+"/content", "")),
	onShelf("file-deleted", letter{method: http.MethodDelete, path: ferry}),
	onShelf("file-gone", asking(ferry, "")),
	{name: "service-shelf-stop", fixed: true, replace: func(p *workplace) *recorded { return p.stop(ofShelf) }},
}
