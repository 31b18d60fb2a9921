package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// Nothing of a text can command a terminal, however it is written in pieces.
func TestControlCharactersAreEscaped(t *testing.T) {
	for text, want := range map[string]string{
		"Osk\tVarley\n":                            "Osk\tVarley\n",
		"Tür, 日本, 😀, e\u0301":                      "Tür, 日本, 😀, e\u0301",
		"\x1b[2J\x1b]0;title\x07":                  `\x1b[2J\x1b]0;title\x07`,
		"\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\": `\x1b]8;;http://x\x1b\link\x1b]8;;\x1b\`,
		"\x1b]52;c;aGk=\x07":                       `\x1b]52;c;aGk=\x07`,
		"shown\rhidden":                            `shown\rhidden`,
		"\u009b2J \u0085":                          `\u009b2J \u0085`,
		"\x9b2J \xff":                              `\x9b2J \xff`,
		"back\b\x7f\x00":                           `back\x08\u007f\x00`,
	} {
		for size := 1; size <= len(text); size++ {
			var out bytes.Buffer
			v := &visible{w: &out}
			for i := 0; i < len(text); i += size {
				n, err := v.Write([]byte(text[i:min(i+size, len(text))]))
				require.NoError(t, err)
				require.Equal(t, min(size, len(text)-i), n)
			}
			require.Equal(t, want, out.String(), "%q in pieces of %d", text, size)
		}
	}

	// JSON stays JSON, of the same value.
	var out bytes.Buffer
	said := map[string]string{"answer": "\x1b[2J \u009b \r\n ü"}
	for r := range rune(0x100) {
		said["answer"] += string(r)
	}
	require.NoError(t, json.NewEncoder(&visible{w: &out}).Encode(said))
	var got map[string]string
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	require.Equal(t, said, got)
	require.NotRegexp(t, `[\x7f-\x9f]`, out.String())
}

// What a command prints goes through it, errors too.
func TestCommandsPrintNoControlCharacters(t *testing.T) {
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{"index", "no\x1b[2Jsuch\u009b", "-p", t.TempDir()}, &bytes.Buffer{}, &out, &errs)
	require.NotZero(t, code)
	require.Contains(t, errs.String(), `such\u009b`)
	require.NotContains(t, errs.String()+out.String(), "\x1b")
}
