package figures

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWrapName(t *testing.T) {
	require.Equal(t, "short", WrapName("short", 14))
	require.Equal(t, "tuned with\ndocuments", WrapName("tuned with documents", 14))
	require.Equal(t, "exactlyfourtee\nn", WrapName("exactlyfourteen", 14))
	require.Equal(t, "fourteen chars\nmore", WrapName("fourteen chars more", 14))
}
