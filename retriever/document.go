package retriever

import (
	"path"
	"strings"
)

// Format is a file format. It determines how the bytes of a file become text, and
// where Split finds headings in it.
type Format string

// The formats that can be read.
const (
	Text     Format = "text"     // as it is
	Markdown Format = "markdown" // as it is, divided at headings
	HTML     Format = "html"     // without the markup, divided at headings
	JSONL    Format = "jsonl"    // one JSON object in each line, each a document
)

// Document is one text: a file, or one row of a JSONL file.
type Document struct {
	// Source is where the text came from: the slash-separated path of the file
	// inside its folder, followed for a JSONL row by "#" and the line number.
	Source string
	// Title is a short name that is shown and indexed. It may be empty.
	Title string
	// Text is the text that the byte offsets of chunks refer to. For text and
	// Markdown it is the file's content as UTF-8 without a byte order mark, for
	// HTML the extracted text, and for JSONL the decoded string.
	Text string
	// Format determines how Split finds headings where Sections is nil. Empty
	// means the format that belongs to the extension of Source, or else Text.
	Format Format
	// Sections divide the text, in order of Start. Text before the first belongs
	// to a section without heading and place. Nil means that Split finds the
	// headings of Markdown.
	Sections []Section
	// Missing says what of the file the text does not have, such as "3 of 10 pages
	// have no text". It is reported as SkipPart. Empty means nothing.
	Missing string
	// Language is the ISO 639-1 code of its language, such as "de". Empty means that an
	// index with the analyzer Languages detects it. Other indexes do not use it.
	Language string
}

// Section is a part of a document that starts at a heading, or at another place in
// the file. No chunk reaches beyond a section.
type Section struct {
	// Start is the byte offset of the section in the document's text. The section
	// ends where the next one starts. A heading without text of its own belongs to
	// the section after it.
	Start int
	// Level is the level of the heading, from 1 to 6, or 0 for a section without
	// one, which stands under the headings before it.
	Level int
	// Heading is the text of the heading, which becomes part of a chunk's title.
	Heading string
	// Place is where in the file the section stands, such as "p. 12". Empty means
	// where the section before it stands.
	Place string
}

// format returns the format that Split uses.
func (d Document) format() Format {
	if d.Format != "" {
		return d.Format
	}
	if f, ok := defaultFormats()[strings.ToLower(path.Ext(d.Source))]; ok {
		return f
	}
	return Text
}

// FormatOf returns the format of a file by its extension, "" for none of those that
// this package reads.
func FormatOf(name string) Format { return defaultFormats()[strings.ToLower(path.Ext(name))] }

// defaultFormats maps lower-case file extensions to formats.
func defaultFormats() map[string]Format {
	return map[string]Format{
		".txt": Text, ".text": Text, ".rst": Text, ".adoc": Text, ".org": Text,
		".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
		".html": HTML, ".htm": HTML, ".xhtml": HTML,
		".jsonl": JSONL, ".ndjson": JSONL, ".jsonl.gz": JSONL, ".ndjson.gz": JSONL,
	}
}

// titleFromPath turns a file name into a readable title: "1973_oil_crisis.txt"
// becomes "1973 oil crisis".
func titleFromPath(name string) string {
	base := path.Base(name)
	if ext := path.Ext(base); ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return strings.TrimSpace(strings.ReplaceAll(base, "_", " "))
}
