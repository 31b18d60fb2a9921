// Package pdf reads PDF with PDFium, which runs as WebAssembly: no cgo, and a hostile
// file can neither leave its memory nor run on. Importing the package registers the
// format.
//
// The text comes in the order of the file, which is the reading order of nearly all
// producers. Lines in larger type are headings. PDFium is compiled once, into the
// folder ragft of the user's cache.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
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
		Name: "PDF", Extensions: []string{".pdf"}, Reader: reader{},
		Matches: func(_ string, head []byte) bool {
			return strings.Contains(string(head[:min(len(head), 1024)]), "%PDF-")
		},
		Prepare: func() error {
			_, err := newPool()
			return err
		},
	})
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
	pool, err := newPool()
	if err != nil {
		return doc, fmt.Errorf("PDFium does not start: %w", err)
	}
	instance, err := pool.GetInstance(waitTime)
	if err != nil {
		return doc, err
	}
	// Closing also frees what is still open. Where the time is over, the code in
	// the instance is stopped.
	stop := context.AfterFunc(ctx, func() { _ = instance.Kill() })
	defer func() {
		if stop() {
			_ = instance.Close()
		}
		if ctx.Err() != nil {
			err = ctx.Err()
		}
	}()
	content := []byte(data)
	opened, err := instance.OpenDocument(&requests.OpenDocument{File: &content})
	switch {
	case errors.Is(err, pdferrors.ErrPassword), errors.Is(err, pdferrors.ErrSecurity):
		return doc, encrypted(instance, data)
	case err != nil:
		return doc, err
	}
	return read(ctx, instance, opened.Document)
}

// encrypted tells how many pages a file has, if it says so without a password.
func encrypted(_ pdfium.Pdfium, data string) error {
	pages := strings.Count(data, "/Type/Page") + strings.Count(data, "/Type /Page") -
		strings.Count(data, "/Type/Pages") - strings.Count(data, "/Type /Pages")
	if pages <= 0 {
		return retriever.Skip{Reason: retriever.SkipEncrypted, Detail: "it needs a password"}
	}
	return retriever.Skip{Reason: retriever.SkipEncrypted, Detail: "it needs a password; " + plural.N(pages, "page") + " without text"}
}

// read reads the pages one by one.
func read(ctx context.Context, instance pdfium.Pdfium, document references.FPDF_DOCUMENT) (doc retriever.Document, err error) {
	count, err := instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: document})
	if err != nil {
		return doc, err
	}
	if count.PageCount > maxPages {
		return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has %d pages; %d are read", count.PageCount, maxPages)}
	}
	var pages []page
	empty, broken, size := 0, 0, 0
	gaps := missesBlanks(instance, document)
	for i := range count.PageCount {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		p, err := readPage(instance, document, i, gaps)
		switch {
		case err != nil:
			broken++
		case len(p.lines) == 0 && p.objects > 0:
			empty++
		}
		if size += p.bytes; size > format.MaxText {
			return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d MB of text", format.MaxText>>20)}
		}
		pages = append(pages, p)
	}
	without := fmt.Sprintf("%d of %s %s no text", empty+broken, plural.N(len(pages), "page"), plural.Pick(empty+broken, "has", "have"))
	if empty > 0 && size == 0 {
		return doc, retriever.Skip{Reason: retriever.SkipScanned, Detail: without}
	}
	doc, err = compose(pages, title(instance, document))
	if empty+broken > 0 {
		doc.Missing = without
	}
	return doc, err
}

// title returns the title of the metadata, unless it is the name of a file, as some
// producers write.
func title(instance pdfium.Pdfium, document references.FPDF_DOCUMENT) string {
	meta, err := instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: document, Tag: "Title"})
	if err != nil || filepath.Ext(meta.Value) != "" && !strings.Contains(meta.Value, " ") || strings.Contains(meta.Value,
		"Microsoft Word - ") {
		return ""
	}
	return strings.TrimSpace(strings.TrimRight(meta.Value, "\x00"))
}

// page is the text of one page.
type page struct {
	lines   []line
	objects int // of any kind
	bytes   int
}

// line is one line of a page, in points from the bottom.
type line struct {
	text        string
	top, bottom float32
}

func (l line) height() float32 { return l.top - l.bottom }

// readPage reads a page. With gaps, wide gaps between characters count as blanks.
func readPage(instance pdfium.Pdfium, document references.FPDF_DOCUMENT, index int, gaps bool) (p page, err error) {
	loaded, err := instance.FPDF_LoadPage(&requests.FPDF_LoadPage{Document: document, Index: index})
	if err != nil {
		return p, err
	}
	defer instance.FPDF_ClosePage(&requests.FPDF_ClosePage{Page: loaded.Page}) //nolint:errcheck // closing the instance frees it too
	ref := requests.Page{ByReference: &loaded.Page}
	objects, err := instance.FPDFPage_CountObjects(&requests.FPDFPage_CountObjects{Page: ref})
	if err != nil {
		return p, err
	}
	p.objects = objects.Count
	text, err := instance.FPDFText_LoadPage(&requests.FPDFText_LoadPage{Page: ref})
	if err != nil {
		return p, err
	}
	defer instance.FPDFText_ClosePage(&requests.FPDFText_ClosePage{TextPage: text.TextPage}) //nolint:errcheck // as above
	chars, err := instance.FPDFText_CountChars(&requests.FPDFText_CountChars{TextPage: text.TextPage})
	if err != nil || chars.Count <= 0 {
		return p, err
	}
	got, err := instance.FPDFText_GetText(&requests.FPDFText_GetText{TextPage: text.TextPage, StartIndex: 0, Count: chars.Count})
	if err != nil {
		return p, err
	}
	p.bytes = len(got.Text)
	at := 0 // in UTF-16 units, by which PDFium counts
	for raw := range strings.Lines(got.Text) {
		first := at + units(raw[:len(raw)-len(strings.TrimLeft(raw, " \t\u00a0"))])
		whole := raw
		if gaps {
			whole = separated(instance, text.TextPage, raw, at)
		}
		at += units(raw)
		l := line{text: strings.TrimRight(strings.TrimSpace(whole), "\x00")}
		if l.text == "" {
			continue
		}
		box, err := instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: text.TextPage, Index: first})
		if err == nil {
			l.top, l.bottom = max(box.Rect.Top, box.Rect.Bottom), min(box.Rect.Top, box.Rect.Bottom)
		}
		p.lines = append(p.lines, l)
	}
	return p, nil
}

// units counts the UTF-16 units of a text.
func units(s string) (n int) {
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}
