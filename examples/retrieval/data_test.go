//go:build cgo

package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The numbers are numpy's: numpy.random.RandomState(1).permutation(10539)[:5], and of 10.
func TestPermutationIsNumpys(t *testing.T) {
	require.Equal(t, []int{4640, 10537, 2580, 9414, 3338}, permutation(10539)[:5])
	require.Equal(t, []int{2, 9, 6, 4, 0, 3, 1, 7, 8, 5}, permutation(10))
}
