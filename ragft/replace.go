package ragft

import (
	"fmt"
	"io"

	"github.com/ragft/ragft/internal/aside"
)

// replaceFile writes a file aside, syncs it and renames it into place, so that
// a crash or a full disk leaves the old file as it was.
func replaceFile(path string, write func(io.Writer) error) error {
	if err := aside.WriteFile(path, write); err != nil {
		return fmt.Errorf("ragft: write %s: %w", path, err)
	}
	return nil
}
