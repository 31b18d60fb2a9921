package retriever

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// sniffBytes is how much of a file is checked for being text before the rest is read.
const sniffBytes = 8 << 10

// utf8BOM is the byte order mark that some editors write before UTF-8 text.
const utf8BOM = "\xef\xbb\xbf"

// read turns one file into documents.
func (l *loader) read(ctx context.Context, name string, format Format) (err error) {
	f, err := l.fsys.Open(name)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil && cerr != nil {
			err = fmt.Errorf("retriever: %w", cerr)
		}
	}()
	in := &countingReader{ctx: ctx, r: f, total: &l.report.Bytes, sum: l.sum}
	if format == JSONL {
		return l.readJSONL(ctx, name, in)
	}
	text, reason, err := readText(in, f, l.opts.MaxFileBytes)
	if err != nil {
		return fmt.Errorf("retriever: reading %s: %w", name, err)
	}
	if reason == "" && format != HTML && !utf8.ValidString(text) {
		reason = SkipBinary
	}
	if reason != "" {
		l.skip(name, reason, "")
		return nil
	}
	doc := Document{Source: name, Text: text, Format: format}
	switch format {
	case HTML:
		doc.Title, doc.Text = htmlText(decodeHTML(text))
	case Markdown:
		doc.Title = markdownTitle(text)
	}
	if strings.TrimSpace(doc.Text) == "" {
		l.skip(name, SkipNoText, "")
		return nil
	}
	if doc.Title == "" {
		doc.Title = titleFromPath(name)
	}
	if l.onFile != nil {
		if err := l.onFile(name); err != nil {
			return err
		}
	}
	return l.emit(doc)
}

// readText reads a whole file into one string, copying it once. If it returns a
// reason, the file is to be skipped.
func readText(in io.Reader, f fs.File, limit int64) (string, SkipReason, error) {
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		if size = info.Size(); size > limit {
			return "", SkipTooLarge, nil
		}
	}
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(in, head)
	head = head[:n]
	if bytes.IndexByte(head, 0) >= 0 {
		return "", SkipBinary, nil
	}
	var b strings.Builder
	if err == nil {
		// Stat may be wrong (a growing file, a virtual file system), so the
		// limit is applied to reading as well.
		b.Grow(int(min(max(size, sniffBytes), limit)) + 1)
		b.Write(head)
		_, err = io.Copy(&b, io.LimitReader(in, limit+1-int64(n)))
	} else {
		b.Write(head)
	}
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return "", "", err
	}
	text := b.String()
	if int64(len(text)) > limit {
		return "", SkipTooLarge, nil
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", SkipBinary, nil
	}
	return strings.TrimPrefix(text, utf8BOM), "", nil
}

// readJSONL loads each row of a file as a document.
func (l *loader) readJSONL(ctx context.Context, name string, in io.Reader) error {
	r := bufio.NewReaderSize(in, 64<<10)
	found := false
	for line := 1; ; line++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := readLine(r, l.opts.MaxLineBytes)
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, errLongLine) {
			return fmt.Errorf("retriever: %w", &LineError{Path: name, Line: line, Err: err})
		}
		if err != nil {
			return fmt.Errorf("retriever: reading %s, line %d: %w", name, line, err)
		}
		if line == 1 {
			row = bytes.TrimPrefix(row, []byte(utf8BOM))
		}
		if row = bytes.TrimSpace(row); len(row) == 0 {
			continue
		}
		title, text, err := parseRow(row, l.opts.TitleFields, l.opts.TextFields)
		if err != nil {
			return fmt.Errorf("retriever: %w", &LineError{Path: name, Line: line, Err: err})
		}
		source := fmt.Sprintf("%s#%d", name, line)
		if strings.TrimSpace(text) == "" {
			l.skip(source, SkipNoText, "")
			continue
		}
		if !found && l.onFile != nil {
			if err := l.onFile(name); err != nil {
				return err
			}
		}
		found = true
		if err := l.emit(Document{Source: source, Title: title, Text: text, Format: Text}); err != nil {
			return err
		}
	}
	if !found {
		l.skip(name, SkipNoText, "no rows")
	}
	return nil
}

var errLongLine = errors.New("longer than the limit")

// readLine returns the next line, valid until the next call, or io.EOF after the
// last one, which may have no line end.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(long)+len(part) > limit {
			return nil, fmt.Errorf("%w of %d bytes", errLongLine, limit)
		}
		switch {
		case err == nil && long == nil:
			return part, nil
		case err == nil:
			return append(long, part...), nil
		case errors.Is(err, bufio.ErrBufferFull):
			long = append(long, part...)
		case errors.Is(err, io.EOF) && len(long)+len(part) > 0:
			return append(long, part...), nil
		default:
			return nil, err
		}
	}
}

// parseRow returns title and text of one JSON object.
func parseRow(row []byte, titleFields, textFields []string) (title, text string, err error) {
	if !utf8.Valid(row) {
		return "", "", errors.New("not UTF-8")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(row, &fields); err != nil {
		return "", "", fmt.Errorf("not a JSON object: %w", err)
	}
	text, ok, err := stringField(fields, textFields)
	if err != nil {
		return "", "", err
	}
	if !ok {
		return "", "", fmt.Errorf("it has none of the fields %s", strings.Join(textFields, ", "))
	}
	title, _, err = stringField(fields, titleFields)
	return strings.TrimSpace(title), text, err
}

// stringField returns the first of the named fields that is present and not null.
func stringField(fields map[string]json.RawMessage, names []string) (string, bool, error) {
	for _, name := range names {
		raw, ok := fields[name]
		if !ok || string(raw) == "null" {
			continue
		}
		var s string
		if err := json.Unmarshal(raw, &s); err != nil {
			return "", false, fmt.Errorf("field %q is not a string", name)
		}
		return s, true, nil
	}
	return "", false, nil
}

// countingReader counts the bytes that it reads, and fails when its context ends.
type countingReader struct {
	ctx   context.Context
	r     io.Reader
	total *int64
	sum   *content // nil, or what also gets the bytes
}

// content is the hash of a file, once it was read to its end.
type content struct {
	hash.Hash
	ended bool
}

func (c *countingReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	*c.total += int64(n)
	if c.sum != nil {
		c.sum.Write(p[:n])
		c.sum.ended = c.sum.ended || errors.Is(err, io.EOF)
	}
	return n, err
}
