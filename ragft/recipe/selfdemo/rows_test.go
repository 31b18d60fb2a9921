package selfdemo

import (
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

func TestRowFiles(t *testing.T) {
	questions, search, model := inn()
	got, err := generate(t.Context(), model, search, questions, Recipe{Policy: Policy{MaxRefusals: opt.Of(1.0)}})
	require.NoError(t, err)
	require.NotEmpty(t, got.rows)
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	require.NoError(t, rows.WriteFile(path, got.rows))
	again, err := rows.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, got.rows, again)
}
