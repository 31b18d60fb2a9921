package subtitle

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// WebVTT tells who speaks, and writes characters as HTML does. SRT does neither.
func TestVoicesAndCharacters(t *testing.T) {
	for _, test := range []struct{ line, web, srt string }{
		{"<v Ann>The buoy &amp; the mast.</v>", "Ann: The buoy & the mast.", "The buoy &amp; the mast."},
		{"<v.loud.far Ann &amp; Bo>Ahoy!", "Ann & Bo: Ahoy!", "Ahoy!"},
		{"5 &lt; <i>6</i>&nbsp;&#8364;", "5 < 6\u00a0€", "5 &lt; 6&nbsp;&#8364;"},
		{"<v>Nobody", "Nobody", "Nobody"},
		{"<c.voice>Colour</c> <00:01.500>and time", "Colour and time", "Colour and time"},
	} {
		for head, want := range map[string]string{"WEBVTT": test.web, "1": test.srt} {
			text := head + "\n\n00:00:01.000 --> 00:00:02.000\n" + test.line + "\n"
			doc, err := reader{}.Read(t.Context(), "a", text)
			require.NoError(t, err)
			require.Equal(t, want, doc.Text, head)
		}
	}
}
