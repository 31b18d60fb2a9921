package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/stretchr/testify/require"
)

func TestEvaluateIsReproducible(t *testing.T) {
	var a, b, c bytes.Buffer
	require.NoError(t, resultsOf(t, fixture.Village()).writeJSON(&a))
	require.NoError(t, resultsOf(t, fixture.Village()).writeJSON(&b))
	require.Equal(t, a.String(), b.String())
	other := fixture.Village()
	other.Seed = 2
	require.NoError(t, resultsOf(t, other).writeJSON(&c))
	require.NotEqual(t, a.String(), c.String(), "the seed draws other samples")
}

func TestEvaluationJSON(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	var data bytes.Buffer
	require.NoError(t, e.writeJSON(&data))
	back, err := read(bytes.NewReader(data.Bytes()))
	require.NoError(t, err)
	require.Equal(t, e.Text(), back.Text())
	require.Equal(t, e.Systems[0].Records, back.Systems[0].Records)
	require.Equal(t, e.Questions, back.Questions)
	require.Equal(t, e.Systems[0].Matrix, back.Systems[0].Matrix)

	_, err = read(strings.NewReader(`{"questions": [{"id": "a"}], "systems": [{"name": "s"}]}`))
	require.ErrorContains(t, err, `"s" has 0 records for 1 questions`)
	_, err = read(strings.NewReader(`{"robustness": [null]}`))
	require.ErrorContains(t, err, "a robustness result is empty")
	_, err = read(strings.NewReader(`{`))
	require.Error(t, err)
	_, err = read(strings.NewReader(`{"comparisons": [{"base": "x"}]}`))
	require.ErrorContains(t, err, `"x"`)

	path := filepath.Join(t.TempDir(), "evaluation.json")
	require.NoError(t, e.WriteFile(path))
	back, err = ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, e.Text(), back.Text())
	require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
	_, err = ReadFile(path)
	require.ErrorContains(t, err, path)
	_, err = ReadFile(filepath.Join(path, "none"))
	require.Error(t, err)
}
