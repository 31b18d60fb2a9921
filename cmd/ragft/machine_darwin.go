package main

import "golang.org/x/sys/unix"

// machineMemory is the size of the memory in bytes; macOS does not report simply how much of it is free.
func machineMemory() (free, total uint64) {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0, 0
	}
	return 0, total
}
