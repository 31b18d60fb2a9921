package retriever

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"unicode/utf8"
)

// A Chunk is a stretch of a document: what is indexed, found, and shown to a
// model.
type Chunk struct {
	// ID names the chunk in an index. Split makes it of Source and Text, and,
	// for text that comes more than once in a document, of how often it came
	// before; so an edit elsewhere in the document leaves it as it is.
	ID string
	// Source is the document's.
	Source string
	// Title is the document's, for Markdown and HTML followed by the headings
	// that lead to the chunk, joined by " > ".
	Title string
	// Text is a slice of the document's text: Text == doc.Text[Start:End]. It
	// is never empty, and neither begins nor ends with white space.
	Text string
	// Start and End are byte offsets in the document's text.
	Start, End int
}

// A Unit is what chunks are measured in.
type Unit string

// The units.
const (
	Tokens    Unit = "tokens"
	Sentences Unit = "sentences"
)

// Defaults of SplitOptions.
const (
	DefaultChunkTokens    = 200
	DefaultChunkSentences = 5
	DefaultMaxTokens      = 400
)

// SplitOptions say how a document is divided. The zero value makes chunks of
// at most 200 words and marks that do not overlap.
type SplitOptions struct {
	// By is the unit of Size and Overlap. Empty means Tokens.
	By Unit
	// Size is the size of a chunk. By Tokens it is an upper limit: a chunk
	// ends at the last end of a paragraph in its second half, else at the last
	// end of a sentence there, else at a word. By Sentences it is the number of
	// sentences. 0 means DefaultChunkTokens or DefaultChunkSentences.
	Size int
	// Overlap is how much of the end of a chunk is repeated at the start of
	// the next, at most; by Tokens the repeated part starts with a sentence if
	// one starts there. It must be below Size. 0 means none. There is none
	// across headings.
	Overlap int
	// MaxTokens bounds chunks by Sentences, whatever the length of the
	// sentences. 0 means DefaultMaxTokens. By Tokens it is not used.
	MaxTokens int
	// Count counts the tokens of a text, without any special tokens; give the
	// tokenizer of the model that will read the chunks. Nil means CountWords.
	// It is called about twice for each byte of the text, on short and on
	// chunk-sized pieces, and must be a function of its argument only.
	Count func(text string) int
}

// resolve puts in the defaults and checks the rest.
func (o SplitOptions) resolve() (SplitOptions, error) {
	if o.By == "" {
		o.By = Tokens
	}
	if o.By != Tokens && o.By != Sentences {
		return o, fmt.Errorf("%w: chunks by %q; there are %q and %q", ErrOptions, o.By, Tokens, Sentences)
	}
	if o.Size == 0 {
		o.Size = DefaultChunkTokens
		if o.By == Sentences {
			o.Size = DefaultChunkSentences
		}
	}
	if o.MaxTokens == 0 {
		o.MaxTokens = DefaultMaxTokens
	}
	if o.Size < 0 || o.MaxTokens < 0 || o.Overlap < 0 || o.Overlap >= o.Size {
		return o, fmt.Errorf("%w: chunk size %d, overlap %d, at most %d tokens: the size must be above the overlap, and none negative",
			ErrOptions, o.Size, o.Overlap, o.MaxTokens)
	}
	if o.By == Tokens {
		o.MaxTokens = o.Size
	}
	if o.Count == nil {
		o.Count = CountWords
	}
	return o, nil
}

// Split divides a document into chunks. A document without anything but white
// space has none. In Markdown and HTML no chunk goes across a heading.
//
// By the counter, no chunk has more tokens than allowed, unless a single
// piece has: pieces, which are not divided, are words of at most 48 bytes. The
// text must be UTF-8 (ErrBadChunk). Time is linear in the length of the text.
func Split(doc Document, opts SplitOptions) ([]Chunk, error) {
	var chunks []Chunk
	for c, err := range SplitSeq(doc, opts) {
		if err != nil {
			return nil, err
		}
		chunks = append(chunks, c)
	}
	return chunks, nil
}

// SplitSeq is Split one chunk at a time. It holds little more than one chunk
// in memory; the chunks' texts share the document's. An error is given once,
// as the last pair.
func SplitSeq(doc Document, opts SplitOptions) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		opts, err := opts.resolve()
		if err != nil {
			yield(Chunk{}, err)
			return
		}
		if !utf8.ValidString(doc.Text) {
			yield(Chunk{}, fmt.Errorf("%w: the text of %s is not UTF-8", ErrBadChunk, doc.Source))
			return
		}
		w := chunker{opts: opts, doc: doc, seen: map[[idBytes]byte]uint64{}}
		w.yield = func(c Chunk) bool { return yield(c, nil) }
		format := doc.format()
		if format != Markdown && format != HTML {
			w.section(section{end: len(doc.Text), title: doc.Title})
			return
		}
		sections(doc.Text, doc.Title, format == Markdown, w.section)
	}
}

// idBytes is the length of a chunk ID before it is written in hexadecimal:
// enough that two of a billion chunks share one with a chance below 1e-20.
const idBytes = 16

// chunkID makes the ID of a text in a source.
func chunkID(source, text string) [idBytes]byte {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(source)))
	h.Write(n[:])
	h.Write([]byte(source))
	h.Write([]byte(text))
	return [idBytes]byte(h.Sum(nil))
}

// repeatID makes the ID of the nth repetition of a text.
func repeatID(id [idBytes]byte, n uint64) [idBytes]byte {
	h := sha256.New()
	h.Write(id[:])
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	h.Write(b[:])
	return [idBytes]byte(h.Sum(nil))
}

// emit gives the chunk text[start:end].
func (w *chunker) emit(start, end int, title string) bool {
	text := w.doc.Text[start:end]
	id := chunkID(w.doc.Source, text)
	n := w.seen[id]
	w.seen[id] = n + 1
	if n > 0 {
		id = repeatID(id, n)
	}
	return w.yield(Chunk{ID: hex.EncodeToString(id[:]), Source: w.doc.Source, Title: title, Text: text, Start: start, End: end})
}
