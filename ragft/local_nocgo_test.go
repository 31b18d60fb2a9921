//go:build !cgo

package ragft_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// Without llama.cpp, what needs it says what to do.
func TestWithoutLlama(t *testing.T) {
	note := filepath.Join(t.TempDir(), "light.md")
	require.NoError(t, os.WriteFile(note, []byte("Mara Venn keeps the light.\n"), 0o644))
	p, err := ragft.Open(t.Context(), ragft.Config{Dir: t.TempDir(), Documents: note, Model: note})
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	_, trained := p.Train(t.Context())
	_, merged := p.Merge(t.Context())
	_, asked := p.Assistant(t.Context())
	for _, err := range []error{trained, merged, asked, p.Serve(t.Context(), nil)} {
		require.ErrorIs(t, err, ragft.ErrMissing)
		require.ErrorContains(t, err, "run build.sh and build it with CGO_ENABLED=1")
	}
}
