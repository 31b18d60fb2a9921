package retriever

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A part that is missing is damage, and no missing index; making it anew helps always.
func TestMissingPartsAreDamage(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good")
	x, err := Create(good, IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Source: "a.txt", Text: "The keeper is Abel Crane.", End: 25}}))
	require.NoError(t, x.Close())
	current := filepath.Base(generationOf(t, good))
	segments, err := filepath.Glob(filepath.Join(good, current, "store", "*.zap"))
	require.NoError(t, err)
	segment := filepath.Base(segments[0])
	for what, damage := range map[string]func(path string) error{
		"pointer":       func(path string) error { return os.Remove(filepath.Join(path, currentName)) },
		"empty pointer": func(path string) error { return os.Truncate(filepath.Join(path, currentName), 0) },
		"generation":    func(path string) error { return os.RemoveAll(filepath.Join(path, current)) },
		"meta":          func(path string) error { return os.Remove(filepath.Join(path, current, "index_meta.json")) },
		"bolt":          func(path string) error { return os.Remove(filepath.Join(path, current, "store", "root.bolt")) },
		"segment":       func(path string) error { return os.Remove(filepath.Join(path, current, "store", segment)) },
		"empty store": func(path string) error {
			store := filepath.Join(path, current, "store")
			if err := os.RemoveAll(store); err != nil {
				return err
			}
			return os.Mkdir(store, 0o755)
		},
		"dangling link": func(path string) error {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			return os.Symlink(path+"-absent", path)
		},
	} {
		t.Run(what, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "bad")
			require.NoError(t, os.CopyFS(bad, os.DirFS(good)))
			require.NoError(t, damage(bad))
			_, err := Open(bad)
			require.ErrorIs(t, err, ErrCorrupt)
			require.NotErrorIs(t, err, fs.ErrNotExist)
			requireRecreated(t, bad)
		})
	}
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	_, err = Open(file)
	require.ErrorIs(t, err, ErrNotIndex)
	require.NotErrorIs(t, err, fs.ErrNotExist)
	requireRecreated(t, file)
	foreign := writeFolder(t, t.TempDir(), map[string]string{"store/x": "x", "index_meta.json": "{}"})
	_, err = Open(foreign)
	require.NotErrorIs(t, err, fs.ErrNotExist)
	requireRecreated(t, foreign)
}

func requireRecreated(t *testing.T, path string) {
	t.Helper()
	x, err := Recreate(path, IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "anew", End: 4}}))
	require.NoError(t, x.Close())
	x, err = Open(path)
	require.NoError(t, err)
	require.Equal(t, 1, x.Len())
	require.NoError(t, x.Close())
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, entries, 3, "current, lock, one generation")
}

// The index that is made anew is not seen before it is complete.
func TestRecreateKeepsTheOldUntilTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	old, err := Create(path, IndexOptions{})
	require.NoError(t, err)
	defer old.Close()
	require.NoError(t, old.Add(ctx, []Chunk{{ID: "1", Text: "Founders", End: 8}}))
	x, err := Recreate(path, IndexOptions{Analyzer: Standard})
	require.NoError(t, err)
	require.Zero(t, x.Len())
	require.Equal(t, 1, old.Len())
	require.NoError(t, x.Close(), "nothing was written")
	require.Equal(t, 1, old.Len())

	x, err = Recreate(path, IndexOptions{Analyzer: Standard})
	require.NoError(t, err)
	defer x.Close()
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "Founders", End: 8}, {ID: "2", Text: "other", End: 5}}))
	for query, n := range map[string]int{"founders": 1, "founding": 0} {
		hits, err := old.Search(ctx, query, 3)
		require.NoError(t, err)
		require.Len(t, hits, n, "%s: with the analyzer of the new index", query)
	}
	require.Equal(t, Standard, old.Options().Analyzer)
}

