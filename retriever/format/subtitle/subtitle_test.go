package subtitle

import (
	"strings"
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
		{"If speed < 30 and load > 5, <i>stop</>.", "If speed < 30 and load > 5, stop.", "If speed < 30 and load > 5, stop."},
		{"Load <5 or> 6 <- left", "Load <5 or> 6 <- left", "Load <5 or> 6 <- left"},
		{`<font color="#fff">{\an8}White</font>`, "White", "White"},
	} {
		for head, want := range map[string]string{"WEBVTT": test.web, "1": test.srt} {
			text := head + "\n\n00:00:01.000 --> 00:00:02.000\n" + test.line + "\n"
			doc, err := reader{}.Read(t.Context(), "a", text)
			require.NoError(t, err)
			require.Equal(t, want, doc.Text, head)
		}
	}
}

// A blank line ends the text of WebVTT. That of SRT ends at the next number with a time.
func TestBlankLines(t *testing.T) {
	const srt = "1\n00:00:01,000 --> 00:00:02,000\nThe pilot is\n\nHal Quist.\n\n42\n\n2\n00:00:03,000 --> 00:00:04,000\n" +
		"Since\n1990\n3\n00:00:05,000 --> 00:00:06,000\n\nThe buoy is\n7"
	const vtt = "WEBVTT\n\nNOTE none\n\n00:01.000 --> 00:02.000\nSince\n1990\n\nintro\n00:03.000 --> 00:04.000\nThe pilot.\n\nNOTE none\n"
	for text, want := range map[string]string{
		srt: "The pilot is\nHal Quist.\n42\nSince\n1990\nThe buoy is\n7", vtt: "Since\n1990\nThe pilot.",
	} {
		for _, end := range []string{"\n", "\r\n", "\r", "\r\r\n"} {
			doc, err := reader{}.Read(t.Context(), "a", strings.ReplaceAll(text, "\n", end))
			require.NoError(t, err)
			require.Equal(t, want, doc.Text, "%q", end)
		}
	}
}
