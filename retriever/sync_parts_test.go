package retriever

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// While a dry run looks at the state of the index, searches do not replace it.
func TestADryRunKeepsItsState(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	writeFolder(t, dir, map[string]string{"b.txt": "A new keeper."})
	n, seen := x.Len(), 0
	other, err := Open(x.Path())
	require.NoError(t, err)
	defer other.Close()
	opts := SyncOptions{DryRun: true, Load: LoadOptions{Progress: func(LoadProgress) {
		require.NoError(t, other.Add(ctx, []Chunk{{ID: "new", Source: "new", Text: "mill", End: 4}}))
		seen = x.Len()
	}}}
	syncNow(t, x, dir, opts)
	require.Equal(t, n, seen)
	require.Equal(t, n+1, x.Len())
}

// A folder that is spelled otherwise, here by a link, is the same one, and a part of it is no other folder.
func TestAPathIsInsideHoweverItIsSpelled(t *testing.T) {
	folder := writeFolder(t, filepath.Join(t.TempDir(), "docs"), map[string]string{"sub/a.txt": "alpha", "b.txt": "beta"})
	other := filepath.Join(t.TempDir(), "DOCS")
	require.NoError(t, os.Symlink(folder, other))
	for full, want := range map[string]string{
		folder: ".", other: ".", filepath.Join(other, "sub", "a.txt"): "sub/a.txt", filepath.Join(other, "none", "x"): "none/x",
	} {
		name, ok := inside(folder, full)
		require.True(t, ok, full)
		require.Equal(t, want, name)
	}
	for _, outside := range []string{filepath.Dir(folder), folder + "x", filepath.Join(filepath.Dir(folder), "b.txt")} {
		_, ok := inside(folder, outside)
		require.False(t, ok, outside)
	}
	require.True(t, sameLetters("Ma\u00df", "MA\u00df") && sameLetters("caf\u00e9", "CAFE\u0301"))
	require.False(t, sameLetters("a", "b"))
	l := newLoader(os.DirFS(folder), LoadOptions{Exclude: []string{filepath.Join(other, "sub")}}, nil)
	l.exclude(folder)
	require.Equal(t, map[string]bool{"sub": true}, l.excluded)

	// Sync does not see the link itself, which it resolves, but a folder of this spelling may be recorded.
	x := newTestIndex(t, "memory", IndexOptions{})
	syncNow(t, x, folder, SyncOptions{})
	x.gen.files.root = other
	require.True(t, syncNow(t, x, filepath.Join(folder, "sub"), SyncOptions{}).UpToDate())
	require.Equal(t, []string{"b.txt", "sub/a.txt"}, sourcesOf(t, x))
}

// A first Sync that ends early has recorded its folder, so that a part of it is not taken for another one.
func TestTheFirstCheckpointRecordsTheFolder(t *testing.T) {
	defer func(every time.Duration) { checkpointEvery = every }(checkpointEvery)
	checkpointEvery = 0
	dir := writeFolder(t, t.TempDir(), map[string]string{
		"a.txt": "alpha", "b.txt": bigText(1 << 20), "sub/c.txt": "gamma", "sub/d.txt": "delta",
	})
	for _, place := range []string{"disk", "memory"} {
		x := newTestIndex(t, place, IndexOptions{})
		soon, cancel := context.WithCancel(ctx)
		_, err := x.Sync(soon, dir, SyncOptions{Split: SplitOptions{Size: 20}, Load: LoadOptions{Progress: func(p LoadProgress) {
			if p.Path == "sub/c.txt" {
				cancel()
			}
		}}})
		require.ErrorIs(t, err, context.Canceled)
		had := sourcesOf(t, x)
		require.Contains(t, had, "b.txt")
		syncNow(t, x, filepath.Join(dir, "sub"), SyncOptions{})
		require.Subset(t, sourcesOf(t, x), had, place)
		syncNow(t, x, dir, SyncOptions{})
		requireAsNew(t, x, dir, SyncOptions{})
	}
}

// What cannot be read in a folder does not keep the passages of another folder's file of that name.
func TestAnotherFolderKeepsNothingOfTheFirst(t *testing.T) {
	const row = "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n"
	first := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "alpha", "c.jsonl": row})
	second := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "alpha", "b.txt": "beta", "c.jsonl": "{}"})
	x := newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, first, SyncOptions{})
	r := syncNow(t, x, second, SyncOptions{})
	require.Empty(t, r.Kept)
	require.Equal(t, []string{"c.jsonl"}, r.Removed)
	require.Len(t, r.Skipped, 1)
	require.Equal(t, []string{"a.txt", "b.txt"}, sourcesOf(t, x))
}

// A folder that a file takes the place of is gone, with what was in it.
func TestKeepRemovedWhereAFileReplacesAFolder(t *testing.T) {
	dir, x := writeFolder(t, t.TempDir(), map[string]string{"a/b.txt": "beta", "c.txt": "gamma"}), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "a")))
	writeFolder(t, dir, map[string]string{"a": "a file"})
	require.True(t, syncNow(t, x, dir, SyncOptions{KeepRemoved: true}).UpToDate())
	require.Equal(t, []string{"a/b.txt", "c.txt"}, sourcesOf(t, x))
}

// A file of rows that is replaced between its check and its reading is read again, and costs nothing but itself.
func TestRowsThatAreReplacedMeanwhile(t *testing.T) {
	const row = "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n"
	for name, replaced := range map[string]int{"once": 1, "always": 100} {
		t.Run(name, func(t *testing.T) {
			dir := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "alpha", "c.jsonl": row, "d.txt": "delta"})
			x, reads := newTestIndex(t, "disk", IndexOptions{}), -100
			good := row + strings.Repeat("{\"text\":\"The keeper of Harl is Osk Varley.\"}\n", 3)
			opts := SyncOptions{Load: LoadOptions{Reader: func(name string, _ []byte) Reader { // when all of the file is in memory
				if name != "c.jsonl" {
					return nil
				}
				if reads++; reads > 0 {
					content := good
					if reads%2 == 1 && reads/2 < replaced { // after the check
						content = row + "{no row at all, and longer than one}\n"
					}
					writeFolder(t, dir, map[string]string{name: content})
				}
				return nil
			}}}
			syncNow(t, x, dir, opts)
			writeFolder(t, dir, map[string]string{"c.jsonl": good, "e.txt": "epsilon"})
			later(t, x)
			reads = 0
			r := syncNow(t, x, dir, opts)
			require.Contains(t, r.Added, "e.txt")
			if replaced == 1 {
				require.Equal(t, []string{"c.jsonl"}, r.Changed)
				require.Equal(t, []string{"a.txt", "c.jsonl#1", "c.jsonl#2", "c.jsonl#3", "c.jsonl#4", "d.txt", "e.txt"}, sourcesOf(t, x))
				return
			}
			require.Equal(t, []string{"c.jsonl"}, r.Removed)
			require.Equal(t, SkipInvalid, r.Skipped[0].Reason)
			require.Equal(t, []string{"a.txt", "d.txt", "e.txt"}, sourcesOf(t, x))
			writeFolder(t, dir, map[string]string{"c.jsonl": good})
			reads = -100
			require.Equal(t, []string{"c.jsonl"}, syncNow(t, x, dir, opts).Added)
			requireAsNew(t, x, dir, SyncOptions{})
		})
	}
}
