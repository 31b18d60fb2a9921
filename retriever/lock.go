package retriever

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ragft/ragft/internal/filelock"
)

// lockName is the file in the folder of an index that is locked while the index is changed. The operating system drops
// the lock of a process that dies.
const lockName = "lock"

// lockWait is how long a writer waits for another one, and a reader for a file that is being checked.
const lockWait = 500 * time.Millisecond

// lockFolder locks an index for writing. It waits for lockWait; after that the error is ErrLocked.
func lockFolder(ctx context.Context, path string) (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("retriever: %w", err)
	}
	for end := time.Now().Add(lockWait); ; {
		ok, err := filelock.Try(f)
		if ok {
			return func() { _ = f.Close() }, nil
		}
		if err == nil && time.Now().After(end) {
			err = fmt.Errorf("%w: %s", ErrLocked, path)
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = f.Close()
			return nil, err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// inUse says whether a program has the store of a generation open.
func inUse(folder string) bool {
	f, err := os.OpenFile(filepath.Join(folder, "store", "root.bolt"), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) || isNotFolder(err) {
		return false
	}
	if err != nil {
		return true
	}
	defer f.Close()
	ok, err := filelock.Try(f)
	return !ok || err != nil
}
