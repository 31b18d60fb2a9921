// Package filestamp tells whether a file has changed, without reading it.
package filestamp

import (
	"os"
	"time"
)

// Stamp changes, in most cases, when a file does.
type Stamp struct {
	Size     int64
	Modified int64 // nanoseconds
	Changed  int64 // nanoseconds; 0 where the system does not tell
	ID       uint64
}

// Of returns the stamp of a file.
func Of(path string, info os.FileInfo) Stamp {
	s := Stamp{Size: info.Size(), Modified: info.ModTime().UnixNano()}
	s.Changed, s.ID = identity(path, info)
	return s
}

// settling is how long before a look a file may have changed so that a later change could have the same times.
const settling = 2 * time.Second

// Settled says whether any change after the look, in nanoseconds, would have changed the times.
func (s Stamp) Settled(looked int64) bool {
	return max(s.Modified, s.Changed) < looked-int64(settling)
}
