package pdf

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

const (
	sharedPages = 24       // from which on two instances read a file: starting the second takes as long as some pages
	sharedBytes = 64 << 20 // of a file, up to which it is held twice
	sharedRun   = 4        // pages that an instance takes at once
	sharedWait  = time.Millisecond
)

// file is a document that is open in an instance of PDFium.
type file struct {
	instance pdfium.Pdfium
	document references.FPDF_DOCUMENT
	gaps     bool // PDFium misses blanks of it
	close    func()
}

// open opens a file in an instance of its own, for which it waits.
func open(ctx context.Context, content []byte, wait time.Duration) (f file, err error) {
	pool, err := newPool()
	if err == nil {
		f.instance, err = pool.GetInstance(wait)
	}
	if err != nil { // no memory, say: no fault of the file
		return f, retriever.Skip{Reason: retriever.SkipUnreadable, Detail: fmt.Sprintf("PDFium does not start: %v", err)}
	}
	// Closing also frees what is still open. Where the time is over, the code in
	// the instance is stopped.
	stop := context.AfterFunc(ctx, func() { _ = f.instance.Kill() })
	f.close = func() {
		if stop() {
			_ = f.instance.Close()
		}
	}
	opened, err := f.instance.OpenDocument(&requests.OpenDocument{File: &content})
	if err != nil {
		f.close()
		return f, err
	}
	f.document = opened.Document
	f.gaps = missesBlanks(f)
	return f, nil
}

// read makes a document of a file.
func read(ctx context.Context, content []byte) (doc retriever.Document, err error) {
	f, err := open(ctx, content, waitTime)
	if err != nil {
		return doc, err
	}
	defer func() { f.close() }()
	count, err := f.instance.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: f.document})
	if err != nil {
		return doc, err
	}
	if count.PageCount > maxPages {
		return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has %d pages; %d are read", count.PageCount, maxPages)}
	}
	pages := make([]page, count.PageCount)
	if len(pages) >= sharedPages && len(content) <= sharedBytes && runtime.GOMAXPROCS(0) > 1 {
		if share(ctx, f, content, pages) {
			return document(f, pages)
		}
		if ctx.Err() != nil {
			return doc, ctx.Err()
		}
		// Which pages a broken instance fails to read is to depend on the file alone.
		f.close()
		alone, err := open(ctx, content, waitTime)
		if err != nil {
			return doc, err
		}
		f = alone
		clear(pages)
	}
	var todo work
	todo.read(ctx, f, pages, len(pages))
	if err := ctx.Err(); err != nil {
		return doc, err
	}
	return document(f, pages)
}

// work is what is left of a file's pages.
type work struct {
	next, size atomic.Int64 // the page to read next, and the bytes of text so far
	broken     atomic.Bool  // a page could not be read
}

// read reads runs of pages until none is left, the text is too long or the time is over.
func (w *work) read(ctx context.Context, f file, pages []page, run int) {
	for {
		end := int(w.next.Add(int64(run)))
		for i := end - run; i < min(end, len(pages)); i++ {
			if ctx.Err() != nil || w.size.Load() > format.MaxText {
				return
			}
			var err error
			if pages[i], err = readPage(f, i); err != nil {
				pages[i].broken = true
				w.broken.Store(true)
			}
			w.size.Add(int64(pages[i].bytes))
		}
		if end >= len(pages) {
			return
		}
	}
}

// share reads pages in two instances at once. It reports whether all pages were read; else the file is to be read by one.
func share(ctx context.Context, first file, content []byte, pages []page) bool {
	var todo work
	var both sync.WaitGroup
	both.Go(func() {
		// Without a free instance the first one reads all pages.
		if second, err := open(ctx, content, sharedWait); err == nil {
			defer second.close()
			todo.read(ctx, second, pages, sharedRun)
		}
	})
	todo.read(ctx, first, pages, sharedRun)
	both.Wait()
	return !todo.broken.Load() && ctx.Err() == nil
}

// document makes a document of pages.
func document(f file, pages []page) (doc retriever.Document, err error) {
	empty, broken, size := 0, 0, 0
	for _, p := range pages {
		switch {
		case p.broken:
			broken++
		case len(p.lines) == 0 && p.objects > 0:
			empty++
		}
		if size += p.bytes; size > format.MaxText {
			return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d MB of text", format.MaxText>>20)}
		}
	}
	without := fmt.Sprintf("%d of %s %s no text", empty+broken, plural.N(len(pages), "page"), plural.Pick(empty+broken, "has", "have"))
	if empty > 0 && size == 0 {
		return doc, retriever.Skip{Reason: retriever.SkipScanned, Detail: without}
	}
	doc, err = compose(pages, title(f))
	if empty+broken > 0 {
		doc.Missing = without
	}
	return doc, err
}
