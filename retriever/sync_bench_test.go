package retriever

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// syncFolder is a folder of 1,025 files in 41 folders with about 50 passages each.
func syncFolder(b *testing.B) string {
	dir := b.TempDir()
	for i := range 41 {
		sub := filepath.Join(dir, fmt.Sprintf("part%02d", i))
		require.NoError(b, os.Mkdir(sub, 0o755))
		for k := range 25 {
			text := fmt.Sprintf("File %d of %d. ", k, i) + bigText(3_400)
			require.NoError(b, os.WriteFile(filepath.Join(sub, fmt.Sprintf("file%02d.txt", k)), []byte(text), 0o644))
		}
	}
	return dir
}

// BenchmarkSyncUnchanged measures Sync of a folder in which nothing changed, and as "ratio" how many times the bare walk with
// a stat of each file it takes.
func BenchmarkSyncUnchanged(b *testing.B) {
	dir := syncFolder(b)
	x := newTestIndex(b, "disk", IndexOptions{})
	opts := SyncOptions{Split: SplitOptions{Size: 20}}
	syncNow(b, x, dir, opts)
	later(b, x)
	bare := func() time.Duration {
		start, files := time.Now(), 0
		require.NoError(b, filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				files++
				_, err = e.Info()
			}
			return err
		}))
		require.Equal(b, 1025, files)
		return time.Since(start)
	}
	bare()
	var walks, syncs time.Duration
	for b.Loop() {
		walks += bare()
		start := time.Now()
		require.True(b, syncNow(b, x, dir, opts).UpToDate())
		syncs += time.Since(start)
	}
	b.ReportMetric(float64(x.Len()), "passages")
	b.ReportMetric(float64(syncs)/float64(walks), "ratio")
}
