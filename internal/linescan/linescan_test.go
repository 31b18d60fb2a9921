package linescan

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestLineEnds(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	text := "a\rb\nc\r\nd\r\r\n\n" + long + "\r\ne"
	want := []string{"a", "b", "c", "d", "", "", long, "e"}
	for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "bytes": iotest.OneByteReader(strings.NewReader(text))} {
		s := New(r, len(long))
		var got []string
		for {
			line, err := s.Next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			got = append(got, string(line))
		}
		require.Equal(t, want, got, name)
	}
	_, err := New(strings.NewReader(long+"y\n"), len(long)).Next()
	require.ErrorIs(t, err, ErrLong)
}
