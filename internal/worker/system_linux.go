package worker

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// CanLimitMemory says whether this system enforces a memory limit for a child.
func CanLimitMemory() bool { return true }

// limitMemory bounds RLIMIT_DATA: what the process may write to and shares with nobody, as it is reserved: heap and
// stacks, not the mapped file of a model. RLIMIT_AS would count that, and the address space that Go only sets aside.
func limitMemory(bytes int64) error {
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(bytes), Max: uint64(bytes)}))
}

// lowerPriority gives all threads a nice value of 10. On Linux each thread has its own, and a new thread inherits that of
// its creator, so this repeats until no thread is left to change.
func lowerPriority() error {
	const nice = 10
	var done []string
	for changed := true; changed; {
		changed = false
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return err
		}
		for _, t := range tasks {
			id, err := strconv.Atoi(t.Name())
			if err != nil || slices.Contains(done, t.Name()) {
				continue
			}
			done, changed = append(done, t.Name()), true
			// The system call gives 20 less the nice value.
			if is, err := unix.Getpriority(unix.PRIO_PROCESS, id); err == nil && 20-is >= nice {
				continue
			}
			if err := unix.Setpriority(unix.PRIO_PROCESS, id, nice); err != nil && !errors.Is(err, unix.ESRCH) {
				return os.NewSyscallError("setpriority", err)
			}
		}
	}
	return nil
}

// sparesHost makes a system that runs out of memory kill this process before the host. If that is not allowed, nothing
// else changes.
func sparesHost() {
	const preferred = 500
	text, err := os.ReadFile("/proc/self/oom_score_adj")
	if err != nil {
		return
	}
	if is, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil && is >= 0 && is < preferred {
		_ = os.WriteFile("/proc/self/oom_score_adj", []byte(strconv.Itoa(preferred)), fs.FileMode(0o644))
	}
}
