package retriever

import (
	"bytes"
	"compress/gzip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func packed(t *testing.T, pieces ...string) string {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	require.NoError(t, err)
	for _, piece := range pieces {
		_, err := z.Write([]byte(piece))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

const twoRows = "{\"title\":\"R1\",\"text\":\"alpha\"}\n\n{\"text\":\"beta\"}\n"

// Rows of a compressed file are read as those of one that is not; a file that is at fault costs itself alone, and what is in
// bounds but broken further on gives no rows.
func TestPackedJSONL(t *testing.T) {
	dir, x := t.TempDir(), newTestIndex(t, "disk", IndexOptions{})
	long := strings.Repeat(" ", DefaultMaxLineBytes-1) + "\n"
	bomb := append([]string{twoRows}, slices.Repeat([]string{long}, maxUnpacked/len(long))...)
	whole := packed(t, twoRows, strings.Repeat(twoRows, 1000))
	writeFolder(t, dir, map[string]string{
		"a.JSONL.gz": packed(t, twoRows), "b.ndjson.gz": packed(t, twoRows) + packed(t, twoRows), "bomb.jsonl.gz": packed(t, bomb...),
		"broken.jsonl.gz": "no gzip", "cut.jsonl.gz": whole[:len(whole)/2], "empty.jsonl.gz": "", "line.jsonl.gz": packed(t, twoRows, "{\n"),
		"other.txt.gz": packed(t, "text"), "long.jsonl.gz": packed(t, strings.Repeat(long[:1<<20], 17)),
	})
	report := syncNow(t, x, dir, SyncOptions{})
	require.Equal(t, []string{"a.JSONL.gz", "b.ndjson.gz"}, report.Added)
	require.Equal(t, []string{"a.JSONL.gz#1", "a.JSONL.gz#3", "b.ndjson.gz#1", "b.ndjson.gz#3", "b.ndjson.gz#4", "b.ndjson.gz#6"},
		sourcesOf(t, x))
	reasons := map[string]SkipReason{}
	for _, s := range report.Skipped {
		reasons[s.Path] = s.Reason
	}
	require.Equal(t, map[string]SkipReason{
		"bomb.jsonl.gz": SkipLimit, "broken.jsonl.gz": SkipBroken, "cut.jsonl.gz": SkipBroken, "empty.jsonl.gz": SkipNoText,
		"line.jsonl.gz": SkipInvalid, "long.jsonl.gz": SkipInvalid, "other.txt.gz": SkipExtension,
	}, reasons)
	requireAsNew(t, x, dir, SyncOptions{})

	writeFolder(t, dir, map[string]string{"a.JSONL.gz": packed(t, "{\"text\":\"gamma\"}\n"), "b.ndjson.gz": "no gzip any more"})
	report = syncNow(t, x, dir, SyncOptions{})
	require.Equal(t, []string{"a.JSONL.gz"}, report.Changed)
	require.Equal(t, []Skip{{Path: "b.ndjson.gz", Reason: SkipBroken, Detail: "gzip: invalid header"}}, report.Kept)

	_, err := x.Sync(ctx, filepath.Join(dir, "cut.jsonl.gz"), SyncOptions{})
	require.ErrorIs(t, err, ErrBadLine)
	_, _, err = syncedFiles(t, map[string]string{"a.jsonl.gz": packed(t, twoRows)}, LoadOptions{Formats: map[string]Format{".jsonl.gz": ""}})
	require.ErrorIs(t, err, ErrEmpty)
}
