// Package atomicfile replaces files in one step: whatever fails, the file that
// was there before stays as it was.
package atomicfile

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// Write replaces the file at path by what write writes. After an error the old
// file is as it was, and nothing is left beside it. The umask decides on the
// permissions, as for any new file.
func Write(path string, write func(io.Writer) error) error { return replace(path, 0o666, write) }

// WritePrivate is Write for files with text of users: nobody else can read the
// file, even if others could read the one that it replaces.
func WritePrivate(path string, write func(io.Writer) error) error { return replace(path, 0o600, write) }

func replace(path string, mode fs.FileMode, write func(io.Writer) error) error {
	f, err := create(path, mode)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		return errors.Join(err, f.Discard())
	}
	return f.Commit(nil)
}

// File is a temporary file that is to replace another one. End its use with
// either Commit or Discard.
type File struct {
	*os.File
	path string
	lock *os.File // says that the program lives; nil where an open file cannot be removed anyway
}

// Create makes a temporary file in the folder of path. It removes those for the same
// path that programs left which were killed.
func Create(path string) (*File, error) { return create(path, 0o666) }

func create(path string, mode fs.FileMode) (*File, error) {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return nil, &fs.PathError{Op: "create", Path: path, Err: syscall.EISDIR}
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() { // a device would be replaced by a file
		return nil, &fs.PathError{Op: "create", Path: path, Err: errors.New("it is not a regular file")}
	}
	dir, base := filepath.Split(path) // which, unlike filepath.Join and Dir, leaves ".." after a link as it is
	removeAbandoned(dir, base)
	for {
		// os.CreateTemp would make the file private.
		name := dir + fmt.Sprintf(".%s.%08x.tmp", base, rand.Uint32())
		f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if lock, ok := hold(f); ok {
			return &File{f, path, lock}, nil
		}
		_ = f.Close() // another program took it for abandoned, before it was locked
	}
}

// removeAbandoned removes the temporary files for a path that no program has open.
func removeAbandoned(dir, base string) {
	entries, err := os.ReadDir(cmp.Or(dir, "."))
	if err != nil {
		return
	}
	for _, e := range entries {
		code, isOne := strings.CutPrefix(e.Name(), "."+base+".")
		code, suffix, _ := strings.Cut(code, ".")
		if !isOne || suffix != "tmp" || len(code) != 8 || strings.Trim(code, "0123456789abcdef") != "" {
			continue
		}
		removeUnlocked(dir + e.Name())
	}
}

// Path is where Commit will put the file.
func (f *File) Path() string { return f.path }

// CommitAs is Commit at another path of the same folder.
func (f *File) CommitAs(path string) error {
	f.path = path
	return f.Commit(nil)
}

// Commit syncs the file and puts it at its path. A check that is not nil is given
// the name of the finished temporary file; if it returns an error, so does Commit,
// and the file is removed.
func (f *File) Commit(check func(name string) error) error {
	defer f.release()
	if err := f.Sync(); err != nil {
		return errors.Join(fmt.Errorf("syncing %s: %w", f.path, err), f.Discard())
	}
	if err := f.Close(); err != nil {
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
	dir, _ := filepath.Split(f.path)
	if err := syncDir(cmp.Or(dir, ".")); err != nil {
		return fmt.Errorf("syncing the folder of %s: %w", f.path, err)
	}
	return nil
}

// release ends the lock.
func (f *File) release() {
	if f.lock != nil {
		_ = f.lock.Close()
	}
}

// Discard closes and removes the temporary file.
func (f *File) Discard() error {
	defer f.release()
	return errors.Join(f.Close(), os.Remove(f.Name()))
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
