package retriever

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
)

var ctx = context.Background()

func TestSearchHighlights(t *testing.T) {
	x := newTestIndex(t, "memory", IndexOptions{})
	text := "Café Zürich was founded by the Founders' sister in 1921."
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "a", Source: "a.md", Title: "Cafés", Text: text, Start: 10, End: 10 + len(text)}}))
	hits, err := x.Search(ctx, "When did its founder found the cafe in Zurich?", 3)
	require.NoError(t, err)
	require.Len(t, hits, 1)
	h := hits[0]
	require.Equal(t, Chunk{ID: "a", Source: "a.md", Title: "Cafés", Text: text, Start: 10, End: 10 + len(text)}, h.Chunk)
	require.Positive(t, h.Score)
	var words []string
	for _, s := range h.Highlights {
		words = append(words, h.Text[s.Start:s.End])
	}
	require.Equal(t, []string{"Café", "Zürich", "founded", "Founders"}, words)
}

func TestSearchEdges(t *testing.T) {
	x := newTestIndex(t, "disk", IndexOptions{})
	hits, err := x.Search(ctx, "anything", 3)
	require.NoError(t, err)
	require.Empty(t, hits, "an empty index")
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "stop", Text: "of the", End: 6}}))
	hits, err = x.Search(ctx, "of the", 3)
	require.NoError(t, err)
	require.Empty(t, hits, "no terms at all")
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "a", Text: "green tea", End: 9}}))
	for _, q := range []string{"", " \n", "the of", "\xff\xfe", strings.Repeat("\u0301", 50)} {
		hits, err = x.Search(ctx, q, 3)
		require.NoError(t, err, "%q", q)
		require.Empty(t, hits, "%q", q)
	}
	_, err = x.Search(ctx, "tea", 0)
	require.ErrorIs(t, err, ErrOptions)
	hits, err = x.Search(ctx, "tea", math.MaxInt)
	require.NoError(t, err)
	require.Len(t, hits, 1)
	long := bigText(1<<20) + " tea"
	hits, err = x.Search(ctx, long, 3)
	require.NoError(t, err)
	require.Len(t, hits, 1, "a question of a megabyte")
	done, cancel := context.WithCancel(ctx)
	cancel()
	_, err = x.Search(done, "tea", 1)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, x.Add(done, []Chunk{{ID: "b", Text: "x", End: 1}}), context.Canceled)
	require.Equal(t, 2, x.Len())
}

func TestReplaceAndDelete(t *testing.T) {
	x := newTestIndex(t, "disk", IndexOptions{})
	add := func(id, source, text string) {
		require.NoError(t, x.Add(ctx, []Chunk{{ID: id, Source: source, Text: text, End: len(text)}}))
	}
	add("1", "a.txt", "one apple")
	add("1", "a.txt", "one pear and two figs")
	add("2", "faq.jsonl#1", "apple cake")
	add("3", "faq.jsonl#12", "apple pie")
	add("4", "faq.jsonl#12b", "apple wine")
	require.Equal(t, 4, x.Len())
	c, err := x.Chunk(ctx, "1")
	require.NoError(t, err)
	require.Equal(t, "one pear and two figs", c.Text)
	n, err := x.DeleteSource(ctx, "faq.jsonl")
	require.NoError(t, err)
	require.Equal(t, 2, n, "the rows, and only they")
	n, err = x.DeleteSource(ctx, "absent")
	require.NoError(t, err)
	require.Zero(t, n)
	_, err = x.Chunk(ctx, "2")
	require.ErrorIs(t, err, ErrNotFound)
	st, err := x.Stats()
	require.NoError(t, err)
	require.EqualValues(t, 4+2, st.Tokens) // one pear two fig, appl wine
	// The same ID twice in one call: the last counts.
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "9", Text: "first", End: 5}, {ID: "9", Text: "last word here", End: 14}}))
	c, err = x.Chunk(ctx, "9")
	require.NoError(t, err)
	require.Equal(t, "last word here", c.Text)
}

func TestSyncReplacesFiles(t *testing.T) {
	x := newTestIndex(t, "disk", IndexOptions{})
	dir := writeFolder(t, t.TempDir(), map[string]string{
		"a.txt": bigText(20000), "q.jsonl": "{\"text\":\"alpha\"}\n{\"text\":\"beta\"}\n", "junk.bin": "\x01\x00",
	})
	require.Equal(t, 3, syncNow(t, x, dir, SyncOptions{}).Documents)
	writeFolder(t, dir, map[string]string{"a.txt": "Only gamma is left.", "q.jsonl": "{\"text\":\"beta\"}\n"})
	syncNow(t, x, dir, SyncOptions{})
	require.Equal(t, 2, x.Len())
	st, err := x.Stats()
	require.NoError(t, err)
	require.EqualValues(t, 3, st.Tokens) // a.txt: gamma, left, its title "a" being a stop word; q.jsonl: beta
}