// Where an index is removed and made again, its numbers begin anew.
func TestAnIndexThatWasMadeAgainIsFollowed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	build := func(text string) *Index {
		require.NoError(t, os.RemoveAll(path))
		x, err := Create(path, IndexOptions{})
		require.NoError(t, err)
		require.NoError(t, x.Add(ctx, []Chunk{{ID: text, Source: text, Text: text, End: len(text)}}))
		return x
	}
	require.NoError(t, build("mill").Close())
	x, err := Open(path)
	require.NoError(t, err)
	defer x.Close()
	before, err := x.snapshot()
	require.NoError(t, err)
	made := build("harbour")
	_, err = before.digest(ctx)
	require.NoError(t, err)
	require.NoError(t, before.Close())
	require.NoFileExists(t, filepath.Join(generationOf(t, path), digestName), "not that of the index before")
	want, err := made.Digest(ctx)
	require.NoError(t, err)
	require.NoError(t, made.Close())

	hits, err := x.Search(ctx, "harbour mill", 3)
	require.NoError(t, err)
	require.Len(t, hits, 1)
	require.Equal(t, "harbour", hits[0].ID)
	got, err := x.Digest(ctx)
	require.NoError(t, err)
	require.Equal(t, want, got)

	require.NoError(t, build("inn").Close())
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "lake", Text: "lake", End: 4}}))
	require.Equal(t, 2, x.Len(), "added to what is there")
	require.NoError(t, os.RemoveAll(path))
	require.Equal(t, 2, x.Len(), "an index that was removed stays as it is")
}

// Of two programs that make an index, the second must not empty that of the first.
func TestCreateLooksAgainOnceItHasTheLock(t *testing.T) {
	made, path := filepath.Join(t.TempDir(), "made"), t.TempDir()
	x, err := Create(made, IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "mill", End: 4}}))
	require.NoError(t, x.Close())
	unlock, err := lockFolder(ctx, path)
	require.NoError(t, err)
	done := make(chan error)
	go func() {
		_, err := Create(path, IndexOptions{})
		done <- err
	}()
	time.Sleep(lockWait / 5)
	require.NoError(t, os.Remove(filepath.Join(made, lockName)))
	require.NoError(t, os.CopyFS(path, os.DirFS(made)))
	unlock()
	require.ErrorIs(t, <-done, ErrExists)
	x, err = Open(path)
	require.NoError(t, err)
	defer x.Close()
	require.Equal(t, 1, x.Len())
}

// A generation is on the disk before "current" names it, as that is synced, and the one before is removed.
func TestGenerationsAreSyncedFirst(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	var synced []string
	defer func(was func(*os.File) error) { fsync = was }(fsync)
	fsync = func(f *os.File) error {
		name, err := filepath.Rel(path, f.Name())
		require.NoError(t, err)
		require.NoDirExists(t, filepath.Join(path, strings.TrimPrefix(strings.Split(name, string(filepath.Separator))[0], newPrefix)))
		synced = append(synced, filepath.ToSlash(name))
		return f.Sync()
	}
	x, err := Create(path, IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	require.Subset(t, synced, []string{"new-000001/index_meta.json", "new-000001/store"})
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "mill", End: 4}}))
	require.Subset(t, synced, []string{"new-000002/index_meta.json", "new-000002/store"})
}

// Torn or altered files must give an error, and must still be there after it.
func TestOpenCorrupt(t *testing.T) {
	dir := t.TempDir()
	x, err := Create(dir+"/good", IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, randomChunks(rand.New(rand.NewPCG(1, 1)), 0, 300)))
	require.NoError(t, x.Close())
	entries, err := os.ReadDir(generationOf(t, dir+"/good") + "/store")
	require.NoError(t, err)
	damage := map[string]func([]byte) []byte{
		"emptied":   func([]byte) []byte { return nil },
		"cut short": func(b []byte) []byte { return b[:len(b)/2] },
		"cut at 3":  func(b []byte) []byte { return b[:3] },
		"zeroed":    func(b []byte) []byte { clear(b); return b },
	}
	for _, e := range entries {
		for what, change := range damage {
			t.Run(e.Name()+" "+what, func(t *testing.T) {
				bad := t.TempDir() + "/bad"
				require.NoError(t, os.CopyFS(bad, os.DirFS(dir+"/good")))
				name := generationOf(t, bad) + "/store/" + e.Name()
				data, err := os.ReadFile(name)
				require.NoError(t, err)
				data = change(data)
				require.NoError(t, os.WriteFile(name, data, 0o600))
				_, err = Open(bad)
				if strings.HasSuffix(name, ".bolt") && len(data) == 0 {
					require.Error(t, err)
				} else {
					require.ErrorIs(t, err, ErrCorrupt)
				}
				left, err := os.ReadFile(name)
				require.NoError(t, err, "the file is gone")
				require.LessOrEqual(t, len(data), len(left))
			})
		}
		if strings.HasSuffix(e.Name(), ".zap") {
			for at := range 16 {
				bad := t.TempDir() + "/bad"
				require.NoError(t, os.CopyFS(bad, os.DirFS(dir+"/good")))
				name := generationOf(t, bad) + "/store/" + e.Name()
				data, err := os.ReadFile(name)
				require.NoError(t, err)
				data[at*(len(data)-1)/15] ^= 0x41
				require.NoError(t, os.WriteFile(name, data, 0o600))
				_, err = Open(bad)
				require.ErrorIs(t, err, ErrCorrupt, "%s, byte %d of 15ths", e.Name(), at)
			}
		}
	}
}

