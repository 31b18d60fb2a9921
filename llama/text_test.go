//go:build cgo

package llama

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestStream(t *testing.T) {
	tests := []struct {
		name    string
		stops   []string
		pieces  []string
		emitted []string
		stopped bool
	}{
		{"plain", nil, []string{"a", "b"}, []string{"a", "b"}, false},
		{"stop in one piece", []string{"END"}, []string{"abENDcd"}, []string{"ab"}, true},
		{"stop over pieces", []string{"END"}, []string{"ab E", "N", "D c"}, []string{"ab "}, true},
		{"false start", []string{"END"}, []string{"E", "N", "T"}, []string{"ENT"}, false},
		{"false start at the end", []string{"END"}, []string{"xE", "N"}, []string{"x", "EN"}, false},
		{"first of two stops", []string{"lo w", "hel"}, []string{"oh hello w"}, []string{"oh "}, true},
		{"overlapping starts", []string{"aab"}, []string{"a", "a", "a", "b"}, []string{"a"}, true},
		{"character over pieces", nil, []string{"\xe2", "\x82", "\xac!"}, []string{"€!"}, false},
		{"stop is a character over pieces", []string{"€"}, []string{"a\xe2", "\x82\xac"}, []string{"a"}, true},
		{"no character", nil, []string{"a\xff", "b\x80\x80"}, []string{"a\uFFFD", "b\uFFFD\uFFFD"}, false},
		{"unfinished at the end", nil, []string{"a\xe2\x82"}, []string{"a"}, false},
		{"broken off by another", nil, []string{"\xe2\x82", "b"}, []string{"\uFFFD\uFFFDb"}, false},
		{"stop right away", []string{"a"}, []string{"a"}, nil, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var emitted []string
			s := newStream(test.stops, func(text string) { emitted = append(emitted, text) })
			stopped := false
			for _, p := range test.pieces {
				if stopped = s.push(p); stopped {
					break
				}
			}
			s.finish()
			require.Equal(t, test.emitted, emitted)
			require.Equal(t, test.stopped, stopped)
			require.Equal(t, strings.Join(emitted, ""), s.text.String())
		})
	}
}

// FuzzStream compares with the definition: the text up to the first stop string that is complete, whatever
// the pieces are.
func FuzzStream(f *testing.F) {
	f.Add([]byte("hello wor€ld"), "wor", "lo w", byte(2))
	f.Add([]byte("aaab\xe2\x82"), "aab", "", byte(1))
	f.Add([]byte("\xe2\x82\xe2\x82\xac"), "\x82\xac", "€", byte(1))
	f.Fuzz(func(t *testing.T, text []byte, stop1, stop2 string, size byte) {
		var stops []string
		for _, stop := range []string{stop1, stop2} {
			if stop != "" {
				stops = append(stops, stop)
			}
		}
		var emitted strings.Builder
		s := newStream(stops, func(piece string) {
			require.True(t, utf8.ValidString(piece))
			require.NotEmpty(t, piece)
			emitted.WriteString(piece)
		})
		var said []byte
		stopped := false
		for rest := text; len(rest) > 0 && !stopped; {
			n := min(int(size%7)+1, len(rest))
			said = append(said, rest[:n]...)
			stopped = s.push(string(rest[:n]))
			rest = rest[n:]
		}
		s.finish()
		want := said
		for _, stop := range stops {
			if at := bytes.Index(said, []byte(stop)); at >= 0 {
				want = want[:min(at, len(want))]
			}
		}
		require.Equal(t, len(want) < len(said), stopped)
		want = want[:len(want)-unfinished(want)]
		require.Equal(t, string([]rune(string(want))), s.text.String())
		require.Equal(t, emitted.String(), s.text.String())
	})
}
