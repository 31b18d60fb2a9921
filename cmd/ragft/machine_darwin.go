package main

import "golang.org/x/sys/unix"

// machineMemory is the memory that there is, in bytes; what of it is free macOS does not tell so simply.
func machineMemory() (free, total uint64) {
	total, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return 0, 0
	}
	return 0, total
}
