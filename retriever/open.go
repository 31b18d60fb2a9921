package retriever

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/util"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/ragft/ragft/internal/filehash"
)

// Open opens an index that was made by Create. Any number of programs may have it open,
// and search it while one of them writes: they see the last state that was written
// completely. Nothing in its folder is changed, so that it may be on read-only media.
//
// First it verifies the checksums of the files of the index, unless it did before and
// their sizes, times and numbers are the same: ragft/hashes.json of [os.UserCacheDir]
// remembers that. Bleve would open a damaged index in an older or empty state. If there
// is no index, the error wraps ErrNotIndex and fs.ErrNotExist; if parts of it are missing
// or damaged, it is ErrCorrupt.
func Open(path string) (*Index, error) {
	path = filepath.Clean(path)
	g, err := openCurrent(path, nil)
	if err != nil {
		return nil, err
	}
	return newIndex(path, g), nil
}

// openStore opens Bleve's index. A panic in it becomes an error.
func openStore(path string, readOnly bool) (store bleve.Index, err error) {
	defer catch(path, &err)()
	store, err = bleve.OpenUsing(path, map[string]any{"bolt_timeout": lockWait.String(), "read_only": readOnly})
	if err != nil {
		return nil, openError(path, err)
	}
	return store, nil
}

// openError translates an error of opening files.
func openError(path string, err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: %s", ErrLocked, path)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("retriever: %w", err)
	}
	return fmt.Errorf("%w: %s: %v", ErrCorrupt, path, err) // not as a missing index
}

// catch turns a panic into an error. Files are mapped into memory, so that damage can
// also cause a memory fault, which becomes a panic here.
func catch(path string, err *error) func() {
	before := debug.SetPanicOnFault(true)
	return func() {
		debug.SetPanicOnFault(before)
		if r := recover(); r != nil {
			*err = fmt.Errorf("%w: %s: %v", ErrCorrupt, path, r)
		}
	}
}

// check makes sure that Bleve opened the newest state, which has the sealed segments.
func (g *generation) check(folder string) (err error) {
	defer catch(folder, &err)()
	snap, err := g.view()
	if err != nil {
		return err
	}
	defer snap.Close()
	var opened []string
	if s, ok := snap.IndexReader.(*scorch.IndexSnapshot); ok {
		for _, seg := range s.Segments() {
			if file, ok := seg.Segment().(interface{ Path() string }); ok {
				opened = append(opened, filepath.Base(file.Path()))
			}
		}
	}
	slices.Sort(opened)
	if want := slices.Sorted(maps.Keys(g.sealed)); !slices.Equal(opened, want) {
		return fmt.Errorf("%w: %s: the newest state has the segments %q, but only %q can be opened", ErrCorrupt, folder, want, opened)
	}
	_, err = readState(snap)
	return err
}

