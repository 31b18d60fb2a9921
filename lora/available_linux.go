//go:build cgo

package lora

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// availableMemory is the number of bytes that the process can still take without pushing others out: of the machine, or
// of a control group where that is less.
func availableMemory() (uint64, bool) { return availableIn("/") }

// availableIn reads what the system says below root.
func availableIn(root string) (uint64, bool) {
	kib, ok := readField(filepath.Join(root, "proc/meminfo"), "MemAvailable:")
	if !ok {
		return 0, false
	}
	available := kib << 10
	groups, _ := os.ReadFile(filepath.Join(root, "proc/self/cgroup")) // absent: the root of the groups alone
	for line := range strings.Lines("0::/\n" + string(groups)) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		for _, v := range groupVersions {
			if fields[1] == v.controller {
				available = min(available, v.available(filepath.Join(root, v.mount), fields[2]))
			}
		}
	}
	return available, true
}

// groupVersion says where a version of control groups has a group's memory.
type groupVersion struct {
	controller  string // its name in /proc/self/cgroup
	mount       string
	limit, used string   // files
	cached      []string // fields of memory.stat: counts as used, but is given up when it is needed
}

var groupVersions = []groupVersion{
	{"", "sys/fs/cgroup", "memory.max", "memory.current", []string{"inactive_file ", "active_file "}},
	{"memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes",
		[]string{"total_inactive_file ", "total_active_file "}},
}

// available is the least that a group and those that it is in have left. In a container without a name space of its own
// the path is the host's, of which only the end, mounted as the root, is there.
func (v groupVersion) available(mount, path string) uint64 {
	least := uint64(math.MaxUint64)
	for path = filepath.Clean("/" + path); ; path = filepath.Dir(path) {
		group := filepath.Join(mount, path)
		limit, ok1 := readField(filepath.Join(group, v.limit), "") // absent outside of a control group, "max" without a limit
		used, ok2 := readField(filepath.Join(group, v.used), "")
		if ok1 && ok2 {
			for _, cached := range v.cached {
				n, _ := readField(filepath.Join(group, "memory.stat"), cached)
				used -= min(used, n)
			}
			least = min(least, limit-min(limit, used))
		}
		if path == "/" {
			return least
		}
	}
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
