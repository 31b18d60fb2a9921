//go:build cgo

package lora

import (
	"errors"
	"fmt"
	"os"

	"github.com/gofrs/flock"
)

// lockAdapter keeps other trainings, of this process or another, from writing the same adapter until it is released:
// they would take each other's checkpoints for their own. A lock does not outlive its process, so a killed training does
// not shut out the one that resumes it.
func lockAdapter(path string) (release func(), err error) {
	for {
		l := flock.New(path + ".lock")
		switch ok, err := l.TryLock(); {
		case errors.Is(err, errors.ErrUnsupported): // a file system without locks
			return func() {}, nil
		case err != nil:
			return nil, fmt.Errorf("lora: the adapter cannot be written: %w", err)
		case !ok:
			return nil, fmt.Errorf("%w: %s; wait for its end or name another file", ErrBusy, path)
		}
		// The training that held the lock before may have removed the file between its opening and its locking here.
		held, err := l.Stat()
		named, nameErr := os.Stat(l.Path())
		if err == nil && nameErr == nil && os.SameFile(held, named) {
			return func() { os.Remove(l.Path()); l.Close() }, nil
		}
		l.Close()
	}
}
