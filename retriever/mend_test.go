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

// The place of a passage counts for the size of a batch.
func TestBatchCountsPlaces(t *testing.T) {
	w := &writer{}
	require.NoError(t, w.add(ctx, Chunk{ID: "a", Text: "text", Place: strings.Repeat("p", 1<<20)}))
	require.Greater(t, w.bytes, 1<<20)
}
