package ragft

import (
	"fmt"
	"io"

	"github.com/ragft/ragft/internal/atomicfile"
)

// replaceFile replaces a file in one step, so that a crash or a full disk leaves
// the old file as it was.
func replaceFile(path string, write func(io.Writer) error) error {
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("ragft: write %s: %w", path, err)
	}
	return nil
}
