package plural

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestN(t *testing.T) {
	require.Equal(t, "0 passages", N(0, "passage"))
	require.Equal(t, "1 passage", N(1, "passage"))
	require.Equal(t, "2 passages", N(2, "passage"))
	require.Equal(t, "1 test question", N(1, "test question"))
	require.Equal(t, "3 replies", N(3, "reply"))
	require.Equal(t, "2 days", N(2, "day"))
	require.Equal(t, "4 branches", N(4, "branch"))
	require.Equal(t, "4 losses", N(4, "loss"))
	require.Equal(t, "1 loss", N(1, "loss"))
	require.Equal(t, "is are are", Pick(1, "is", "are")+" "+Pick(0, "is", "are")+" "+Pick(2, "is", "are"))
}

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 KiB", 2048: "2 KiB", 5 << 20: "5 MiB", 3 << 29: "1.5 GiB", 24 << 30: "24 GiB",
	} {
		require.Equal(t, want, Bytes(n))
	}
}
