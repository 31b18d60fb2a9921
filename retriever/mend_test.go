package retriever

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// told is a reader of which a file's text is what it says. Its other values are fixed.
type told struct{ doc Document }

func (r told) Read(_ context.Context, _, data string) (Document, error) {
	doc := r.doc
	doc.Text = data
	return doc, nil
}

// What a reader says of a file is made fit for the index, or costs the file alone.
func TestSyncMendsWhatReadersSay(t *testing.T) {
	long := strings.Repeat("long ", 1<<20)
	sections := []Section{
		{Level: 1, Heading: "R\xe9union", Place: "attachment R\xe9sum\xe9.txt"}, {Start: 20, Level: 2, Heading: long, Place: long},
	}
	r := told{Document{Title: "Proc\xe8s", Sections: sections, Missing: "page \xe9", Language: "e\xe9"}}
	for _, place := range []string{"memory", "disk"} {
		dir := writeFolder(t, t.TempDir(), map[string]string{
			"a.odd": "Norr\nThe keeper is:\nAbel\nCrane.", "b.odd": "The text is \xff\xfe broken.", "c.txt": "The keeper of Hask is Dora Finch.",
		})
		x := newTestIndex(t, place, IndexOptions{})
		report := syncNow(t, x, dir, SyncOptions{Load: LoadOptions{Reader: func(name string, _ []byte) Reader {
			if strings.HasSuffix(name, ".odd") {
				return r
			}
			return nil
		}}})
		require.Equal(t, []string{"a.odd", "c.txt"}, report.Added)
		require.Equal(t, []Skip{
			{Path: "a.odd", Reason: SkipPart, Detail: "page \uFFFD"}, {Path: "b.odd", Reason: SkipBroken, Detail: "its text is not UTF-8"},
		}, report.Skipped)
		places := map[string]string{}
		for c, err := range x.Chunks(ctx) {
			require.NoError(t, err)
			require.LessOrEqual(t, len(c.Title), 3*(maxHeading+10))
			require.LessOrEqual(t, len(c.Place), maxPlace+len("…"))
			places[c.Place[:min(len(c.Place), 12)]] = c.Title[:min(len(c.Title), 20)]
		}
		const title = "Proc\uFFFDs > R\uFFFDunion"
		require.Equal(t, map[string]string{"attachment R": title, "long long lo": title, "": "c"}, places)
	}
	require.Equal(t, "R\xe9union", sections[0].Heading, "the sections are the reader's")
}

// failing is a reader that has an error of its own until it is mended.
type failing struct {
	told
	broken *bool
}

func (r failing) Read(ctx context.Context, name, data string) (Document, error) {
	if *r.broken {
		return Document{}, Skip{Reason: SkipUnreadable, Detail: "no memory"}
	}
	return r.told.Read(ctx, name, data)
}

// What is no fault of a file is not kept of it: its passages stay, and it is read again.
func TestSyncReadsAgainWhatAReaderCouldNot(t *testing.T) {
	for _, place := range []string{"memory", "disk"} {
		dir := writeFolder(t, t.TempDir(), map[string]string{"a.odd": "The keeper is Abel Crane.", "b.txt": "The light is old."})
		x := newTestIndex(t, place, IndexOptions{})
		broken := true
		sync := func() *SyncReport {
			return syncNow(t, x, dir, SyncOptions{Load: LoadOptions{Reader: func(name string, _ []byte) Reader {
				if strings.HasSuffix(name, ".odd") {
					return failing{broken: &broken}
				}
				return nil
			}}})
		}
		failed := []Skip{{Path: "a.odd", Reason: SkipUnreadable, Detail: "no memory"}}
		require.Equal(t, failed, sync().Skipped)
		require.Equal(t, failed, sync().Skipped)
		broken = false
		require.Equal(t, []string{"a.odd"}, sync().Added)
		broken = true
		writeFolder(t, dir, map[string]string{"a.odd": "The keeper is Dora Finch."})
		report := sync()
		require.Equal(t, failed, report.Kept)
		require.Empty(t, report.Removed)
		broken = false
		require.Equal(t, []string{"a.odd"}, sync().Changed)
	}
}

// The place of a passage counts for the size of a batch.
func TestBatchCountsPlaces(t *testing.T) {
	w := &writer{}
	require.NoError(t, w.add(ctx, Chunk{ID: "a", Text: "text", Place: strings.Repeat("p", 1<<20)}))
	require.Greater(t, w.bytes, 1<<20)
}

// A file of rows to which half a row is added between its check and its reading gives the rows that were checked, and the
// next Sync reads what was added.
func TestSyncReadsTheRowsThatItChecked(t *testing.T) {
	const row = "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n"
	dir := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "alpha", "c.jsonl": row, "d.txt": "delta"})
	x, reads := newTestIndex(t, "disk", IndexOptions{}), 0
	opts := SyncOptions{Load: LoadOptions{Reader: func(name string, _ []byte) Reader {
		if name == "c.jsonl" {
			if reads++; reads == 2 {
				writeFolder(t, dir, map[string]string{name: row + `{"text":"The keeper`})
			}
		}
		return nil
	}}}
	require.Equal(t, []string{"a.txt", "c.jsonl", "d.txt"}, syncNow(t, x, dir, opts).Added)
	require.Equal(t, []string{"a.txt", "c.jsonl#1", "d.txt"}, sourcesOf(t, x))
	writeFolder(t, dir, map[string]string{"c.jsonl": row + row})
	require.Equal(t, []string{"c.jsonl"}, syncNow(t, x, dir, opts).Changed)
}
