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
	unlock, err = filelock.Wait(ctx, filepath.Join(path, lockName), lockWait)
	switch {
	case errors.Is(err, filelock.ErrHeld):
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	case err != nil && ctx.Err() == nil:
		return nil, fmt.Errorf("retriever: %w", err)
	}
	return unlock, err
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
