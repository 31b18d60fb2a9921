package retriever

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/ragft/ragft/ragft/opt"
)

// Defaults of IndexOptions. They are the values of most retrieval experiments on
// short passages; for whole web pages 1.2 and 0.75 are usual.
const (
	DefaultK1 = 0.9
	DefaultB  = 0.4
)

// IndexOptions are fixed when an index is created, and are stored in it. The
// zero value suits English text.
type IndexOptions struct {
	// K1 is how much a repeated term counts, at least 0: with 0, repetition
	// does not count. Unset means DefaultK1.
	K1 opt.Value[float64] `json:"K1"`
	// B is the length normalisation, from 0 to 1: with 0, long chunks score as
	// short ones do. Unset means DefaultB.
	B opt.Value[float64] `json:"B"`
	// Analyzer turns text into terms. Empty means English.
	Analyzer Analyzer `json:"Analyzer"`
	// IgnoreTitles leaves titles out of the terms. Otherwise a chunk's terms
	// are those of its title, then those of its text, so that a chunk from the
	// middle of a document is found by what the document is about.
	IgnoreTitles bool `json:"IgnoreTitles"`
}

// resolve fills in the defaults and checks the rest. It changes nothing in
// options that it has returned.
func (o IndexOptions) resolve() (IndexOptions, error) {
	k1, b := o.K1.Or(DefaultK1), o.B.Or(DefaultB)
	if err := errors.Join(checkParameter("K1", k1, math.MaxFloat32), checkParameter("B", b, 1)); err != nil {
		return o, err
	}
	o.K1, o.B = opt.Of(k1), opt.Of(b)
	if o.Analyzer == "" {
		o.Analyzer = English
	}
	return o, nil
}

// parameters returns those of resolved options.
func (o IndexOptions) parameters() parameters {
	return parameters{k1: o.K1.Or(DefaultK1), b: o.B.Or(DefaultB), title: 1}
}

// checkParameter returns an error for a parameter of BM25 outside [0, most].
func checkParameter(name string, v, most float64) error {
	switch {
	case !(v >= 0): // NaN too
		return fmt.Errorf("%w: %s is %v; it must be 0 or more", ErrOptions, name, v)
	case v > most:
		return fmt.Errorf("%w: %s is %v; it must be at most %v", ErrOptions, name, v, most)
	}
	return nil
}

// Index stores chunks, in a folder or in memory, and finds them by BM25.
//
// All methods may be called from several goroutines at the same time. Searches
// run in parallel, also while chunks are written, and see each batch completely
// or not at all. Writers wait for each other. A folder can be open once at a
// time (ErrLocked). An Index must be closed.
type Index struct {
	path     string // empty in memory
	opts     IndexOptions
	analyzer analysis.Analyzer
	cleanup  runtime.Cleanup

	write sync.Mutex // held while the index is changed

	mu     sync.RWMutex // held for reading while store is used
	closed bool
	store  bleve.Index
	core   index.Index // the same without Bleve's query layer
}

// Names of the fields of a chunk in Bleve.
const (
	fieldText   = "text"   // indexed and stored; the terms include the title's
	fieldTitle  = "title"  // stored
	fieldSource = "source" // indexed as one term and stored
	fieldSpan   = "span"   // stored: start, end, number of terms
	fieldPlace  = "place"  // stored, unless it is empty
)

// Keys of what the index stores besides its chunks.
var (
	headerKey = []byte("ragft.header")
	stateKey  = []byte("ragft.state")
)

// formatVersion is changed whenever older indexes could not be read or would give
// other results, for instance by another analyzer.
const formatVersion = 1

// header is written once, when an index is created.
type header struct {
	Version int
	Options IndexOptions // resolved
}

// state is written with every batch, in the same transaction.
type state struct {
	Tokens int64 // number of terms in all chunks
}

// NewMemory creates an index in memory, which is lost when it is closed. Every call
// of Add makes at least one segment, segments in memory are not merged, and
// searches slow down with their number: add many chunks in one call.
func NewMemory(opts IndexOptions) (*Index, error) {
	return newStore("", opts)
}

