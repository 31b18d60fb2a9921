//go:build !windows

package worker

import (
	"os"

	"golang.org/x/sys/unix"
)

// takeStdio takes standard input and output for the messages. Other readers of standard input find it empty, and other
// output, C included, goes to standard error.
func takeStdio() (in, out *os.File, err error) {
	files := make([]*os.File, 2)
	for fd := range files {
		own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
		if err != nil {
			return nil, nil, os.NewSyscallError("fcntl", err)
		}
		files[fd] = os.NewFile(uintptr(own), []string{"messages in", "messages out"}[fd])
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return nil, nil, err
	}
	defer null.Close()
	if err := unix.Dup2(int(null.Fd()), 0); err != nil {
		return nil, nil, os.NewSyscallError("dup2", err)
	}
	return files[0], files[1], os.NewSyscallError("dup2", unix.Dup2(2, 1))
}
