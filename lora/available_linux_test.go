//go:build cgo

package lora

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What a control group's files hold in the page cache is no memory that is lacking.
func TestAvailableMemory(t *testing.T) {
	const mib = 1 << 20
	info := "MemTotal:       8388608 kB\nMemFree:          1024 kB\nMemAvailable:    4194304 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  uint64
		known bool
	}{
		"nothing":  {},
		"no field": {files: map[string]string{"proc/meminfo": "MemTotal: 1 kB\n"}},
		"machine":  {files: map[string]string{"proc/meminfo": info}, want: 4096 * mib, known: true},
		"no limit": {files: map[string]string{"proc/meminfo": info, "sys/fs/cgroup/memory.max": "max\n",
			"sys/fs/cgroup/memory.current": "1048576\n"}, want: 4096 * mib, known: true},
		"limit": {files: map[string]string{"proc/meminfo": info, "sys/fs/cgroup/memory.max": "1073741824\n",
			"sys/fs/cgroup/memory.current": "1073741824\n",
			"sys/fs/cgroup/memory.stat":    "anon 104857600\nfile 968884224\ninactive_file 524288000\nactive_file 209715200\n"},
			want: 700 * mib, known: true},
		"above the limit": {files: map[string]string{"proc/meminfo": info, "sys/fs/cgroup/memory.max": "1048576\n",
			"sys/fs/cgroup/memory.current": "2097152\n"}, known: true},
		"limit of a unit": {files: map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/user.slice/run-1.scope\n",
			"sys/fs/cgroup/user.slice/run-1.scope/memory.max":     "1073741824\n",
			"sys/fs/cgroup/user.slice/run-1.scope/memory.current": "314572800\n",
			"sys/fs/cgroup/user.slice/run-1.scope/memory.stat":    "inactive_file 104857600\n"}, want: 824 * mib, known: true},
		"less above it": {files: map[string]string{"proc/meminfo": info, "proc/self/cgroup": "0::/user.slice/run-1.scope\n",
			"sys/fs/cgroup/user.slice/run-1.scope/memory.max":     "1073741824\n",
			"sys/fs/cgroup/user.slice/run-1.scope/memory.current": "0\n",
			"sys/fs/cgroup/user.slice/memory.max":                 "536870912\n",
			"sys/fs/cgroup/user.slice/memory.current":             "104857600\n"}, want: 412 * mib, known: true},
		"version 1": {files: map[string]string{"proc/meminfo": info,
			"proc/self/cgroup":                                     "12:cpu,cpuacct:/\n5:memory:/docker/ab\n0::/system.slice\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":           "9223372036854771712\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":           "1048576\n",
			"sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/docker/ab/memory.usage_in_bytes": "209715200\n",
			"sys/fs/cgroup/memory/docker/ab/memory.stat":           "cache 1\ntotal_active_file 104857600\n"}, want: 924 * mib, known: true},
		"a path of the host": {files: map[string]string{"proc/meminfo": info, "proc/self/cgroup": "5:memory:/docker/ab\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "0\n"}, want: 1024 * mib, known: true},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for path, text := range c.files {
				path = filepath.Join(root, path)
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
			got, known := availableIn(root)
			require.Equal(t, c.known, known)
			require.Equal(t, c.want, got)
		})
	}
	here, known := availableMemory()
	require.True(t, known)
	require.Positive(t, here)
}
