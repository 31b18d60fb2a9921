// Package aside writes files so that a failure leaves what was there before.
package aside

import (
	"io"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path by what write writes: beside its place
// first, synced, then renamed into it. After an error the old file is as it
// was, and nothing is left beside it. The file may be read by all.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return err
	}
	// CreateTemp makes the file private; data files follow the usual mode.
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
