// Package gzip reads files of any registered format that are compressed with gzip, such
// as notes.txt.gz. Importing the package registers the format.
package gzip

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "gzip", Extensions: []string{".gz"}, Reader: reader{}})
}

// maxUnpacked is the largest content that is read, in bytes.
const maxUnpacked = 256 << 20

type reader struct{}

func (reader) Read(ctx context.Context, name, data string) (doc retriever.Document, err error) {
	inner := strings.TrimSuffix(name, path.Ext(name))
	if ext := path.Ext(inner); ext == ".gz" || ext == ".tar" {
		return doc, retriever.Skip{Reason: retriever.SkipExtension, Detail: ext + ".gz"}
	}
	z, err := gzip.NewReader(strings.NewReader(data))
	if err != nil {
		return doc, err
	}
	var b strings.Builder
	if n, err := io.Copy(&b, io.LimitReader(z, maxUnpacked+1)); err != nil {
		return doc, err
	} else if n > maxUnpacked {
		return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it is larger than %d MB unpacked", maxUnpacked>>20)}
	}
	doc, found, err := format.Read(ctx, inner, b.String())
	if !found {
		return doc, retriever.Skip{Reason: retriever.SkipExtension, Detail: path.Ext(inner) + ".gz"}
	}
	if doc.Format == retriever.Markdown {
		doc.Sections = nil // Split finds them, and the front matter
	}
	return doc, err
}
