package selfdemo

import (
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestRowFiles(t *testing.T) {
	questions, search, model := inn()
	got, err := Generate(t.Context(), model, search, questions, Options{Policy: Policy{MaxRefusals: 1}})
	require.NoError(t, err)
	require.NotEmpty(t, got.Rows)
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, rows.WriteFile(path, got.Rows))
	again, err := rows.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, got.Rows, again)
}
