package retriever

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"iter"
	"unicode/utf8"
)

// Chunk is a passage of a document: what is indexed, found, and shown to a
// model.
type Chunk struct {
	// ID identifies the chunk in an index. Split computes it from Source and
	// Text and, where the same text occurs more than once in a document, from
	// the number of earlier occurrences. So edits elsewhere in the document do
	// not change it.
	ID string
	// Source is the document's Source.
	Source string
	// Title is the document's Title. In Markdown and HTML the headings above
	// the chunk follow, joined by " > ".
	Title string
	// Text is a slice of the document's text: Text == doc.Text[Start:End]. It
	// is never empty, and neither starts nor ends with white space.
	Text string
	// Start and End are byte offsets in the document's text.
	Start, End int
	// Place is where in the file the chunk starts, such as "p. 12", "slide 3" or
	// "line 40". It is empty for files that have only text.
	Place string
	// Language is the language in which an index with the analyzer Languages analyzes the
	// chunk: that of its document, as an ISO 639-1 code such as "de". It is empty for
	// English and if no language was recognised.
	Language string `json:",omitempty"`
}

// Unit is the unit in which chunks are measured.
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

// SplitOptions are the options of [Split]. The zero value makes chunks of at most
// 200 words and punctuation marks that do not overlap.
type SplitOptions struct {
	// By is the unit of Size and Overlap. Empty means Tokens.
	By Unit
	// Size is the size of a chunk. In Tokens it is an upper limit: a chunk ends
	// with the last paragraph that ends in its second half, else with the last
	// sentence that does, else with a word. In Sentences it is their number. 0
	// means DefaultChunkTokens or DefaultChunkSentences.
	Size int
	// Overlap is the most that a chunk repeats of the end of the one before.
	// In Tokens the repeated part starts with a sentence if it can. It must be
	// less than Size. 0 means no overlap. Chunks never overlap across headings.
	Overlap int
	// MaxTokens limits chunks in Sentences, however long those are. 0 means
	// DefaultMaxTokens. It is not used for chunks in Tokens.
	MaxTokens int
	// Count returns the number of tokens of a text, without special tokens. Use
	// the tokenizer of the model that will read the chunks. Nil means
	// CountWords. Each byte of a document is passed to it about twice, in short
	// and in chunk-sized pieces. It must be a pure function.
	Count func(text string) int
}

// resolve fills in the defaults and checks the rest.
func (o SplitOptions) resolve() (SplitOptions, error) {
	if o.By == "" {
		o.By = Tokens
	}
	if o.By != Tokens && o.By != Sentences {
		return o, fmt.Errorf("%w: unknown unit %q; there are %q and %q", ErrOptions, o.By, Tokens, Sentences)
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
		return o, fmt.Errorf("%w: chunk size %d, overlap %d, at most %d tokens: none may be negative, "+
			"and the overlap must be less than the size",
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

// Split divides a document into chunks. A document of white space alone has
// none. In Markdown and HTML a chunk never crosses into the text of another
// heading.
//
// No chunk has more tokens than allowed, except one of a single word: words are
// not divided, but those of more than 48 bytes. The text must be UTF-8, or the
// error is ErrBadChunk. The time is linear in the length of the text.
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

// SplitSeq is like Split, but returns an iterator. It needs little more memory
// than one chunk, as the chunks' texts are slices of the document's. An error
// comes once, as the last pair.
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
		list, start := doc.Sections, 0
		if list == nil && doc.format() == Markdown {
			list, start = markdownSections(doc.Text)
		}
		sections(doc, list, start, w.section)
	}
}

// idBytes is the length of a chunk ID before it is written in hexadecimal. With
// it, the chance that two of a billion chunks share an ID is below 1e-20.
const idBytes = 16

// chunkID returns the ID of a text in a source.
func chunkID(source, text string) [idBytes]byte {
	h := sha256.New()
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(source)))
	h.Write(n[:])
	h.Write([]byte(source))
	h.Write([]byte(text))
	return [idBytes]byte(h.Sum(nil))
}

// repeatID returns the ID of the nth repetition of a text.
func repeatID(id [idBytes]byte, n uint64) [idBytes]byte {
	h := sha256.New()
	h.Write(id[:])
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	h.Write(b[:])
	return [idBytes]byte(h.Sum(nil))
}

// emit yields the chunk text[start:end].
func (w *chunker) emit(start, end int, s section) bool {
	text := w.doc.Text[start:end]
	id := chunkID(w.doc.Source, text)
	n := w.seen[id]
	w.seen[id] = n + 1
	if n > 0 {
		id = repeatID(id, n)
	}
	return w.yield(Chunk{
		ID: hex.EncodeToString(id[:]), Source: w.doc.Source, Title: s.title, Text: text, Start: start, End: end, Place: s.place,
		Language: w.doc.Language,
	})
}
