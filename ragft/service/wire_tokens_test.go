//go:build cgo

package service

import (
	"net"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/llama"
)

func chosen(tokens ...llama.Token) []llama.ChosenToken {
	var out []llama.ChosenToken
	for _, t := range tokens {
		out = append(out, llama.ChosenToken{TokenLogProb: llama.TokenLogProb{Token: t}})
	}
	return out
}

// lastStart returns where the last character of a text begins.
func lastStart(text string) int {
	i := len(text) - 1
	for i > 0 && !utf8.RuneStart(text[i]) {
		i--
	}
	return i
}

// validEnd reports whether the last character of a text is complete.
func validEnd(text string) bool { return utf8.FullRuneInString(text[lastStart(text):]) }

func dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c.(*net.TCPConn)
}
