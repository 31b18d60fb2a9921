//go:build cgo

package main

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/ragft/eval"
	"github.com/stretchr/testify/require"
)

func TestRowsAtTheSameFalseRefusals(t *testing.T) {
	curve := func(absent float64) []eval.TradeoffPoint {
		return []eval.TradeoffPoint{
			{Threshold: 0, MadeUpAbsent: 1, MadeUpAltered: 1, Correct: 0.5},
			{Threshold: 0.4, FalseRefusals: 0.08, MadeUpAbsent: absent, MadeUpAltered: 0.8, Correct: 0.4},
			{Threshold: 0.5, FalseRefusals: 0.12, MadeUpAltered: 0.1, Correct: 0.1},
		}
	}
	var b strings.Builder
	writeAtTarget(&b, []*outcome{
		{Arm: "untuned", Seed: 1}, // has no rule
		{Arm: "default", Seed: 1, Curve: curve(0.1)}, {Arm: "default", Seed: 2, Curve: curve(0.3)},
	})
	require.NotContains(t, b.String(), "untuned")
	require.Contains(t, b.String(), "| default | 1 | 8.0 | 10.0 | 80.0 | 40.0 |\n")
	require.Contains(t, b.String(), "| default | 2 | 8.0 | 30.0 | 80.0 | 40.0 |\n")
	require.Contains(t, b.String(), "| default | mean | 8.0 | 20.0 | 80.0 | 40.0 |\n")
	b.Reset()
	writeAtTarget(&b, []*outcome{{Arm: "untuned", Seed: 1}})
	require.Empty(t, b.String())
}
