package layout

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSplitDocuments(t *testing.T) {
	for _, text := range []string{"", "Question: Who?", "Document 1: a", "x\n\nDocument 1: a\n\nQuestion: b"} {
		passages, question := SplitDocuments(text)
		require.Nil(t, passages, text)
		require.Empty(t, question)
	}
}
