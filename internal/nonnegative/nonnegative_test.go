package nonnegative

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/opt"
)

type options struct {
	Count  int
	Share  float64
	Seed   uint64
	Scales []float64
	Name   string
	Nested struct{ Count int }
	Least  opt.Value[float64]
}

func TestCheck(t *testing.T) {
	require.NoError(t, Check(options{}))
	require.NoError(t, Check(options{Count: 1, Share: 0.5, Seed: 7, Scales: []float64{0, 1}, Nested: struct{ Count int }{-1}}))
	require.ErrorContains(t, Check(options{Count: -1}), "Count is -1")
	require.ErrorContains(t, Check(options{Share: -0.5}), "Share is -0.5")
	require.ErrorContains(t, Check(options{Share: math.NaN()}), "Share is NaN")
	require.NoError(t, Check(options{Least: opt.Of(0.0)}))
	require.ErrorContains(t, Check(options{Least: opt.Of(-1.5)}), "Least is -1.5")
	require.ErrorContains(t, Check(options{Scales: []float64{1, -2}}), "Scales is -2")
}
