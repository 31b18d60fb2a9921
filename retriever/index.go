package retriever

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/ragft/ragft/internal/languages"
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
// All methods may be called from several goroutines at the same time. Searches run
// in parallel, also while chunks are written. Of an index on disk they see the last
// complete state, whichever program wrote it: what a call writes is seen when the
// call has ended. In memory they see each batch completely or not at all. Writers
// wait for each other, those of other programs for half a second (ErrLocked). An
// Index must be closed.
type Index struct {
	path    string // empty in memory
	cleanup runtime.Cleanup

	write sync.Mutex    // held while the index is changed
	fresh *IndexOptions // the next change starts from nothing; see Recreate

	turn sync.Mutex // held while another generation is opened

	mu     sync.RWMutex // held for reading while gen is used
	closed bool
	gen    *generation
}

// Names of the fields of a chunk in Bleve.
const (
	fieldText     = "text"     // indexed and stored; the terms include the title's
	fieldTitle    = "title"    // stored
	fieldSource   = "source"   // indexed as one term and stored
	fieldSpan     = "span"     // stored: start, end, number of terms
	fieldPlace    = "place"    // stored, unless it is empty
	fieldLanguage = "language" // stored, unless it is empty
)

// Keys of what the index stores besides its chunks.
var (
	headerKey = []byte("ragft.header")
	stateKey  = []byte("ragft.state")
)

// formatVersion is changed whenever older indexes could not be read or would give
// other results, for instance by another analyzer.
const formatVersion = 3

// header is written once, when an index is created.
type header struct {
	Version int
	Options IndexOptions // resolved
}

// language is the language by which a text is analysed, where it is said to have one.
func (x *Index) language(said, text string) string {
	x.mu.RLock()
	an := x.gen.analyzers
	x.mu.RUnlock()
	return an.language(said, text)
}

// detected are the languages that are told apart, with their IDs, nil for none.
func (x *Index) detected() []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if !x.gen.analyzers.detect {
		return nil
	}
	names := languages.Names()
	for i, name := range names {
		l, _ := languages.Of(name)
		names[i] += l.ID
	}
	return names
}

// state is written with every batch, in the same transaction.
type state struct {
	Tokens int64 // number of terms in all chunks
	// Languages are how many chunks there are by language, but for those of the usual analyzer.
	Languages map[string]int64 `json:",omitempty"`
}

// NewMemory creates an index in memory, which is lost when it is closed. Every call
// of Add makes at least one segment, segments in memory are not merged, and
// searches slow down with their number: add many chunks in one call.
func NewMemory(opts IndexOptions) (*Index, error) {
	g, err := newStore("", opts)
	if err != nil {
		return nil, err
	}
	return newIndex("", g), nil
}

// Create creates an index in a folder that does not exist or is empty; otherwise
// the error is ErrExists. There is a complete index at path in the end, or none.
func Create(path string, opts IndexOptions) (*Index, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path of the index is empty", ErrOptions)
	}
	path = filepath.Clean(path)
	if err := vacant(path); err != nil {
		return nil, err
	}
	x, err := Recreate(path, opts)
	if err != nil {
		return nil, err
	}
	// Another program may have made one since, but makes none while this one holds the lock.
	if err := x.change(context.Background(), func(*writer) error { return vacant(path) }); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

// vacant returns ErrExists unless an index can be made at a path without removing anything.
func vacant(path string) error {
	_, err := readCurrent(path)
	switch {
	case err == nil:
		return fmt.Errorf("%w: %s", ErrExists, path)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return fmt.Errorf("%w: %w", ErrExists, err)
}

// Recreate makes an index anew, in place of whatever is at path: an index, a damaged
// one, or other files. The old files stay, and other programs search the old index,
// until a call that changes the new one, such as Sync, has ended; without one, nothing
// changes. Until then the new index is empty.
func Recreate(path string, opts IndexOptions) (*Index, error) {
	if path == "" {
		return nil, fmt.Errorf("%w: the path of the index is empty", ErrOptions)
	}
	g, err := newStore("", opts)
	if err != nil {
		return nil, err
	}
	x := newIndex(filepath.Clean(path), g)
	x.fresh = &g.opts
	return x, nil
}

// newStore creates a store at a path that does not exist, or in memory.
func newStore(path string, opts IndexOptions) (*generation, error) {
	opts, err := opts.resolve()
	if err != nil {
		return nil, err
	}
	if _, err := newAnalyzers(opts.Analyzer); err != nil {
		return nil, err
	}
	store, err := bleve.NewUsing(path, bleve.NewIndexMapping(), scorch.Name, scorch.Name, nil)
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	g, err := newGeneration("", opts, store)
	if err == nil {
		batch := store.NewBatch()
		var head []byte
		if head, err = json.Marshal(header{Version: formatVersion, Options: opts}); err == nil {
			batch.SetInternal(headerKey, head)
			err = g.commit(batch, state{})
		}
	}
	if err != nil {
		return nil, errors.Join(err, store.Close())
	}
	return g, nil
}

// newIndex returns an Index of an open generation.
func newIndex(path string, g *generation) *Index {
	x := &Index{path: path, gen: g}
	x.cleanup = runtime.AddCleanup(x, func(path string) {
		slog.Warn("retriever: an index was not closed", "path", path)
	}, path)
	return x
}

// Options returns the options that the index was created with, defaults filled in.
func (x *Index) Options() IndexOptions {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.gen.opts
}

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
	if err := x.gen.store.Close(); err != nil {
		return fmt.Errorf("retriever: closing the index: %w", err)
	}
	return nil
}

// snapshot opens the current state of the index. Later batches do not change it.
// The caller must close it, which it may do after the index was closed.
func (x *Index) snapshot() (view, error) {
	if x.turn.TryLock() { // others use the state that is open meanwhile
		err := x.follow()
		x.turn.Unlock()
		if err != nil {
			return view{}, err
		}
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	if x.closed {
		return view{}, ErrClosed
	}
	return x.gen.view()
}

// follow opens the current generation, if another program has written one. An index
// whose folder was removed stays as it is. The caller holds turn.
func (x *Index) follow() error {
	x.mu.RLock()
	before, closed := x.gen, x.closed
	x.mu.RUnlock()
	if closed {
		return ErrClosed
	}
	if before.name == "" {
		return nil
	}
	name, err := readCurrent(x.path)
	if name == before.name && !before.replaced() || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	g, err := openCurrent(x.path, before)
	if err != nil {
		return err
	}
	return x.turnTo(g)
}

// turnTo makes another generation the one that is searched.
func (x *Index) turnTo(g *generation) error {
	x.mu.Lock()
	before := x.gen
	if x.closed {
		before = g
	} else {
		x.gen = g
	}
	x.mu.Unlock()
	if err := before.store.Close(); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	return nil
}

// readState returns the statistics of a snapshot.
func readState(snap index.IndexReader) (state, error) {
	raw, err := snap.GetInternal(stateKey)
	if err != nil {
		return state{}, fmt.Errorf("retriever: %w", err)
	}
	return parseState(raw)
}

// add adds chunks of a language with a number of terms.
func (s *state) add(language string, tokens, chunks int64) {
	s.Tokens += tokens
	if language == "" {
		return
	}
	if s.Languages == nil {
		s.Languages = map[string]int64{}
	}
	if s.Languages[language] += chunks; s.Languages[language] == 0 {
		delete(s.Languages, language)
	}
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
