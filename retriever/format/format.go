// Package format is a registry of readers for document formats. Packages below it
// read one format each and register it when they are imported; package all imports
// all of them:
//
//	import (
//		"github.com/ragft/ragft/retriever"
//		"github.com/ragft/ragft/retriever/format"
//		_ "github.com/ragft/ragft/retriever/format/pdf"
//	)
//
//	index.Sync(ctx, "docs", retriever.SyncOptions{Load: retriever.LoadOptions{Reader: format.Find, ReaderID: format.ID()}})
//
// A program adds formats of its own with [Register].
//
// A file cannot harm others: a reader that panics, takes longer than [MaxTime] or
// gives more text than [MaxText] costs that file alone.
package format

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/ragft/ragft/retriever"
)

// Limits of one file.
const (
	// MaxTime is how long reading a file may take.
	MaxTime = 2 * time.Minute
	// MaxText is the most text, in bytes, that a file may give.
	MaxText = 64 << 20
)

// Format is a file format and what reads it.
type Format struct {
	// Name is shown in messages, such as "PDF".
	Name string
	// Extensions are in lower case, with the dot. A file with one of them is of
	// this format, unless its first bytes are those of another one.
	Extensions []string
	// Matches reports whether a file of this name begins like one of this format.
	// head has at most 8 KiB. Nil means that the extension decides.
	Matches func(name string, head []byte) bool
	// Reader reads the file.
	Reader retriever.Reader
	// Prepare is called before the first file is read, and possibly before others. What it
	// takes is not counted for the file, and its error is no fault of the file, which is
	// read again later. Nil means that there is nothing to prepare.
	Prepare func() error
}

var registry struct {
	sync.RWMutex
	formats []Format
}

// Register adds a format. Formats that were added later are asked first. It may be
// called at any time, from any goroutine.
func Register(f Format) {
	registry.Lock()
	defer registry.Unlock()
	registry.formats = append(registry.formats, f)
}

// ID identifies the registered formats. It is meant for retriever.LoadOptions.ReaderID: Sync
// then reads files that it skipped before, once a program has registered their format.
func ID() string {
	registry.RLock()
	defer registry.RUnlock()
	var b strings.Builder
	for _, f := range registry.formats {
		fmt.Fprintf(&b, "%q%q%t ", f.Name, f.Extensions, f.Matches != nil)
	}
	return b.String()
}

// Find returns the reader for a file, or nil if there is none: the one whose
// extension the file has, if its first bytes match, else the one that its first
// bytes match. It is meant for retriever.LoadOptions.Reader.
func Find(name string, head []byte) retriever.Reader {
	registry.RLock()
	formats := slices.Clone(registry.formats)
	registry.RUnlock()
	slices.Reverse(formats)
	ext := strings.ToLower(path.Ext(name))
	var byName *Format
	for i, f := range formats {
		if ext == "" || !slices.Contains(f.Extensions, ext) {
			continue
		}
		if f.Matches == nil || f.Matches(name, head) {
			return guard{f}
		}
		if byName == nil {
			byName = &formats[i]
		}
	}
	for _, f := range formats {
		if f.Matches != nil && f.Matches(name, head) {
			return guard{f}
		}
	}
	if byName != nil {
		return guard{*byName} // which says what is wrong with the file
	}
	return nil
}

// Read reads a file within another one, such as an attachment. It reads the formats
// of package retriever too, but for JSONL, which has a document in each line. Sections of Markdown
// are its headings; its front matter is a part of the text, as everywhere. found is false for a file of no known format.
func Read(ctx context.Context, name, data string) (doc retriever.Document, found bool, err error) {
	r := Find(name, []byte(data[:min(len(data), 8<<10)]))
	if r == nil {
		r = retriever.TextReader(retriever.FormatOf(name))
		if r != nil && len(data) > MaxText { // which no guard bounds
			return doc, true, tooMuch
		}
	}
	if r == nil {
		return doc, false, nil
	}
	if doc, err = r.Read(ctx, name, data); err == nil && doc.Format == retriever.Markdown {
		doc.Sections = retriever.MarkdownSections(doc.Text)
	}
	return doc, true, err
}

// guard bounds what a reader can do.
type guard struct{ Format }

func (g guard) Read(ctx context.Context, name, data string) (retriever.Document, error) {
	type result struct {
		doc retriever.Document
		err error
	}
	if err := g.prepare(ctx); err != nil {
		return retriever.Document{}, err
	}
	inner, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	done := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{err: fmt.Errorf("reading %s failed: %v", g.Name, p)}
			}
			done <- r
		}()
		r.doc, r.err = g.Reader.Read(inner, name, data)
	}()
	tooLong := retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("reading took longer than %v", MaxTime)}
	select {
	case r := <-done:
		switch {
		case ctx.Err() != nil:
			return retriever.Document{}, ctx.Err()
		case inner.Err() != nil && r.err != nil:
			return retriever.Document{}, tooLong
		case len(r.doc.Text) > MaxText:
			return retriever.Document{}, tooMuch
		case !utf8.ValidString(r.doc.Text):
			return retriever.Document{}, fmt.Errorf("the reader of %s gave text that is not UTF-8", g.Name)
		}
		return r.doc, r.err
	case <-inner.Done():
		// The goroutine ends when the reader looks at its context.
		if ctx.Err() != nil {
			return retriever.Document{}, ctx.Err()
		}
		return retriever.Document{}, tooLong
	}
}

func (g guard) prepare(ctx context.Context) error {
	if g.Prepare == nil {
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- g.Prepare() }()
	select {
	case err := <-done:
		if err != nil {
			return retriever.Skip{Reason: retriever.SkipUnreadable, Detail: err.Error()}
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

var tooMuch = retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d MB of text", MaxText>>20)}
