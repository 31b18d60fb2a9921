//go:build !linux && !darwin && !freebsd && !netbsd && !windows

package filestamp

import "os"

// identity returns nothing where the system is not known: size and time of writing decide alone.
func identity(string, os.FileInfo) (changed int64, id uint64) { return 0, 0 }
