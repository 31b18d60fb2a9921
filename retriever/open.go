package retriever

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/blevesearch/bleve/v2"
	"github.com/blevesearch/bleve/v2/index/scorch"
	"github.com/blevesearch/bleve/v2/util"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// lockWait is how long Open waits for a folder that is in use.
const lockWait = 500 * time.Millisecond

// Open opens an index that was made by Create.
//
// First it reads all files of the index and verifies their checksums. Bleve would
// open a damaged index in an older or empty state, and remove the newer files.
func Open(path string) (*Index, error) {
	path = filepath.Clean(path)
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotIndex, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%w: %s is a file", ErrNotIndex, path)
	}
	for _, name := range []string{"index_meta.json", filepath.Join("store", "root.bolt")} {
		if _, err := os.Stat(filepath.Join(path, name)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrNotIndex, err)
		}
	}
	head, files, err := verify(path)
	if err != nil {
		return nil, err
	}
	if err := rehearse(path, files); err != nil {
		return nil, err
	}
	an, err := newAnalyzer(head.Options.Analyzer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrVersion, err)
	}
	store, err := openStore(path, false)
	if err != nil {
		return nil, err
	}
	x, err := newIndex(path, head.Options, an, store)
	if err != nil {
		_ = store.Close()
		return nil, err
	}
	return x, nil
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
	return fmt.Errorf("%w: %s: %w", ErrCorrupt, path, err)
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

// rehearse opens an index for reading only, so that Bleve removes nothing, and
// checks that Bleve takes the newest state, which has these segment files.
func rehearse(path string, files []string) (err error) {
	store, err := openStore(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	defer catch(path, &err)()
	core, err := store.Advanced()
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	snap, err := core.Reader()
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer snap.Close()
	var opened []string
	if s, ok := snap.(*scorch.IndexSnapshot); ok {
		for _, seg := range s.Segments() {
			if file, ok := seg.Segment().(interface{ Path() string }); ok {
				opened = append(opened, filepath.Base(file.Path()))
			}
		}
	}
	slices.Sort(opened)
	slices.Sort(files)
	if !slices.Equal(opened, files) {
		return fmt.Errorf("%w: %s: the newest state has the segments %q, but only %q can be opened", ErrCorrupt, path, files, opened)
	}
	_, err = readState(snap)
	return err
}

// verify checks the files of an index without Bleve, which would fall back to an
// older state if the newest is damaged. It reads the newest snapshot in root.bolt:
// what this package stores there, and which segment files belong to it.
func verify(path string) (head header, files []string, err error) {
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
	err = db.View(func(tx *bbolt.Tx) error {
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
	for _, name := range files {
		if err := checkSegment(filepath.Join(store, name)); err != nil {
			return head, nil, err
		}
	}
	return head, files, nil
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

// checkSegment compares the checksum of a file with its last four bytes.
func checkSegment(name string) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
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
