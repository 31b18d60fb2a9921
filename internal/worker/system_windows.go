package worker

import (
	"os"
	"os/exec"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// hideWindow keeps the child of a program without a console from opening one.
func hideWindow(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{HideWindow: true, CreationFlags: windows.CREATE_NO_WINDOW}
}

// takeStdio takes standard input and output for the messages. Other output of Go goes to standard error; output of C does
// not, and the host ignores it.
func takeStdio() (in, out *os.File, err error) {
	in, out = os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	os.Stdin, err = os.Open(os.DevNull)
	return in, out, err
}

// CanLimitMemory says whether this system enforces a memory limit for a child.
func CanLimitMemory() bool { return true }

// limitMemory bounds the memory that this process commits, by a job object of its own.
func limitMemory(bytes int64) error {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return os.NewSyscallError("CreateJobObject", err)
	}
	limit := windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION{ProcessMemoryLimit: uintptr(bytes)}
	limit.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_PROCESS_MEMORY
	if _, err := windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limit)), uint32(unsafe.Sizeof(limit))); err != nil {
		return os.NewSyscallError("SetInformationJobObject", err)
	}
	return os.NewSyscallError("AssignProcessToJobObject", windows.AssignProcessToJobObject(job, windows.CurrentProcess()))
}

func lowerPriority() error {
	return os.NewSyscallError("SetPriorityClass",
		windows.SetPriorityClass(windows.CurrentProcess(), windows.BELOW_NORMAL_PRIORITY_CLASS))
}

// sparesHost has nothing to do: Windows refuses memory and kills nobody.
func sparesHost() {}
