package publish

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ollama/ollama/api"
	names "github.com/ollama/ollama/types/model"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/ollamatest"
)

// Two programs that publish under one name at once have a trial each: neither asks or removes that of the other.
func TestTrialsAreApart(t *testing.T) {
	s, url := ollamatest.Start(t)
	s.Models["base:latest"] = api.CreateRequest{}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	var both sync.WaitGroup
	for range 4 {
		both.Go(func() {
			_, err := Publish(t.Context(), Options{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	asked := map[string]bool{}
	for _, name := range s.Asked {
		asked[name] = true
	}
	require.Len(t, asked, 4)
	require.Contains(t, s.Models, "notes:latest")
	requireNoTrial(t, s)
}

// A trial of a program that was killed is removed by a later one, and one that may still run is not.
func TestAbandonedTrialsAreRemoved(t *testing.T) {
	s, url := ollamatest.Start(t)
	s.Models["base:latest"] = api.CreateRequest{}
	adapter := writeGGUF(t, map[string]any{"general.type": "adapter"})
	old, fresh := trialName("notes", time.Now().Add(-2*abandonedAfter)), trialName("notes", time.Now())
	other, own := trialName("others", time.Now().Add(-2*abandonedAfter)), "notes:latest-unproven"
	for _, name := range []string{old, fresh, other, own} {
		s.Models[name] = api.CreateRequest{}
	}
	_, err := Publish(t.Context(), Options{BaseURL: url, Name: "notes", From: "ollama:base", Adapter: adapter})
	require.NoError(t, err)
	require.NotContains(t, s.Models, old)
	for _, name := range []string{fresh, other, own} {
		require.Contains(t, s.Models, name)
	}
}

// Merged models of a killed program, which take gigabytes, are removed by a later one.
func TestAbandonedMergesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	old, fresh, other := filepath.Join(folder, mergePrefix+"1"), filepath.Join(folder, mergePrefix+"2"), filepath.Join(folder, "merged")
	for _, dir := range []string{old, fresh, other} {
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "model.gguf"), nil, 0o600))
	}
	then := time.Now().Add(-2 * abandonedAfter)
	for _, dir := range []string{old, other} {
		require.NoError(t, os.Chtimes(dir, then, then))
	}
	removeAbandonedMerges(folder)
	require.NoDirExists(t, old)
	require.DirExists(t, fresh)
	require.DirExists(t, other)
}

func TestTrialNamesAreValid(t *testing.T) {
	for _, model := range []string{"notes", "me/notes:v2", "notes:" + strings.Repeat("x", 80)} {
		trial := trialName(model, time.Now())
		require.True(t, names.ParseName(trial).IsValid(), trial)
		require.NotNil(t, trialTag.FindStringSubmatch(names.ParseName(trial).Tag))
	}
}
