//go:build !linux && !windows

package worker

import (
	"errors"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// CanLimitMemory says whether this system enforces a memory limit for a child: macOS accepts one, but does not enforce it.
func CanLimitMemory() bool { return false }

func limitMemory(int64) error { return errors.New("memory cannot be limited on " + runtime.GOOS) }

func lowerPriority() error {
	return os.NewSyscallError("setpriority", unix.Setpriority(unix.PRIO_PROCESS, 0, 10))
}

// sparesHost has nothing to do on these systems.
func sparesHost() {}
