//go:build cgo

package ragft_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// The training is not up to date as long as its rule is not, and a second call fits it.
func TestStatusKnowsTheRule(t *testing.T) {
	c := tiny(t)
	p := trained(t, c)
	c.Decide.FalseRefusals = 0.3
	p = open2(t, p, c)
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "the rule is to be fitted: decide.false-refusals was 0.1 and is 0.3")
	_, err := p.Train(t.Context())
	require.NoError(t, err)
	requireState(t, p, ragft.StepTrain, ragft.StateCurrent, "")

	file := p.Path("steps.json") // as after an interruption before it was fitted
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var steps map[string]any
	require.NoError(t, json.Unmarshal(data, &steps))
	delete(steps, "decide")
	data, err = json.Marshal(steps)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, data, 0o600))
	requireState(t, p, ragft.StepTrain, ragft.StateStale, "not done yet")
}

// What cannot be read is told of where it is needed, and the other steps have a state all the same.
func TestStatusOfDamage(t *testing.T) {
	c := tiny(t)
	p, _ := demonstrated(t, c)
	require.NoError(t, os.WriteFile(p.Path("rows.jsonl"), []byte("{"), 0o600))
	all := status(t, p)
	require.True(t, all[ragft.StepTrain].Broken)
	require.Contains(t, all[ragft.StepTrain].Reason, "rows.jsonl:1")
	require.Equal(t, ragft.StateCurrent, all[ragft.StepIndex].State)

	p = open2(t, p, c)
	require.NoError(t, filepath.WalkDir(p.Path("index"), func(name string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return os.WriteFile(name, []byte("damaged"), 0o600)
	}))
	all = status(t, p)
	require.Len(t, all, 6)
	require.True(t, all[ragft.StepIndex].Broken)
	require.Contains(t, all[ragft.StepIndex].Reason, "damaged")
	require.Equal(t, ragft.StateCurrent, all[ragft.StepQuestions].State)
}