// Create creates an index in a folder that does not exist or is empty; otherwise
// the error is ErrExists. The index is built in a temporary folder and renamed, so
// that there is a complete index at path, or none.
func Create(path string, opts IndexOptions) (*Index, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path of the index is empty", ErrOptions)
	}
	path = filepath.Clean(path)
	if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%w: %s", ErrExists, path)
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrExists, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	temporary, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	defer func() { _ = os.RemoveAll(temporary) }()
	x, err := newStore(filepath.Join(temporary, "index"), opts)
	if err != nil {
		return nil, err
	}
	if err := x.Close(); err != nil {
		return nil, err
	}
	// Rename does not replace an empty folder on every system.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrExists, err)
	}
	if err := os.Rename(filepath.Join(temporary, "index"), path); err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return Open(path)
}

// newStore creates an index at a path that does not exist, or in memory.
func newStore(path string, opts IndexOptions) (*Index, error) {
	opts, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	an, err := newAnalyzer(opts.Analyzer)
	if err != nil {
		return nil, err
	}
	store, err := bleve.NewUsing(path, bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	x, err := newIndex(path, opts, an, store)
	if err != nil {
		_ = store.Close()
		return nil, err
	}
	batch := store.NewBatch()
	head, err := json.Marshal(header{Version: formatVersion, Options: opts})
	if err == nil {
		batch.SetInternal(headerKey, head)
		err = x.commit(batch, state{})
	}
	if err != nil {
		_ = x.Close()
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return x, nil
}

// newIndex returns an Index of an open store.
func newIndex(path string, opts IndexOptions, an analysis.Analyzer, store bleve.Index) (*Index, error) {
	core, err := store.Advanced()
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	x := &Index{path: path, opts: opts, analyzer: an, store: store, core: core}
	x.cleanup = runtime.AddCleanup(x, func(path string) {
		slog.Warn("retriever: an index was not closed", "path", path)
	}, path)
	return x, nil
}

// Options returns the options that the index was created with, defaults filled in.
func (x *Index) Options() IndexOptions { return x.opts }

// Path returns the folder of the index. It is empty for an index in memory.
func (x *Index) Path() string { return x.path }

// Close waits for running searches and batches, then closes the index. Closing
// twice is harmless.
func (x *Index) Close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return nil
	}
	x.closed = true
	x.cleanup.Stop()
	if err := x.store.Close(); err != nil {
		return fmt.Errorf("retriever: closing the index: %w", err)
	}
	return nil
}

// snapshot opens the current state of the index. Later batches do not change it.
// The caller must close it, which it may do after the index was closed.
func (x *Index) snapshot() (index.IndexReader, error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return nil, ErrClosed
	}
	snap, err := x.core.Reader()
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return snap, nil
}

// readState returns the statistics of a snapshot.
func readState(snap index.IndexReader) (state, error) {
	raw, err := snap.GetInternal(stateKey)
	if err != nil {
		return state{}, fmt.Errorf("retriever: %w", err)
	}
	return parseState(raw)
}

func parseState(raw []byte) (st state, err error) {
	if err := json.Unmarshal(raw, &st); err != nil || st.Tokens < 0 {
		return st, fmt.Errorf("%w: statistics %q", ErrCorrupt, raw)
	}
	return st, nil
}

// Len returns the number of chunks. After Close it is 0.
func (x *Index) Len() int {
	st, err := x.Stats()
	if err != nil {
		return 0
	}
	return st.Chunks
}

// Stats are statistics of an index.
type Stats struct {
	Chunks   int     // number of chunks
	Tokens   int64   // number of terms in all chunks, after analysis
	Average  float64 // mean number of terms in a chunk
	Segments int     // number of segments that the index is stored in
}

// Stats returns statistics of the current state of the index.
func (x *Index) Stats() (Stats, error) {
	snap, err := x.snapshot()
	if err != nil {
		return Stats{}, err
	}
	defer snap.Close()
	st, err := readState(snap)
	if err != nil {
		return Stats{}, err
	}
	n, err := snap.DocCount()
	if err != nil {
		return Stats{}, fmt.Errorf("retriever: %w", err)
	}
	out := Stats{Chunks: int(n), Tokens: st.Tokens}
	if n > 0 {
		out.Average = float64(st.Tokens) / float64(n)
	}
	if s, ok := snap.(*scorch.IndexSnapshot); ok {
		out.Segments = len(s.Segments())
	}
	return out, nil
}
