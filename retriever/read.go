package retriever

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/internal/linescan"
	"github.com/ragft/ragft/internal/plural"
)

// sniffBytes is how much of a file is checked for being text before the rest is read.
const sniffBytes = 8 << 10

// maxEmptyRows is how many rows of a file are reported one by one as without text. A small file can have millions.
const maxEmptyRows = 100

// utf8BOM is the byte order mark that some editors write before UTF-8 text.
const utf8BOM = "\xef\xbb\xbf"

// read turns one file into documents. format is empty for an unknown extension.
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
	if l.most != nil {
		in.r = io.LimitReader(f, *l.most)
	}
	if format == JSONL && isPacked(name) {
		return l.readJSONL(ctx, name, &unpacked{file: in})
	}
	head := make([]byte, sniffBytes)
	n, err := io.ReadFull(in, head)
	if head = head[:n]; err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("retriever: reading %s: %w", name, err)
	}
	var reader Reader = textReader(format)
	if l.opts.Reader != nil {
		if other := l.opts.Reader(name, head); other != nil {
			reader = other
		}
	}
	switch reader {
	case textReader(""):
		l.skip(name, SkipExtension, strings.ToLower(path.Ext(name)))
		return nil
	case textReader(JSONL):
		return l.readJSONL(ctx, name, io.MultiReader(bytes.NewReader(head), in))
	}
	doc, err := l.document(ctx, reader, name, head, in, f)
	if skip := (Skip{}); errors.As(err, &skip) && skip.Reason != SkipUnreadable {
		l.skip(name, skip.Reason, skip.Detail)
		return nil
	}
	if err != nil {
		return err
	}
	if doc.Missing != "" {
		l.skip(name, SkipPart, doc.Missing)
	}
	if l.onFile != nil {
		if err := l.onFile(name); err != nil {
			return err
		}
	}
	return l.emit(doc)
}

// document reads the rest of a file that is read as a whole. Its error is a Skip if
// the file itself is at fault.
func (l *loader) document(ctx context.Context, reader Reader, name string, head []byte, in io.Reader, f fs.File) (Document, error) {
	if _, text := reader.(textReader); text && charsets.Binary(head) {
		return Document{}, Skip{Reason: SkipBinary}
	}
	data, err := readAll(head, in, f, l.opts.MaxFileBytes)
	if skip := (Skip{}); errors.As(err, &skip) {
		return Document{}, skip
	}
	if err != nil {
		return Document{}, fmt.Errorf("retriever: reading %s: %w", name, err)
	}
	doc, err := reader.Read(ctx, name, data)
	if cerr := ctx.Err(); cerr != nil {
		return Document{}, cerr
	}
	if skip := (Skip{}); err != nil && !errors.As(err, &skip) {
		return Document{}, Skip{Reason: SkipBroken, Detail: err.Error()}
	}
	if err != nil {
		return Document{}, err
	}
	if strings.TrimSpace(doc.Text) == "" {
		return Document{}, Skip{Reason: SkipNoText, Detail: doc.Missing}
	}
	if !utf8.ValidString(doc.Text) {
		return Document{}, Skip{Reason: SkipBroken, Detail: "its text is not UTF-8"}
	}
	mend(&doc)
	doc.Source = name
	if doc.Title == "" {
		doc.Title = titleFromPath(name)
	}
	return doc, nil
}

// mend makes what a Reader says about a text fit for chunks, which must be UTF-8 and short: one that is not would end the
// whole run. The sections are copied, as they are the Reader's.
func mend(doc *Document) {
	valid := func(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
	doc.Title, doc.Language = valid(doc.Title), valid(doc.Language)
	doc.Sections = slices.Clone(doc.Sections)
	for i := range doc.Sections {
		s := &doc.Sections[i]
		s.Heading, s.Place = valid(s.Heading), shorten(valid(s.Place), maxPlace)
	}
}

// readAll reads a whole file, of which head was read, into one string, copying it
// once. It returns a Skip for a file beyond the limit.
func readAll(head []byte, in io.Reader, f fs.File, limit int64) (string, error) {
	size := int64(0)
	if info, err := f.Stat(); err == nil {
		if size = info.Size(); size > limit {
			return "", Skip{Reason: SkipTooLarge}
		}
	}
	var b strings.Builder
	if len(head) == sniffBytes {
		// Stat may be wrong (a growing file, a virtual file system), so the
		// limit is applied to reading as well.
		b.Grow(int(min(max(size, sniffBytes), limit)) + 1)
	}
	b.Write(head)
	if len(head) == sniffBytes {
		if _, err := io.Copy(&b, io.LimitReader(in, limit+1-int64(len(head)))); err != nil {
			return "", err
		}
	}
	if int64(b.Len()) > limit {
		return "", Skip{Reason: SkipTooLarge}
	}
	return b.String(), nil
}

// TextReader returns the reader of a format of this package: Text, Markdown or HTML.
// It decodes any encoding that it recognises. For a format that has none it returns
// nil.
func TextReader(format Format) Reader {
	switch format {
	case Text, Markdown, HTML:
		return textReader(format)
	}
	return nil
}

// textReader reads Text, Markdown and HTML.
type textReader Format

func (r textReader) Read(_ context.Context, _ string, data string) (Document, error) {
	decode := charsets.Text
	if Format(r) == HTML {
		decode = charsets.HTML
	}
	text, ok := decode(data)
	if !ok {
		return Document{}, Skip{Reason: SkipBinary}
	}
	switch doc := (Document{Text: text, Format: Format(r)}); Format(r) {
	case HTML:
		return htmlDocument(text), nil
	case Markdown:
		doc.Title = shorten(markdownTitle(text), maxHeading)
		return doc, nil
	default:
		return doc, nil
	}
}

// readJSONL loads each row of a file as a document.
func (l *loader) readJSONL(ctx context.Context, name string, in io.Reader) error {
	lines := linescan.New(in, l.opts.MaxLineBytes)
	found, empty := false, 0
	for line := 1; ; line++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if errors.Is(err, linescan.ErrLong) || errors.As(err, &Skip{}) {
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
			if empty++; empty <= maxEmptyRows {
				l.skip(source, SkipNoText, "")
			}
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
	switch {
	case !found:
		l.skip(name, SkipNoText, "no rows")
	case empty > maxEmptyRows:
		l.skip(name, SkipPart, plural.N(empty-maxEmptyRows, "more row")+" without text")
	}
	return nil
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
