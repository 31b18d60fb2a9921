package retriever

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/blevesearch/bleve/v2"
	index "github.com/blevesearch/bleve_index_api"

	"github.com/ragft/ragft/internal/atomicfile"
)

// An index on disk is a folder of generations. Each is a folder of its own with a complete state, which is never changed
// once the file "current" names it:
//
//	current       000007
//	lock          locked by the program that writes
//	000007/       index_meta.json and store/ of Bleve, files (what Sync knows about the documents), digest
//	new-000008/   is being written; left over if the program died
//
// A writer makes the next generation out of hard links to the files of the current one, of which Bleve changes none but
// root.bolt, and puts its name into "current" at the end. So any number of programs can search while one writes, they see
// the last complete state, and whatever happens to a writer, that state stays. A generation that no one has open is
// removed by the next writer.
const (
	currentName = "current"
	newPrefix   = "new-"
	filesName   = "files"
	digestName  = "digest"
)

// rootName is the file of a generation that says which others belong to it.
var rootName = filepath.Join("store", "root.bolt")

var generationName = regexp.MustCompile(`^[0-9]{6,12}$`)

// generation is a state of an index that is open. In memory there is one, which changes.
type generation struct {
	name      string // of its folder; empty in memory
	folder    string // with its path; empty in memory
	opts      IndexOptions
	analyzers *analyzers
	store     bleve.Index
	core      index.Index // the same without Bleve's query layer
	sealed    map[string]os.FileInfo
	root      os.FileInfo // of its root.bolt, which is open, so that no other file has its number; nil in memory
	files     *fileStates // nil until it is needed
}

// newGeneration returns the generation of an open store.
func newGeneration(name string, opts IndexOptions, store bleve.Index) (*generation, error) {
	an, err := newAnalyzers(opts.Analyzer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	core, err := store.Advanced()
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return &generation{name: name, opts: opts, analyzers: an, store: store, core: core}, nil
}

// view is a snapshot of a generation. Later batches do not change it.
type view struct {
	index.IndexReader
	*generation
}

// Close releases the snapshot.
func (v view) Close() error { return v.IndexReader.Close() }

// view opens a snapshot.
func (g *generation) view() (view, error) {
	snap, err := g.core.Reader()
	if err != nil {
		return view{}, fmt.Errorf("retriever: %w", err)
	}
	return view{snap, g}, nil
}

// replaced says whether the folder of a generation on disk holds another one by now: the numbers begin anew where an index was
// removed and made again. One that is gone was not replaced.
func (g *generation) replaced() bool {
	info, err := os.Stat(filepath.Join(g.folder, rootName))
	return err == nil && !os.SameFile(info, g.root)
}

// readCurrent returns the name of the current generation. Without an index, the error wraps ErrNotIndex and
// fs.ErrNotExist; where parts are missing, it is ErrCorrupt.
func readCurrent(path string) (string, error) {
	data, err := os.ReadFile(filepath.Join(path, currentName))
	if err == nil {
		name := strings.TrimSuffix(string(data), "\n")
		if !generationName.MatchString(name) {
			return "", fmt.Errorf("%w: %s says %q", ErrCorrupt, filepath.Join(path, currentName), name)
		}
		return name, nil
	}
	if !errors.Is(err, fs.ErrNotExist) && !isNotFolder(err) {
		return "", fmt.Errorf("retriever: %w", err)
	}
	return "", missing(path)
}

// isNotFolder says whether part of a path is a file.
func isNotFolder(err error) bool {
	var at *fs.PathError
	return errors.As(err, &at) && strings.Contains(at.Err.Error(), "not a directory")
}

// missing says why there is no current generation.
func missing(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, lerr := os.Lstat(path); lerr == nil {
			return fmt.Errorf("%w: %s is a link to nothing", ErrCorrupt, path)
		}
		return fmt.Errorf("%w: %w", ErrNotIndex, err)
	}
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %s is a file", ErrNotIndex, path)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	foreign := false
	for _, e := range entries {
		switch {
		case generationName.MatchString(e.Name()):
			return fmt.Errorf("%w: %s is missing", ErrCorrupt, filepath.Join(path, currentName))
		case !isLeftover(e.Name()):
			foreign = true
		}
	}
	if foreign {
		return fmt.Errorf("%w: %s holds other files", ErrNotIndex, path)
	}
	return fmt.Errorf("%w: %s is empty: %w", ErrNotIndex, path, fs.ErrNotExist)
}

