//go:build cgo

package lora

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// A checkpoint whose bytes changed on the disk is not taken up.
func TestRottenCheckpoint(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	path := filepath.Join(t.TempDir(), "state")
	tr, err := NewTrainer(context.Background(), model, testConfig())
	require.NoError(t, err)
	defer tr.Close()
	require.NoError(t, tr.SaveState(path, "run", map[string]float64{"x": 1.5, "nan": math.NaN()}))
	values, err := tr.LoadState(path, "run")
	require.NoError(t, err)
	require.Equal(t, 1.5, values["x"])
	require.True(t, math.IsNaN(values["nan"]))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)-100] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o644))
	_, err = tr.LoadState(path, "run")
	require.ErrorIs(t, err, ErrCheckpoint)
	require.ErrorContains(t, err, "checksum")
	_, err = tr.LoadState(path, "another")
	require.ErrorContains(t, err, "another model")
}

// A step or a value that was changed, added or removed is not taken up either.
func TestAlteredCheckpoint(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	path := filepath.Join(t.TempDir(), "state")
	tr, err := NewTrainer(context.Background(), model, testConfig())
	require.NoError(t, err)
	defer tr.Close()
	require.NoError(t, tr.SaveState(path, "run", map[string]float64{"x": 1.5, "y": 2}))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	for old, altered := range map[string]string{
		"ragft.value.x":                    "ragft.valux.x",                    // a value less
		"ragft.value.y":                    "ragft.value.z",                    // another one
		"\x00\x00\x00\x00\x00\x00\xf8\x3f": "\x00\x00\x00\x00\x00\x00\xf9\x3f", // x
	} {
		require.Equal(t, 1, bytes.Count(good, []byte(old)), "%q", old)
		require.NoError(t, os.WriteFile(path, bytes.Replace(good, []byte(old), []byte(altered), 1), 0o644))
		_, err = tr.LoadState(path, "run")
		require.ErrorIs(t, err, ErrCheckpoint, "%q", altered)
	}
	at := bytes.Index(good, []byte("ragft.step")) + len("ragft.step") + 4 // behind the type
	data := bytes.Clone(good)
	data[at]++
	require.NoError(t, os.WriteFile(path, data, 0o644))
	_, err = tr.LoadState(path, "run")
	require.ErrorIs(t, err, ErrCheckpoint, "another step")
}

// Until a checkpoint is written none of its tensors is held: they are read one at a time.
func TestCheckpointIsStreamed(t *testing.T) {
	c := testConfig()
	c.Rank = 32
	tr, err := NewTrainer(context.Background(), testmodel.New(t, testSpec("llama", gguf.F32)), c)
	require.NoError(t, err)
	defer tr.Close()
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	w := createFile(filepath.Join(t.TempDir(), "state"))
	defer w.drop()
	before := held()
	require.NoError(t, tr.addState(w, "run", nil, nil))
	require.Less(t, held(), before+uint64(tr.plan.bytes())/2)
	require.NoError(t, w.commit())
	_, err = tr.LoadState(w.path, "run")
	require.NoError(t, err)
}

// A caller that is killed before it has stored that a run is done repeats only its last steps, and gets the same adapter and loss.
func TestKeptCheckpoint(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := testConfig()
	c.KeepCheckpoint, c.CheckpointEvery = true, opt.Of(2)
	odd := true
	c.StepLoss = func(l Losses) float64 { // as of steps some of which have nothing to count
		if odd = !odd; odd {
			return math.NaN()
		}
		return 2 * l.Loss
	}
	want, err := Train(t.Context(), model, adapter, c, counting(60), nil)
	require.NoError(t, err)
	data, err := os.ReadFile(adapter)
	require.NoError(t, err)
	odd = want.Steps%2 == 1 // as it was after the last checkpoint, at an even step
	again, err := Train(t.Context(), model, adapter, c, counting(60), nil)
	require.NoError(t, err)
	require.GreaterOrEqual(t, again.Resumed, want.Steps-2)
	require.InEpsilon(t, want.Loss, again.Loss, 1e-12)
	got, err := os.ReadFile(adapter)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got))
	require.FileExists(t, adapter+checkpointSuffix)
}
