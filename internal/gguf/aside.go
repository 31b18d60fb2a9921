package gguf

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
)

// asideFile is a temporary file beside path that becomes path, or vanishes.
type asideFile struct {
	*os.File
	path string
}

// createAside makes the temporary file. Unlike os.CreateTemp it leaves the
// permissions to the umask, since the file is to be shared like any other.
func createAside(path string) (*asideFile, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return nil, &os.PathError{Op: "create", Path: path, Err: syscall.EISDIR}
	}
	dir, base := filepath.Split(path)
	for {
		name := filepath.Join(dir, fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32()))
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil {
			return &asideFile{f, path}, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, err
		}
	}
}

// commit makes the file durable under its final name, if check (which may be nil) accepts it under the temporary one.
func (f *asideFile) commit(check func(path string) error) error {
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("syncing %s: %w", f.path, err), f.discard())
	}
	if err := f.File.Close(); err != nil {
		return errors.Join(fmt.Errorf("closing %s: %w", f.path, err), os.Remove(f.Name()))
	}
	if check != nil {
		if err := check(f.Name()); err != nil {
			return errors.Join(err, os.Remove(f.Name()))
		}
	}
	if err := os.Rename(f.Name(), f.path); err != nil {
		return errors.Join(fmt.Errorf("putting %s in place: %w", f.path, err), os.Remove(f.Name()))
	}
	if err := syncDir(filepath.Dir(f.path)); err != nil {
		return fmt.Errorf("syncing the folder of %s: %w", f.path, err)
	}
	return nil
}

// discard closes and removes the file.
func (f *asideFile) discard() error {
	return errors.Join(f.File.Close(), os.Remove(f.Name()))
}

// syncDir makes a rename in dir durable. Some file systems cannot sync folders
// and say so with EINVAL or ENOTSUP; there is nothing more to do on them.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil
	}
	return errors.Join(err, d.Close())
}
