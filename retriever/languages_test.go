package retriever

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLanguagesNeedTheirPackage runs in a program that has not imported retriever/language.
func TestLanguagesNeedTheirPackage(t *testing.T) {
	_, err := NewMemory(IndexOptions{Analyzer: Languages})
	require.ErrorIs(t, err, ErrOptions)
	require.ErrorContains(t, err, "import it")
}