func TestChunksInOrder(t *testing.T) {
	x := newTestIndex(t, "memory", IndexOptions{})
	rng := rand.New(rand.NewPCG(7, 8))
	chunks := randomChunks(rng, 0, 40)
	rng.Shuffle(len(chunks), func(i, j int) { chunks[i], chunks[j] = chunks[j], chunks[i] })
	require.NoError(t, x.Add(ctx, chunks[:25]))
	require.NoError(t, x.Add(ctx, chunks[25:]))
	var last string
	n := 0
	for c, err := range x.Chunks(ctx) {
		require.NoError(t, err)
		key := fmt.Sprintf("%s %09d %s", c.Source, c.Start, c.ID)
		require.Less(t, last, key)
		last = key
		n++
	}
	require.Equal(t, 40, n)
	for _, err := range x.Chunks(ctx) {
		if err != nil {
			require.ErrorIs(t, err, ErrClosed)
			return
		}
		require.NoError(t, x.Close()) // inside the loop: no deadlock, but an error
	}
	t.Fatal("no error after Close")
}

func TestClosed(t *testing.T) {
	x, err := NewMemory(IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Close())
	require.NoError(t, x.Close())
	_, err = x.Search(ctx, "a", 1)
	require.ErrorIs(t, err, ErrClosed)
	require.ErrorIs(t, x.Add(ctx, []Chunk{{ID: "1", Text: "a", End: 1}}), ErrClosed)
	require.ErrorIs(t, x.Add(ctx, nil), ErrClosed)
	_, err = x.DeleteSource(ctx, "a")
	require.ErrorIs(t, err, ErrClosed)
	_, err = x.Stats()
	require.ErrorIs(t, err, ErrClosed)
	_, err = x.Chunk(ctx, "1")
	require.ErrorIs(t, err, ErrClosed)
	_, err = x.Sync(ctx, t.TempDir(), SyncOptions{})
	require.ErrorIs(t, err, ErrClosed)
	require.Zero(t, x.Len())
}

func TestBadArguments(t *testing.T) {
	for _, o := range []IndexOptions{
		{B: opt.Of(1.5)}, {B: opt.Of(-0.1)}, {B: opt.Of(math.NaN())}, {Analyzer: "klingon"},
		{K1: opt.Of(-1.0)}, {K1: opt.Of(math.NaN())}, {K1: opt.Of(math.Inf(1))},
	} {
		_, err := NewMemory(o)
		require.ErrorIs(t, err, ErrOptions, "%+v", o)
	}
	x := newTestIndex(t, "memory", IndexOptions{})
	good := Chunk{ID: "good", Text: "fine", End: 4}
	for _, c := range []Chunk{
		{Text: "no ID", End: 5}, {ID: "1", Text: "\xff", End: 1}, {ID: "1", Title: "\xff"},
		{ID: "1", Start: 5, End: 4}, {ID: "1", Text: strings.Repeat("x", MaxChunkBytes+1)},
	} {
		require.ErrorIs(t, x.Add(ctx, []Chunk{good, c}), ErrBadChunk)
		require.Zero(t, x.Len(), "nothing of a call with a bad chunk")
	}
	failed := errors.New("failed")
	n, err := x.AddSeq(ctx, func(yield func(Chunk, error) bool) { _ = yield(good, nil) && yield(Chunk{}, failed) })
	require.ErrorIs(t, err, failed)
	require.Zero(t, n)
}

func TestCreateAndOpenErrors(t *testing.T) {
	dir := t.TempDir()
	x, err := Create(dir+"/sub/index", IndexOptions{})
	require.NoError(t, err)
	_, err = Create(dir+"/sub/index", IndexOptions{})
	require.ErrorIs(t, err, ErrExists)
	unlock, err := lockFolder(ctx, dir+"/sub/index")
	require.NoError(t, err)
	require.ErrorIs(t, x.Add(ctx, []Chunk{{ID: "1", Text: "a", End: 1}}), ErrLocked, "another program writes")
	second, err := Open(dir + "/sub/index")
	require.NoError(t, err, "but it can be searched")
	require.NoError(t, second.Close())
	unlock()
	require.NoError(t, x.Close())
	entries, err := os.ReadDir(dir + "/sub")
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left aside")

	require.NoError(t, os.WriteFile(dir+"/file", []byte("x"), 0o600))
	_, err = Create(dir+"/file", IndexOptions{})
	require.ErrorIs(t, err, ErrExists)
	_, err = Create("", IndexOptions{})
	require.ErrorIs(t, err, ErrOptions)
	require.NoError(t, os.Mkdir(dir+"/empty", 0o700))
	for _, name := range []string{"/absent", "/file", "/empty"} {
		_, err = Open(dir + name)
		require.ErrorIs(t, err, ErrNotIndex, name)
	}
	x, err = Create(dir+"/empty", IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Close())

	foreign, err := bleve.New(dir+"/foreign", bleve.NewIndexMapping())
	require.NoError(t, err)
	require.NoError(t, foreign.Close())
	_, err = Open(dir + "/foreign")
	require.ErrorIs(t, err, ErrNotIndex)

	newer, err := bleve.New(generationOf(t, dir+"/newer"), bleve.NewIndexMapping())
	require.NoError(t, err)
	require.NoError(t, newer.SetInternal(headerKey, []byte(`{"Version":99}`)))
	require.NoError(t, newer.Close())
	_, err = Open(dir + "/newer")
	require.ErrorIs(t, err, ErrVersion)

	older, err := bleve.New(generationOf(t, dir+"/older"), bleve.NewIndexMapping())
	require.NoError(t, err)
	require.NoError(t, older.SetInternal(headerKey, fmt.Appendf(nil, `{"Version":%d}`, formatVersion-1)))
	require.NoError(t, older.Close())
	_, err = Open(dir + "/older")
	require.ErrorIs(t, err, ErrVersion)

	altered, err := bleve.New(generationOf(t, dir+"/altered"), bleve.NewIndexMapping())
	require.NoError(t, err)
	require.NoError(t, altered.SetInternal(headerKey, fmt.Appendf(nil, `{"Version":%d,"Options":{"K1":-1,"B":0.4}}`, formatVersion)))
	require.NoError(t, altered.Close())
	_, err = Open(dir + "/altered")
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "K1 is -1; it must be 0 or more")
}

