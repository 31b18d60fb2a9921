package retriever

import (
	"path"
	"strings"
)

// A Format says how the bytes of a file become text, and how that text is
// divided.
type Format string

// The formats that are understood.
const (
	Text     Format = "text"     // UTF-8, taken as it is
	Markdown Format = "markdown" // UTF-8, taken as it is; headings divide it
	HTML     Format = "html"     // markup removed; headings divide what is left
	JSONL    Format = "jsonl"    // one JSON object a line, each a document
)

// A Document is one text: a file, or one row of a JSONL file.
type Document struct {
	// Source names where the text came from: the slash-separated path of the
	// file inside its folder, with "#" and the line number for a JSONL row.
	Source string
	// Title is a short name for people and for the index. It may be empty.
	Title string
	// Text is what the byte offsets of chunks refer to. For text and Markdown
	// it is the file's content without a byte order mark; for HTML the text
	// that was extracted; for JSONL the decoded string.
	Text string
	// Format decides how Split finds headings. Empty: by the extension of
	// Source, else Text.
	Format Format
}

// format gives the format that Split goes by.
func (d Document) format() Format {
	if d.Format != "" {
		return d.Format
	}
	if f, ok := defaultFormats()[strings.ToLower(path.Ext(d.Source))]; ok {
		return f
	}
	return Text
}

// defaultFormats maps lower-case file extensions to formats.
func defaultFormats() map[string]Format {
	return map[string]Format{
		".txt": Text, ".text": Text, ".rst": Text, ".adoc": Text, ".org": Text,
		".md": Markdown, ".markdown": Markdown, ".mdown": Markdown,
		".html": HTML, ".htm": HTML, ".xhtml": HTML,
		".jsonl": JSONL, ".ndjson": JSONL,
	}
}

// titleFromPath makes a readable title of a file name: "1973_oil_crisis.txt"
// becomes "1973 oil crisis".
func titleFromPath(name string) string {
	base := path.Base(name)
	if ext := path.Ext(base); ext != base {
		base = strings.TrimSuffix(base, ext)
	}
	return strings.TrimSpace(strings.ReplaceAll(base, "_", " "))
}
