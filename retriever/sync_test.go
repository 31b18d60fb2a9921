package retriever

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// folder writes files by name, in a folder of their own or in one that is there.
func writeFolder(t testing.TB, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		full := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(full), 0o755))
		require.NoError(t, os.WriteFile(full, []byte(text), 0o644))
	}
	return dir
}

// keepers are the documents of most tests of Sync.
func keepers(t testing.TB) string {
	return writeFolder(t, t.TempDir(), map[string]string{
		"a.txt":     "The keeper of Norr is Abel Crane.",
		"b.txt":     "The keeper of Hask is Dora Finch.",
		"c.jsonl":   "{\"text\":\"The keeper of Pell is Cora Eames.\"}\n{\"text\":\"The keeper of Tarn is Hugo Ibsen.\"}\n",
		"e.txt":     "The keeper of Mull is Ines Jarr.",
		"sub/d.txt": "The keeper of Rook is Egon Gale.",
	})
}

func syncNow(t testing.TB, x *Index, name string, opts SyncOptions) *SyncReport {
	t.Helper()
	report, err := x.Sync(ctx, name, opts)
	require.NoError(t, err)
	return report
}

// requireAsNew checks that an index is that which would be built from nothing.
func requireAsNew(t testing.TB, x *Index, dir string, opts SyncOptions) {
	t.Helper()
	fresh := newTestIndex(t, "memory", x.Options())
	_, err := fresh.Sync(ctx, dir, opts)
	if !errors.Is(err, ErrEmpty) {
		require.NoError(t, err)
	}
	want, err := fresh.Digest(ctx)
	require.NoError(t, err)
	got, err := x.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, want, got, "the sources are %q, and would be %q", sourcesOf(t, x), sourcesOf(t, fresh))
	for _, q := range []string{"Who is the keeper of Norr?", "keeper", "Egon Gale"} {
		want, err := fresh.Search(ctx, q, 10)
		require.NoError(t, err)
		got, err := x.Search(ctx, q, 10)
		require.NoError(t, err)
		require.Equal(t, want, got, q)
	}
}

func sourcesOf(t testing.TB, x *Index) (list []string) {
	t.Helper()
	for c, err := range x.Chunks(ctx) {
		require.NoError(t, err)
		list = append(list, c.Source)
	}
	return list
}

// later makes files older than Sync takes for just written.
func later(t testing.TB, x *Index) {
	t.Helper()
	x.write.Lock()
	defer x.write.Unlock()
	s, err := x.gen.known(x.path)
	require.NoError(t, err)
	for name, f := range s.files {
		f.looked += int64(time.Hour)
		s.files[name] = f
	}
	if x.path != "" {
		require.NoError(t, s.write(filepath.Join(x.path, x.gen.name, filesName)))
	}
}

func TestSyncFollowsTheFolder(t *testing.T) {
	for _, place := range []string{"memory", "disk"} {
		t.Run(place, func(t *testing.T) {
			dir, x := keepers(t), newTestIndex(t, place, IndexOptions{})
			r := syncNow(t, x, dir, SyncOptions{})
			require.Equal(t, []string{"a.txt", "b.txt", "c.jsonl", "e.txt", "sub/d.txt"}, r.Added)
			require.Equal(t, 6, r.Documents)
			requireAsNew(t, x, dir, SyncOptions{})
			r = syncNow(t, x, dir, SyncOptions{})
			require.True(t, r.UpToDate())
			require.Equal(t, []int{5, 5, 6}, []int{r.Unchanged, r.Files, r.Documents})

			// Emptied, binary, without rows, a link: none is what it was.
			writeFolder(t, dir, map[string]string{"a.txt": "", "b.txt": "x\x00y", "c.jsonl": ""})
			require.NoError(t, os.Remove(filepath.Join(dir, "sub/d.txt")))
			require.NoError(t, os.Symlink("../e.txt", filepath.Join(dir, "sub/d.txt")))
			r = syncNow(t, x, dir, SyncOptions{})
			require.Equal(t, []string{"a.txt", "b.txt", "c.jsonl", "sub/d.txt"}, r.Removed)
			require.Equal(t, []string{"e.txt"}, sourcesOf(t, x))
			requireAsNew(t, x, dir, SyncOptions{})

			// Renamed, another kind, too large, a row less, and back again.
			require.NoError(t, os.Rename(filepath.Join(dir, "e.txt"), filepath.Join(dir, "e.dat")))
			writeFolder(t, dir, map[string]string{"a.txt": "back again", "big.txt": strings.Repeat("big ", 100), "c.jsonl": "{\"text\":\"one\"}\n"})
			r = syncNow(t, x, dir, SyncOptions{})
			require.Equal(t, []string{"a.txt", "big.txt", "c.jsonl"}, r.Added)
			require.Equal(t, []string{"e.txt"}, r.Removed)
			small := SyncOptions{Load: LoadOptions{MaxFileBytes: 50}}
			r = syncNow(t, x, dir, small)
			require.Equal(t, []string{"big.txt"}, r.Removed)
			requireAsNew(t, x, dir, small)

			// Everything is gone.
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "sub")))
			for _, name := range []string{"a.txt", "b.txt", "c.jsonl", "e.dat", "big.txt"} {
				require.NoError(t, os.Remove(filepath.Join(dir, name)))
			}
			r = syncNow(t, x, dir, small)
			require.Equal(t, []string{"a.txt", "c.jsonl"}, r.Removed)
			require.Zero(t, x.Len())
			_, err := x.Sync(ctx, dir, small)
			require.ErrorIs(t, err, ErrEmpty)
		})
	}
}