// What a program left that was killed is removed by the next writer, and does not count as an index.
func TestLeftoversAreRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	writeFolder(t, path, map[string]string{"new-000003/store/root.bolt": "x", "lock": "", ".current.0123abcd.tmp": "0"})
	_, err := Open(path)
	require.ErrorIs(t, err, ErrNotIndex)
	require.ErrorIs(t, err, fs.ErrNotExist)
	x, err := Create(path, IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	require.Len(t, entries, 3, "current, lock, one generation")
}

func TestReadOnlyMediaCanBeSearched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	x, err := Create(path, IndexOptions{})
	require.NoError(t, err)
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "lighthouse", End: 10}}))
	require.NoError(t, x.Close())
	before := times(t, path)
	x, err = Open(path)
	require.NoError(t, err)
	hits, err := x.Search(ctx, "lighthouse", 1)
	require.NoError(t, err)
	require.Len(t, hits, 1)
	require.NoError(t, x.Close())
	require.Equal(t, before, times(t, path), "nothing was written")
}

// times are the times of all files and folders below a path.
func times(t *testing.T, path string) map[string]time.Time {
	t.Helper()
	all := map[string]time.Time{}
	require.NoError(t, filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		all[name] = info.ModTime()
		return nil
	}))
	return all
}

// TestMain lets the test program stand for other programs that use an index.
func TestMain(m *testing.M) {
	if path := os.Getenv("RETRIEVER_TEST_SEARCH"); path != "" {
		os.Exit(searchInProcess(path))
	}
	os.Exit(m.Run())
}

// searchInProcess searches an index until it finds that it is at its end. It exits with 1 at the first error, and where an
// incomplete state is seen: each state has as many passages as its one word says.
func searchInProcess(path string) int {
	x, err := Open(path)
	if err != nil {
		os.Stderr.WriteString(err.Error())
		return 1
	}
	defer x.Close()
	os.Stdout.WriteString("open\n")
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); {
		hits, err := x.Search(ctx, "state", 1000)
		if err != nil {
			os.Stderr.WriteString(err.Error())
			return 1
		}
		for _, h := range hits {
			if h.Title != hits[0].Title {
				os.Stderr.WriteString("two states at once")
				return 1
			}
		}
		if len(hits) > 0 && hits[0].Title == "end" {
			return 0
		}
	}
	return 1
}

// Other programs search while one writes, and see one state or the next.
func TestOtherProgramsSearchWhileOneWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "index")
	x, err := Create(path, IndexOptions{})
	require.NoError(t, err)
	defer x.Close()
	write := func(state string) {
		var chunks []Chunk
		for _, id := range []string{"1", "2", "3", "4", "5"} {
			text := "state of chunk " + id
			chunks = append(chunks, Chunk{ID: id, Title: state, Text: text, End: len(text)})
		}
		require.NoError(t, x.Add(ctx, chunks))
	}
	write("first")
	var programs []*exec.Cmd
	var outputs []*strings.Builder
	for range 2 {
		c, out := exec.Command(os.Args[0]), &strings.Builder{}
		c.Env, c.Stdout, c.Stderr = append(os.Environ(), "RETRIEVER_TEST_SEARCH="+path), out, out
		require.NoError(t, c.Start())
		programs, outputs = append(programs, c), append(outputs, out)
	}
	for _, state := range []string{"second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"} {
		write(state)
	}
	write("end")
	for i, c := range programs {
		require.NoError(t, c.Wait(), outputs[i].String())
	}
}
