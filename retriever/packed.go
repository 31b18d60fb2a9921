package retriever

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// maxUnpacked is the largest content of a compressed file that is read, in bytes, as in package retriever/format/gzip.
const maxUnpacked = 256 << 20

// formatOf returns the format of a file by its extension, of which .gz is the second.
func (l *loader) formatOf(name string) Format {
	ext := strings.ToLower(path.Ext(name))
	if isPacked(name) {
		if f, ok := l.formats[strings.ToLower(path.Ext(name[:len(name)-len(ext)]))+ext]; ok {
			return f
		}
	}
	return l.formats[ext]
}

func isPacked(name string) bool { return strings.EqualFold(path.Ext(name), ".gz") }

// unpacked is the content of a file compressed with gzip. Its error is a Skip if the file itself is at fault.
type unpacked struct {
	file io.Reader
	z    io.Reader // nil before the first read
	read int64
}

func (u *unpacked) Read(p []byte) (n int, err error) {
	if u.z == nil {
		z, err := gzip.NewReader(u.file)
		if err != nil {
			return 0, brokenPack(err)
		}
		u.z = z
	}
	n, err = u.z.Read(p)
	if u.read += int64(n); u.read > maxUnpacked {
		return 0, Skip{Reason: SkipLimit, Detail: fmt.Sprintf("it is larger than %d MB unpacked", maxUnpacked>>20)}
	}
	return n, brokenPack(err)
}

func brokenPack(err error) error {
	if err == nil || err == io.EOF || isFileError(err) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return Skip{Reason: SkipBroken, Detail: err.Error()}
}