// verify checks the files of a generation without Bleve, which would fall back to an
// older state if the newest is damaged. It reads the newest snapshot in root.bolt:
// what this package stores there, and which segment files belong to it, which it
// returns. Files that are sealed, as their checksum was compared before, are not read.
func verify(path string, sealed map[string]os.FileInfo) (head header, segments map[string]os.FileInfo, err error) {
	defer catch(path, &err)()
	store := filepath.Join(path, "store")
	if info, err := os.Stat(filepath.Join(store, "root.bolt")); err == nil && info.Size() == 0 {
		return head, nil, fmt.Errorf("%w: %s is empty", ErrCorrupt, filepath.Join(store, "root.bolt"))
	}
	db, err := bbolt.Open(filepath.Join(store, "root.bolt"), 0o600, &bbolt.Options{ReadOnly: true, Timeout: lockWait})
	if err != nil {
		return head, nil, openError(path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var files []string
	err = db.View(func(tx *bbolt.Tx) error {
		if info, err := os.Stat(db.Path()); err == nil && info.Size() < tx.Size() {
			return fmt.Errorf("%w: %s is cut short", ErrCorrupt, db.Path())
		}
		snapshot, err := newestSnapshot(tx)
		if err != nil {
			return err
		}
		if head, err = readHeader(snapshot, path); err != nil {
			return err
		}
		files, err = segmentFiles(snapshot)
		return err
	})
	if err != nil {
		return head, nil, err
	}
	segments = map[string]os.FileInfo{}
	var unread []string
	for _, name := range files {
		full := filepath.Join(store, name)
		info, err := statSegment(full)
		if err != nil {
			return head, nil, err
		}
		if segments[name] = info; !sameSegment(info, sealed[name]) {
			unread = append(unread, full)
		}
	}
	return head, segments, filehash.Checked(unread, checkSegment)
}

// newestSnapshot returns the snapshot that Bleve will open.
func newestSnapshot(tx *bbolt.Tx) (*bbolt.Bucket, error) {
	snapshots := tx.Bucket(util.BoltSnapshotsBucket)
	if snapshots == nil {
		return nil, fmt.Errorf("%w: no snapshots", ErrCorrupt)
	}
	newest, _ := snapshots.Cursor().Last()
	if newest == nil || snapshots.Bucket(newest) == nil {
		return nil, fmt.Errorf("%w: no snapshot", ErrCorrupt)
	}
	return snapshots.Bucket(newest), nil
}

// readHeader returns the header of an index, or an error if another program or version made it.
func readHeader(snapshot *bbolt.Bucket, path string) (head header, err error) {
	internal := snapshot.Bucket(util.BoltInternalKey)
	if internal == nil || internal.Get(headerKey) == nil {
		return head, fmt.Errorf("%w: %s is a Bleve index of another program", ErrNotIndex, path)
	}
	raw := internal.Get(headerKey)
	if err := json.Unmarshal(raw, &head); err != nil {
		return head, fmt.Errorf("%w: header %q: %w", ErrCorrupt, raw, err)
	}
	if head.Version != formatVersion {
		return head, fmt.Errorf("%w: %s has version %d, this program needs version %d", ErrVersion, path, head.Version, formatVersion)
	}
	if head.Options, err = head.Options.resolve(); err != nil {
		return head, fmt.Errorf("%w: header %q: %w", ErrCorrupt, raw, err)
	}
	_, err = parseState(internal.Get(stateKey))
	return head, err
}

// segmentFiles returns the names of the files of a snapshot. Each of its buckets is a
// segment, except two.
func segmentFiles(snapshot *bbolt.Bucket) (files []string, err error) {
	err = snapshot.ForEachBucket(func(key []byte) error {
		if bytes.Equal(key, util.BoltInternalKey) || bytes.Equal(key, util.BoltMetaDataKey) {
			return nil
		}
		name := snapshot.Bucket(key).Get(util.BoltPathKey)
		if name == nil || !filepath.IsLocal(string(name)) {
			return fmt.Errorf("%w: segment %x has the path %q", ErrCorrupt, key, name)
		}
		files = append(files, string(name))
		return nil
	})
	return files, err
}

func statSegment(name string) (os.FileInfo, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrCorrupt, name)
	}
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return info, nil
}

// sameSegment says whether a file is the one whose checksum was compared before.
func sameSegment(info, before os.FileInfo) bool {
	return before != nil && os.SameFile(info, before) && info.Size() == before.Size() && info.ModTime().Equal(before.ModTime())
}

// checkSegment compares the checksum of a file with its last four bytes.
func checkSegment(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	sum := crc32.NewIEEE()
	if _, err := io.Copy(sum, io.LimitReader(f, info.Size()-4)); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	var want [4]byte
	if _, err := io.ReadFull(f, want[:]); err != nil {
		return fmt.Errorf("%w: %s is too short", ErrCorrupt, name)
	}
	if sum.Sum32() != binary.BigEndian.Uint32(want[:]) {
		return fmt.Errorf("%w: the checksum of %s does not match", ErrCorrupt, name)
	}
	return nil
}