// isLeftover says whether a file of an index may be there without a current generation: the lock, and what a program left
// that died while it made the index.
func isLeftover(name string) bool {
	return name == lockName || strings.HasPrefix(name, newPrefix) || strings.HasPrefix(name, "."+currentName+".")
}

// openCurrent opens the current generation for reading. What was checked before, as part of another one, is not read again.
func openCurrent(path string, before *generation) (*generation, error) {
	for {
		name, err := readCurrent(path)
		if err != nil {
			return nil, err
		}
		g, err := openGeneration(path, name, before)
		if err == nil {
			return g, nil
		}
		// It may have been replaced and removed meanwhile.
		if now, nerr := readCurrent(path); nerr != nil || now == name {
			return nil, err
		}
	}
}

// openGeneration opens one generation for reading.
func openGeneration(path, name string, before *generation) (*generation, error) {
	folder := filepath.Join(path, name)
	var root os.FileInfo
	for _, part := range []string{"index_meta.json", rootName} {
		var err error
		if root, err = os.Stat(filepath.Join(folder, part)); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, filepath.Join(folder, part))
		} else if err != nil {
			return nil, fmt.Errorf("retriever: %w", err)
		}
	}
	var sealed map[string]os.FileInfo
	if before != nil {
		sealed = before.sealed
	}
	head, segments, err := verify(folder, sealed)
	if err != nil {
		return nil, err
	}
	store, err := openStore(folder, true)
	if err != nil {
		return nil, err
	}
	g, err := newGeneration(name, head.Options, store)
	if err == nil {
		g.folder, g.sealed, g.root = folder, segments, root
		err = g.check(folder)
	}
	if err != nil {
		_ = store.Close()
		return nil, err
	}
	return g, nil
}

// nextName returns the name of the generation after all that are there.
func nextName(path string) (string, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("retriever: %w", err)
	}
	last := 0
	for _, e := range entries {
		if n, err := strconv.Atoi(strings.TrimPrefix(e.Name(), newPrefix)); err == nil {
			last = max(last, n)
		}
	}
	return fmt.Sprintf("%06d", last+1), nil
}

// cloneStore fills a folder with the files of a generation: by links where the file system has them, as none of these files
// is ever changed. Bleve changes root.bolt, which is copied.
func cloneStore(from, to string) error {
	if err := os.MkdirAll(filepath.Join(to, "store"), 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(filepath.Join(from, "store"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := filepath.Join("store", e.Name())
		if e.Name() == "root.bolt" || os.Link(filepath.Join(from, name), filepath.Join(to, name)) != nil {
			if err := copyFile(filepath.Join(from, name), filepath.Join(to, name)); err != nil {
				return err
			}
		}
	}
	return copyFile(filepath.Join(from, "index_meta.json"), filepath.Join(to, "index_meta.json"))
}

// copyFile copies a file to a path that does not exist.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err == nil {
		err = fsync(out)
	}
	return errors.Join(err, out.Close())
}

// fsync is replaced in tests.
var fsync = (*os.File).Sync

// harden makes sure that a finished generation is on the disk before the current one goes: what neither Bleve nor atomicfile
// syncs. Windows cannot sync folders.
func harden(folder string) error {
	meta, err := os.OpenFile(filepath.Join(folder, "index_meta.json"), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(fsync(meta), meta.Close()); err != nil || runtime.GOOS == "windows" {
		return err
	}
	store, err := os.Open(filepath.Join(folder, "store"))
	if err != nil {
		return err
	}
	err = fsync(store)
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) { // as some file systems cannot either
		err = nil
	}
	return errors.Join(err, store.Close())
}

// publish makes a finished generation the current one, and returns its name.
func publish(path, building string) (string, error) {
	name := strings.TrimPrefix(building, newPrefix)
	if err := harden(filepath.Join(path, building)); err != nil {
		return "", err
	}
	if err := os.Rename(filepath.Join(path, building), filepath.Join(path, name)); err != nil {
		return "", err
	}
	return name, atomicfile.WritePrivate(filepath.Join(path, currentName), func(w io.Writer) error {
		_, err := io.WriteString(w, name+"\n")
		return err
	})
}

// sweep removes what the index does not need any more: generations but the current one that no one has open, and what
// programs left that died. With all, it removes everything else, too. Its caller holds the lock. What cannot be removed is
// left for the next time.
func sweep(path, current string, all bool) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, full := e.Name(), filepath.Join(path, e.Name())
		if name == current || name == currentName || name == lockName {
			continue
		}
		ours := generationName.MatchString(name) || isLeftover(name)
		if ours && !inUse(full) || !ours && all {
			_ = os.RemoveAll(full)
		}
	}
}
