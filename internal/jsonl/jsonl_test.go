package jsonl

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

func TestEach(t *testing.T) {
	got := map[int]string{}
	text := "\xef\xbb\xbf{\"a\":1}\r\n \t \n  {}\t\nlast"
	require.NoError(t, Each("x", strings.NewReader(text), func(number int, line []byte) error {
		got[number] = string(line)
		return nil
	}))
	require.Equal(t, map[int]string{1: `{"a":1}`, 3: "  {}\t", 4: "last"}, got)
}

func TestEachNamesTheBrokenLine(t *testing.T) {
	cause := errors.New("cause")
	for name, c := range map[string]struct{ text, want string }{
		"error of fn": {"ok\n\nbad", "dir/x.jsonl:3: cause"},
		"not UTF-8":   {"ok\n\xff\n", "dir/x.jsonl:2: not UTF-8"},
		"too long":    {"ok\n" + strings.Repeat("x", MaxLine+1), "dir/x.jsonl:2: longer than 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Each("dir/x.jsonl", strings.NewReader(c.text), func(_ int, line []byte) error {
				if string(line) == "bad" {
					return cause
				}
				return nil
			})
			require.EqualError(t, err, c.want)
			require.ErrorIs(t, err, retriever.ErrBadLine)
			var bad *retriever.LineError
			require.ErrorAs(t, err, &bad)
			require.Equal(t, "dir/x.jsonl", bad.Path)
		})
	}
}

// An error of the disk does not make the file a bad one.
func TestEachTellsReadErrorsApart(t *testing.T) {
	full := errors.New("input/output error")
	for name, want := range map[string]string{"": "line 2: input/output error", "x": "x:2: input/output error"} {
		r := io.MultiReader(strings.NewReader("ok\n"), iotest.ErrReader(full))
		err := Each(name, r, func(int, []byte) error { return nil })
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, full)
		require.NotErrorIs(t, err, retriever.ErrBadLine)
	}
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, Write(&out, []string{"a <b> & c", "d"}))
	require.Equal(t, "\"a <b> & c\"\n\"d\"\n", out.String())

	longest := strings.Repeat("x", MaxLine-len("\"\"\n"))
	out.Reset()
	require.NoError(t, Write(&out, []string{longest}))
	require.NoError(t, Each("", &out, func(_ int, line []byte) error {
		require.Len(t, line, MaxLine-1)
		return nil
	}))

	err := Write(io.Discard, []string{"a", longest + "x"})
	require.EqualError(t, err, "line 2: 8388609 bytes long; the limit is 8388608")
	require.ErrorContains(t, Write(io.Discard, []any{func() {}}), "line 1: json: unsupported type")
}
