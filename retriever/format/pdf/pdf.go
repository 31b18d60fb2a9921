// Package pdf reads PDF with PDFium, which runs as WebAssembly: no cgo, and a hostile
// file can neither leave its memory nor run on. Importing the package registers the
// format.
//
// The text comes in the order of the file, which is the reading order of nearly all
// producers. Lines in larger type are headings. PDFium is compiled once, into the
// folder ragft of the user's cache.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{
		Name: "PDF", Extensions: []string{".pdf"}, Reader: reader{}, Matches: matches,
		Prepare: func() error {
			if _, err := newPool(); err != nil {
				return fmt.Errorf("PDFium does not start: %w", err)
			}
			return nil
		},
	})
}

// matches says whether a file begins like a PDF: with the mark, or with other bytes before it. A text that has the mark further
// on speaks of it.
func matches(name string, head []byte) bool {
	at := bytes.Index(head[:min(len(head), 1024)], []byte("%PDF-"))
	if at <= 0 || retriever.FormatOf(name) != "" {
		return at == 0
	}
	whole := bytes.TrimRightFunc(head, func(r rune) bool { return r >= utf8.RuneSelf }) // the last character may be cut
	return !utf8.Valid(whole)
}

const (
	memoryPages = 1 << 30 >> 16 // of 64 KiB, for one file
	maxPages    = 20_000
	waitTime    = time.Minute // for another file to be read
)

// newPool starts PDFium. It has access to no file.
var newPool = sync.OnceValues(func() (pdfium.Pool, error) {
	config := wazero.NewRuntimeConfig().WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
		WithMemoryLimitPages(memoryPages).WithCloseOnContextDone(true)
	if dir, err := os.UserCacheDir(); err == nil {
		// Without a cache, compiling takes some seconds at each start.
		if cache, err := wazero.NewCompilationCacheWithDir(filepath.Join(dir, "ragft", "wasm")); err == nil {
			config = config.WithCompilationCache(cache)
		}
	}
	return webassembly.Init(webassembly.Config{
		MaxTotal: 4, RuntimeConfig: config, FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard,
	})
})

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	doc, err = read(ctx, []byte(data))
	switch {
	case ctx.Err() != nil:
		return doc, ctx.Err()
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return doc, encrypted(data)
	}
	return doc, err
}

// encrypted tells how many pages a file has, if it says so without a password.
func encrypted(data string) error {
	pages := strings.Count(data, "/Type/Page") + strings.Count(data, "/Type /Page") -
		strings.Count(data, "/Type/Pages") - strings.Count(data, "/Type /Pages")
	if pages <= 0 {
		return retriever.Skip{Reason: retriever.SkipEncrypted, Detail: "it needs a password"}
	}
	return retriever.Skip{Reason: retriever.SkipEncrypted, Detail: "it needs a password; " + plural.N(pages, "page") + " without text"}
}

// title returns the title of the metadata, unless it is the name of a file, as some
// producers write.
func title(f file) string {
	meta, err := f.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: f.document, Tag: "Title"})
	if err != nil || filepath.Ext(meta.Value) != "" && !strings.Contains(meta.Value, " ") || strings.Contains(meta.Value,
		"Microsoft Word - ") {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(meta.Value, "\x00"))
}