// A file with the size and the time of writing that it had is compared if it changed within two seconds before it was read,
// or if the system tells that it changed since.
func TestSyncSeesContentWithTheSameSizeAndTime(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	name := filepath.Join(dir, "a.txt")
	info, err := os.Stat(name)
	require.NoError(t, err)
	same := func(text string) {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
		require.NoError(t, os.Chtimes(name, info.ModTime(), info.ModTime()))
	}
	same("The keeper of Norr is Abel Brane.")
	require.Equal(t, []string{"a.txt"}, syncNow(t, x, dir, SyncOptions{}).Changed)
	later(t, x)
	if runtime.GOOS != "windows" {
		same("The keeper of Norr is Abel Drane.")
		require.Equal(t, []string{"a.txt"}, syncNow(t, x, dir, SyncOptions{}).Changed)
	}
	requireAsNew(t, x, dir, SyncOptions{})

	// What no time tells is found by Verify.
	later(t, x)
	x.gen.files.files["a.txt"] = func() fileState { f := x.gen.files.files["a.txt"]; f.hash[0]++; return f }()
	require.True(t, syncNow(t, x, dir, SyncOptions{}).UpToDate())
	require.Equal(t, []string{"a.txt"}, syncNow(t, x, dir, SyncOptions{Verify: true}).Changed)
}

// A file that was written anew with the same content is not indexed again, and with other options it is.
func TestSyncLeavesWhatIsTheSame(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	name := x.gen.name
	writeFolder(t, dir, map[string]string{"a.txt": "The keeper of Norr is Abel Crane."})
	require.True(t, syncNow(t, x, dir, SyncOptions{}).UpToDate())
	require.Equal(t, name, x.gen.name, "nothing was written")
	short := SyncOptions{Split: SplitOptions{Size: 3}}
	require.Len(t, syncNow(t, x, dir, short).Changed, 5)
	requireAsNew(t, x, dir, short)
	require.True(t, syncNow(t, x, dir, short).UpToDate())
}

func TestSyncKeepsWhatCannotBeRead(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("permissions do not hold here")
	}
	dir := writeFolder(t, t.TempDir(), map[string]string{"a.txt": "alpha", "top/closed/c.txt": "gamma", "b.txt": "beta", "n/x.txt": "xi"})
	x := newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	for name, mode := range map[string]os.FileMode{"top": 0, "b.txt": 0, "n": 0o444} {
		full := filepath.Join(dir, name)
		require.NoError(t, os.Chmod(full, mode))
		t.Cleanup(func() { require.NoError(t, os.Chmod(full, 0o755)) })
	}
	writeFolder(t, dir, map[string]string{"a.txt": "alpha two"})
	r := syncNow(t, x, dir, SyncOptions{Verify: true})
	require.Equal(t, []string{"a.txt"}, r.Changed)
	require.Empty(t, r.Removed)
	require.Equal(t, []Skip{{Path: "b.txt", Reason: SkipPermission}, {Path: "n/x.txt", Reason: SkipPermission},
		{Path: "top", Reason: SkipPermission}}, sortedSkips(r.Kept))
	require.Equal(t, []string{"a.txt", "b.txt", "n/x.txt", "top/closed/c.txt"}, sourcesOf(t, x))
}

func sortedSkips(list []Skip) []Skip {
	return slices.SortedFunc(slices.Values(list), func(a, b Skip) int { return strings.Compare(a.Path, b.Path) })
}

