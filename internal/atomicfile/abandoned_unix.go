//go:build !windows

package atomicfile

import (
	"os"
	"syscall"

	"github.com/ragft/ragft/internal/filelock"
)

// hold locks a new file by a second descriptor, which outlives that of the writer until the file is in its place. It says
// whether the file is still there.
func hold(f *os.File) (lock *os.File, ok bool) {
	fd, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return nil, true
	}
	syscall.CloseOnExec(fd)
	lock = os.NewFile(uintptr(fd), f.Name())
	if locked, err := filelock.Try(lock); err == nil && !locked {
		_ = lock.Close()
		return nil, false
	}
	now, err := os.Stat(f.Name())
	mine, ferr := f.Stat()
	if err != nil || ferr != nil || !os.SameFile(now, mine) {
		_ = lock.Close()
		return nil, false
	}
	return lock, true
}

// removeUnlocked removes a file that no program has locked.
func removeUnlocked(name string) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if ok, err := filelock.Try(f); ok && err == nil {
		_ = os.Remove(name)
	}
}
