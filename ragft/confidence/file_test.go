package confidence

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBrokenCalibrationFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "calibration.json")
	for _, text := range []string{"", "{}", `{"calibrator": {"names": ["x"], "mean": [], "scale": [1], "weight": [1]}}`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := ReadFile(path)
		require.ErrorContains(t, err, path)
	}
	_, err := ReadFile(path + "x")
	require.ErrorIs(t, err, os.ErrNotExist)
}