// A read error, here of an invalid line, costs the file alone.
func TestSyncPassesOverOneBadFile(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	writeFolder(t, dir, map[string]string{
		"a.txt": "new", "c.jsonl": "{\"text\":\"ok\"}\n{\n", "new.jsonl": "5\n", "line\nend.txt": "named badly",
	})
	if runtime.GOOS == "linux" {
		require.NoError(t, os.WriteFile(dir+"/caf\xe9.md", []byte("coffee"), 0o644))
		require.NoError(t, os.MkdirAll(dir+"/d\xefr/sub", 0o755))
	}
	r := syncNow(t, x, dir, SyncOptions{})
	require.Equal(t, []string{"a.txt"}, r.Changed)
	require.Equal(t, []string{"line\nend.txt"}, r.Added)
	require.Len(t, r.Kept, 1)
	require.Equal(t, "c.jsonl", r.Kept[0].Path)
	require.Contains(t, r.Kept[0].Detail, "line 2: ")
	reasons := map[string]SkipReason{}
	for _, s := range r.Skipped {
		reasons[s.Path] = s.Reason
	}
	want := map[string]SkipReason{"new.jsonl": SkipInvalid}
	if runtime.GOOS == "linux" {
		want[`caf\xe9.md`], want[`d\xefr`] = SkipName, SkipName
	}
	require.Equal(t, want, reasons)
	require.Equal(t, []string{"a.txt", "b.txt", "c.jsonl#1", "c.jsonl#2", "e.txt", "line\nend.txt", "sub/d.txt"}, sourcesOf(t, x))
	_, err := x.Sync(ctx, filepath.Join(dir, "new.jsonl"), SyncOptions{})
	require.ErrorIs(t, err, ErrBadLine, "a file that is named")
}

func TestSyncOfAPartTouchesNothingElse(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	writeFolder(t, dir, map[string]string{
		"a.txt": "changed, and not looked at", "sub/d.txt": "The keeper of Rook is Nora Otis.", "sub/n.txt": "new",
	})
	require.NoError(t, os.Symlink(filepath.Join(dir, "sub"), filepath.Join(dir, "link")))
	r := syncNow(t, x, filepath.Join(dir, "link", "d.txt"), SyncOptions{})
	require.Equal(t, []string{"sub/d.txt"}, r.Changed)
	require.Equal(t, []string{"a.txt", "b.txt", "c.jsonl#1", "c.jsonl#2", "e.txt", "sub/d.txt"}, sourcesOf(t, x))
	require.Equal(t, []string{"sub/n.txt"}, syncNow(t, x, filepath.Join(dir, "sub"), SyncOptions{}).Added)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "sub")))
	require.Equal(t, []string{"sub/d.txt"}, syncNow(t, x, filepath.Join(dir, "sub", "d.txt"), SyncOptions{}).Removed)
	_, err := x.Sync(ctx, filepath.Join(dir, "never.txt"), SyncOptions{})
	require.ErrorIs(t, err, fs.ErrNotExist)

	other := writeFolder(t, t.TempDir(), map[string]string{"o.txt": "other", "p.txt": "more"})
	_, err = x.Sync(ctx, filepath.Join(other, "o.txt"), SyncOptions{})
	require.ErrorIs(t, err, ErrOptions, "a file of another folder")
	require.Contains(t, sourcesOf(t, x), "a.txt")
	syncNow(t, x, other, SyncOptions{})
	require.Equal(t, []string{"o.txt", "p.txt"}, sourcesOf(t, x), "another folder")
}

func TestSyncOptionsForRemovedFiles(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	require.NoError(t, os.Remove(filepath.Join(dir, "a.txt")))
	r := syncNow(t, x, dir, SyncOptions{DryRun: true})
	require.Equal(t, []string{"a.txt"}, r.Removed)
	require.Equal(t, 6, x.Len(), "nothing was done")
	require.True(t, syncNow(t, x, dir, SyncOptions{KeepRemoved: true}).UpToDate())
	require.Equal(t, 6, x.Len())

	// Other writers are noticed.
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "x", Source: "own.txt", Text: "my own", End: 6}}))
	_, err := x.DeleteSource(ctx, "b.txt")
	require.NoError(t, err)
	require.Equal(t, []string{"b.txt"}, syncNow(t, x, dir, SyncOptions{}).Added)
	requireAsNew(t, x, dir, SyncOptions{})
}

// A Sync that is interrupted leaves the index as it was, and the next one does all.
func TestSyncInterrupted(t *testing.T) {
	dir, x := keepers(t), newTestIndex(t, "disk", IndexOptions{})
	syncNow(t, x, dir, SyncOptions{})
	before, err := x.Digest(ctx)
	require.NoError(t, err)
	writeFolder(t, dir, map[string]string{"a.txt": bigText(300_000), "b.txt": bigText(200_000), "e.txt": "new"})
	soon, cancel := context.WithCancel(ctx)
	opts := SyncOptions{Split: SplitOptions{Size: 20}, Load: LoadOptions{Progress: func(LoadProgress) { cancel() }}}
	_, err = x.Sync(soon, dir, opts)
	require.ErrorIs(t, err, context.Canceled)
	after, err := x.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, before, after)
	entries, err := os.ReadDir(x.Path())
	require.NoError(t, err)
	require.Len(t, entries, 3, "current, lock, one generation")
	opts.Load.Progress = nil
	syncNow(t, x, dir, opts)
	requireAsNew(t, x, dir, opts)
}
