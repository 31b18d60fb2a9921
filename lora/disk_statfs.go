//go:build cgo && (linux || darwin)

package lora

import "syscall"

// freeSpace returns the bytes that an ordinary user may still write to the file system of a folder, and whether it is
// known.
func freeSpace(dir string) (uint64, bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
