package dense

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
)

// Vectors are the vectors of a file, held in memory. Its methods may be called from several goroutines, while [Update] changes
// the file, which stays open for them.
type Vectors struct {
	path  string
	model [32]byte

	mu   sync.RWMutex
	rows *rows
	info os.FileInfo // of the file as it was read; nil without one
	held *os.File    // the file that was read, see hold
}

// Open reads the vectors that an embedder made. If the file does not exist, or has vectors of another embedder, there are none:
// [Vectors.Len] is then 0.
func Open(path string, e Embedder) (*Vectors, error) {
	v := &Vectors{path: path, model: hashOf(e.ID()), rows: &rows{}}
	return v, v.follow()
}

// Len returns the number of vectors.
func (v *Vectors) Len() int {
	_ = v.follow() // what is there stays in use
	v.mu.RLock()
	defer v.mu.RUnlock()
	return len(v.rows.ids)
}

// Nearest returns the k passages whose vectors are most similar to a query's, best first; equal ones in the order of their IDs.
// It compares the query with all vectors, on all processors (BenchmarkNearest measures it). It finds nothing for a query of
// another length.
func (v *Vectors) Nearest(ctx context.Context, query []float32, k int) ([]Match, error) {
	if err := v.follow(); err != nil {
		return nil, err
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.rows.nearest(ctx, query, k)
}

// follow reads what was written to the file since it was last read.
func (v *Vectors) follow() error {
	info, err := os.Stat(v.path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("dense: %w", err)
	}
	v.mu.RLock()
	same := v.same(info)
	v.mu.RUnlock()
	if same {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.same(info) {
		return nil
	}
	if v.info != nil && info != nil && os.SameFile(v.info, info) && info.Size() > v.info.Size() && v.rows.dims > 0 {
		if done, err := v.readOn(info); done || err != nil {
			return err
		}
	}
	return v.readAll()
}

// readAll reads the whole file.
func (v *Vectors) readAll() error {
	f, err := os.Open(v.path)
	if errors.Is(err, os.ErrNotExist) {
		v.rows, v.info = &rows{}, nil
		v.hold(nil)
		return nil
	}
	if err != nil {
		return fmt.Errorf("dense: %w", err)
	}
	r, info, err := readRows(f)
	if errors.Is(err, ErrFormat) {
		r, err = &rows{}, nil // the next Update replaces it
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	if r.model != v.model {
		r = &rows{}
	}
	v.rows, v.info = r, info
	v.hold(f)
	return nil
}

// hold keeps the file that was read open, as otherwise the system may give its number to another file at the same path. On
// Windows, where a number does not come back, an open file could not be replaced.
func (v *Vectors) hold(f *os.File) {
	if v.held != nil {
		_ = v.held.Close()
	}
	if v.held = f; f != nil && runtime.GOOS == "windows" {
		_ = f.Close()
	}
}

// same says whether the file is as it was read. info is nil if there is none.
func (v *Vectors) same(info os.FileInfo) bool {
	if v.info == nil || info == nil {
		return v.info == nil && info == nil
	}
	return os.SameFile(v.info, info) && v.info.Size() == info.Size() && v.info.ModTime().Equal(info.ModTime())
}

// readOn reads what was appended. It is not done where the file does not go on as it was read.
func (v *Vectors) readOn(info os.FileInfo) (done bool, err error) {
	f, err := os.Open(v.path)
	if err != nil {
		return false, nil
	}
	defer f.Close()
	var head rows
	if opened, err := f.Stat(); err != nil || !os.SameFile(opened, info) || head.readHeader(f) != nil ||
		head.dims != v.rows.dims || head.model != v.model {
		return false, nil
	}
	if err := v.rows.readRecords(f); err != nil {
		return false, err
	}
	if v.rows.end < info.Size() {
		return false, nil
	}
	v.info = info
	return true, nil
}