// generationOf returns the folder of the current generation. In a folder that is not there, it makes the first one, which
// is still to be written.
func generationOf(t testing.TB, path string) string {
	t.Helper()
	name, err := readCurrent(path)
	if err != nil {
		name = "000001"
		require.NoError(t, os.MkdirAll(path, 0o755))
		require.NoError(t, os.WriteFile(path+"/"+currentName, []byte(name+"\n"), 0o600))
	}
	return path + "/" + name
}

// Any byte of the state that Bleve keeps may be wrong: there may be an error or,
// as not all of it is under a checksum, none, but no crash and no hang.
func TestOpenAlteredState(t *testing.T) {
	dir := t.TempDir()
	x, err := Create(dir+"/good", IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, randomChunks(rand.New(rand.NewPCG(1, 1)), 0, 30)))
	require.NoError(t, x.Close())
	good, err := os.ReadFile(generationOf(t, dir+"/good") + "/store/root.bolt")
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(2, 2))
	for i := range 60 {
		bad := fmt.Sprintf("%s/bad%d", dir, i)
		require.NoError(t, os.CopyFS(bad, os.DirFS(dir+"/good")))
		data := append([]byte(nil), good...)
		for n := 0; n < 20; {
			if at := rng.IntN(len(data)); data[at] != 0 { // most of the file is empty
				data[at] ^= byte(1 + rng.IntN(255))
				n++
			}
		}
		require.NoError(t, os.WriteFile(generationOf(t, bad)+"/store/root.bolt", data, 0o600))
		if x, err := Open(bad); err == nil {
			require.Equal(t, 30, x.Len(), "an older state was opened")
			require.NoError(t, x.Close())
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	x := newTestIndex(t, "disk", IndexOptions{Analyzer: Standard})
	var group sync.WaitGroup
	for g := range 3 {
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 9))
			for i := range 4 {
				if err := x.Add(ctx, randomChunks(rng, 1000*g+50*i, 50)); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				if _, err := x.DeleteSource(ctx, fmt.Sprintf("s%d.txt", rng.IntN(7))); err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			rng := rand.New(rand.NewPCG(uint64(g), 10))
			for range 150 {
				hits, err := x.Search(ctx, randomText(rng, 4), 5)
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
				for i := range hits {
					if i > 0 && hits[i].Score > hits[i-1].Score {
						t.Error("out of order")
					}
				}
				if st, err := x.Stats(); err == nil && st.Chunks > 0 && st.Average < 1 {
					t.Errorf("statistics that do not fit: %+v", st)
				}
			}
		})
	}
	group.Go(func() {
		time.Sleep(100 * time.Millisecond)
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	group.Wait()
}

func TestNoGoroutineIsLeft(t *testing.T) {
	before := runtime.NumGoroutine()
	for i := range 3 {
		x, err := Create(fmt.Sprintf("%s/index%d", t.TempDir(), i), IndexOptions{})
		require.NoError(t, err)
		require.NoError(t, x.Add(ctx, randomChunks(rand.New(rand.NewPCG(1, 1)), 0, 100)))
		_, err = x.Search(ctx, "w1 w2", 3)
		require.NoError(t, err)
		require.NoError(t, x.Close())
		_, err = Open(x.Path() + "/absent")
		require.Error(t, err)
		m, err := NewMemory(IndexOptions{})
		require.NoError(t, err)
		require.NoError(t, m.Close())
	}
	// Goroutines that were told to end may need a moment.
	for deadline := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}
