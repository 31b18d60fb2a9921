package filelock

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrHeld means that another program, or another file of this one, held a lock for too long.
var ErrHeld = errors.New("the file is locked")

// Wait locks the file at path, which is made if there is none, and waits at most limit for whoever holds it; then the error
// is ErrHeld. It also ends with the context's error. The file is only for locking: unlock closes it.
func Wait(ctx context.Context, path string, limit time.Duration) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(limit); ; time.Sleep(10 * time.Millisecond) {
		ok, err := Try(f)
		if ok {
			return func() { _ = f.Close() }, nil
		}
		if err == nil && time.Now().After(end) {
			err = ErrHeld
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = f.Close()
			return nil, err
		}
	}
}
