package charsets

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
)

// What stands after the first 64 KiB decides as much as what stands before.
func TestTheWholeTextIsJudged(t *testing.T) {
	ascii := strings.Repeat("The keeper of the light writes a line each day.\n", 2000)
	is := func(want, data string) {
		text, ok := Text(data)
		require.True(t, ok && text == want, "%t: %.60q", ok, strings.TrimPrefix(text, ascii))
	}
	is(ascii+"Café, schön, naïve, déjà vu, Ærø. \uFFFD Übrig.", ascii+"Café, schön, naïve, déjà vu, Ærø. \xff Übrig.")

	// A character is not broken because the first 64 KiB end in it.
	for shift := range 3 {
		data := strings.Repeat("a", headBytes-shift-1) + "日本 \xff " + strings.Repeat("灯台", 10)
		is(strings.ToValidUTF8(data, "\uFFFD"), data)
	}

	const russian = "Смотритель маяка записывает погоду каждый день, и каждую ночь он зажигает огонь. "
	encoded, err := charmap.Windows1251.NewEncoder().String(strings.Repeat(russian, 20))
	require.NoError(t, err)
	is(ascii+strings.Repeat(russian, 20), ascii+encoded)

	encoded, err = japanese.ISO2022JP.NewEncoder().String(strings.Repeat("灯台の番人は田中です。", 20))
	require.NoError(t, err)
	is(ascii+strings.Repeat("灯台の番人は田中です。", 20), ascii+encoded)
}
