package words

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRougeL(t *testing.T) {
	// The examples of Lin (2004), section 3.1: without articles, the first candidate
	// shares "police gunman" with "police killed the gunman".
	require.InDelta(t, 2.0/3, RougeL("police kill the gunman", []string{"police killed the gunman"}), 1e-12)
	// "the gunman kill police" shares one token in order: P = R = 1/3.
	require.InDelta(t, 1.0/3, RougeL("the gunman kill police", []string{"police killed the gunman"}), 1e-12)
	// a b c d against a x c: common "a c" = 2, P = 2/4, R = 2/3 -> 4/7; "a" would be dropped, so w.
	require.InDelta(t, 4.0/7, RougeL("w b c d", []string{"w x c"}), 1e-12)
	require.Equal(t, 1.0, RougeL("mill", []string{"inn", "the mill"}))
	require.Equal(t, 0.0, RougeL("", []string{"mill"}))
	long := strings.Repeat("w ", 100_000)
	require.Equal(t, 1.0, RougeL(long, []string{long}), "long texts are cut, not refused")
}
