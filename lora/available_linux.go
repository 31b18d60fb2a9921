//go:build cgo

package lora

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// availableMemory is the number of bytes that the process can still take without pushing others out: of the machine, or
// of the control group where that is less.
func availableMemory() (uint64, bool) { return availableIn("/") }

// availableIn reads what the system says below root.
func availableIn(root string) (uint64, bool) {
	kib, ok := readField(filepath.Join(root, "proc/meminfo"), "MemAvailable:")
	if !ok {
		return 0, false
	}
	available := kib << 10
	group := filepath.Join(root, "sys/fs/cgroup")
	limit, ok1 := readField(filepath.Join(group, "memory.max"), "") // absent outside of a control group, "max" without a limit
	used, ok2 := readField(filepath.Join(group, "memory.current"), "")
	if ok1 && ok2 {
		for _, cached := range []string{"inactive_file ", "active_file "} { // counts as used, but is given up when it is needed
			n, _ := readField(filepath.Join(group, "memory.stat"), cached)
			used -= min(used, n)
		}
		available = min(available, limit-min(limit, used))
	}
	return available, true
}

// readField returns the number that follows the key at the beginning of a line.
func readField(path, key string) (uint64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		rest, found := strings.CutPrefix(line, key)
		if !found {
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) == 0 {
			return 0, false
		}
		n, err := strconv.ParseUint(fields[0], 10, 64)
		return n, err == nil
	}
	return 0, false
}
