package main

import (
	"fmt"
	"os"
	"strings"
)

// machineMemory is the memory that is free and that there is, in bytes; 0 where it is not known.
func machineMemory() (free, total uint64) {
	info, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	read := func(key string) (bytes uint64) {
		_, rest, _ := strings.Cut(string(info), key)
		fmt.Sscan(rest, &bytes) //nolint:errcheck // 0 then
		return bytes << 10
	}
	return read("MemAvailable:"), read("MemTotal:")
}
