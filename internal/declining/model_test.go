//go:build cgo

package declining_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/declining"
	"github.com/ragft/ragft/internal/refusal"
	"github.com/ragft/ragft/ragft/model/local"
)

// labelled reads the first lines of a file of labelled replies that no rule was written on; see refusal/testdata/README.md.
func labelled(t *testing.T, name string, most int) (replies []declining.Reply, declines []bool) {
	f, err := os.Open(filepath.Join("..", "refusal", "testdata", name+".jsonl"))
	require.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan() && (most == 0 || len(replies) < most); {
		var r struct{ Question, Text, Label, Split string }
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		if r.Split == "test" {
			replies, declines = append(
				replies,
				declining.Reply{Question: r.Question, Text: r.Text},
			), append(
				declines,
				r.Label == "refusal",
			)
		}
	}
	return replies, declines
}

// TestRealModel prints how often a real model and the rules tell refusals from answers, by language:
//
//	RAGFT_REFUSAL_MODEL=MODEL.gguf go test ./internal/declining -run TestRealModel -v -timeout 0
//
// RAGFT_REFUSAL_LINES limits the lines of each file.
func TestRealModel(t *testing.T) {
	path := os.Getenv("RAGFT_REFUSAL_MODEL")
	if path == "" {
		t.Skip("RAGFT_REFUSAL_MODEL names no model")
	}
	most, _ := strconv.Atoi(os.Getenv("RAGFT_REFUSAL_LINES"))
	m, err := local.Open(t.Context(), path, local.Options{})
	require.NoError(t, err)
	defer m.Close()
	for _, name := range []string{"en-second-test", "en-test", "de", "fr", "es", "zh", "ja"} {
		replies, declines := labelled(t, name, most)
		odds, err := declining.LogOdds(t.Context(), m, replies)
		require.NoError(t, err)
		model, rules, helped, unsure := 0, 0, 0, 0
		for i, o := range odds {
			require.False(t, o != o, "no number")
			verdict, lean := refusal.Decide(replies[i].Text)
			ruled := lean == refusal.Declines
			model, rules = model+btoi((o > 0) == declines[i]), rules+btoi(ruled == declines[i])
			if verdict == refusal.Unsure {
				unsure++
				ruled = o > 0
			}
			helped += btoi(ruled == declines[i])
		}
		n := float64(len(replies))
		t.Logf("%-14s %3d lines: model %.3f, rules %.3f, rules with the model on %d unsure ones %.3f",
			name, len(replies), float64(model)/n, float64(rules)/n, unsure, float64(helped)/n)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
