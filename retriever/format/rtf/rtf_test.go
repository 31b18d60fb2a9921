package rtf

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

func read(t *testing.T, text string) retriever.Document {
	t.Helper()
	doc, err := reader{}.Read(t.Context(), "a.rtf", text)
	require.NoError(t, err)
	return doc
}

func TestText(t *testing.T) {
	const fonts = `{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 MS Mincho;}{\f3\fcharset2 Wingdings;}` +
		`{\f4\fcharset77 Geneva;}}`
	for body, want := range map[string]string{
		`One.\par Two\line more.\par\pard Three`: "One.\n\nTwo\nmore.\n\nThree",
		"One li\nne.\\\nTwo.":                    "One line.\n\nTwo.",
		`a\{b\}c\\d`:                             `a{b}c\d`,
		// Characters by number, with a fallback of one, of none and of two characters.
		`\u8364?5 \u8364\'80 \uc0\u8364 {\uc2\u8364 EU}x`: "€5 € €€x",
		`\u-10179?\u-8704?`: "\U0001f600",
		`{\uc1\u1087?}rest`: "пrest",
		`\u-4089? sign`:     "sign",
		// Bytes in the code page of the file, or of the font.
		`caf\'e9 \'80`:                                    "café €",
		fonts + `\f1\'cf\'f0\'e8 \f0\'e9`:                 "При é",
		fonts + `{\f2\'93\'fa\'96\'7b\'83A}`:              "日本ア",
		fonts + `{\f3\'fc qqq}done`:                       "done",
		fonts + `{\f4\'8e}`:                               "é",
		`\ansicpg1251 \'cf`:                               "П",
		`\mac \'8e`:                                       "é",
		`\pc \'82`:                                        "é",
		"\\ansicpg65001 caf\xc3\xa9":                      "café",
		"\\ansicpg99999 caf\xe9":                          "café",
		`\ldblquote a\rdblquote\~b\_c\-d\emdash e\endash`: "“a”\u00a0b-cd—e–",
		// What is not text.
		`a{\*\unknown b{c}}{\pict\pngblip 0a0b{\x y}}d`:                                              "ad",
		`a{\header h}{\footer f}{\v hidden}{\deleted old}\v0 b`:                                      "ab",
		`a{\pict\bin5 {{{{{}b`:                                                                       "ab",
		`{\field{\*\fldinst HYPERLINK "http://x"}{\fldrslt the link}}`:                               "the link",
		`{\object{\*\objdata 00}{\result shown}}{\*\bkmkstart x}`:                                    "shown",
		`{\shp{\*\shpinst\shpleft1{\sp{\sn a}{\sv b}}{\shptxt in the box}}{\shprslt{\*\do copy}}} z`: "in the box z",
		`{\upr{ansi}{\*\ud{\u120?}}}{\xe index}`:                                                     "ansi",
		// Lists and tables.
		`{\listtext\'95\tab}one\par{\pntext 2.\tab}two\par end`:                                                        "- one\n- two\n\nend",
		`x\par\trowd\cellx1\pard\intbl A\cell B\par b\cell\row\trowd C\cell\cell\row\pard\par y`:                       "x\nA | B b\nC |\n\ny",
		`\trowd\pard\intbl A\par\itap2 in` + `\nestcell{\*\nesttableprops\nestrow}{\nonesttables\par}\cell D\cell\row`: "A in | D",
		// Notes come last.
		`Text{\super\chftn{\footnote\pard\chftn The note.}} goes on.`: "Text goes on.\n\nThe note.",
	} {
		doc := read(t, `{\rtf1\ansi\deff0`+body+`}`)
		require.Equal(t, want, doc.Text, body)
		require.Empty(t, doc.Missing, body)
	}
}

// Headings are known by the names of styles or their level, pages where they are broken, and the title by the metadata.
func TestSections(t *testing.T) {
	doc := read(t, `{\rtf1\ansi{\stylesheet{\s0 Normal;}{\s3\outlinelevel1 \'dcberschrift;}{\s5{\*\x y}\b heading 1;}`+
		`{\*\cs6 Title;}{\s7 Title;}}`+
		`{\info{\title The \u8222?log\u8220?}{\author Nobody}}`+
		`\pard\s7 All\par\pard\s5 March\par\pard A text.\par\page\pard\s3 Gate{\footnote A note.}\par {\pard\outlinelevel3 Deep\par}`+
		`\pard\s0 More.\par\pard\pagebb Last.\par}`)
	require.Equal(t, "The „log“", doc.Title)
	require.Equal(t, "# All\n\n# March\n\nA text.\n\n## Gate\n\n#### Deep\n\nMore.\n\nLast.\n\nA note.", doc.Text)
	var got []string
	for _, s := range doc.Sections {
		line, _, _ := strings.Cut(doc.Text[s.Start:], "\n")
		got = append(got, fmt.Sprintf("%d %s, %s: %s", s.Level, s.Heading, s.Place, line))
	}
	require.Equal(t, []string{"1 All, p. 1: # All", "1 March, : # March", "2 Gate, p. 2: ## Gate", "4 Deep, : #### Deep", "0 , p. 3: Last.",
		"0 , footnotes: A note."}, got)
}

// A file that is broken or hostile costs an error, or what can be read of it.
func TestHostileFiles(t *testing.T) {
	for name, text := range map[string]string{
		"deep":   `{\rtf1 ` + strings.Repeat("{", 10_000_000),
		"no RTF": "no RTF",
	} {
		_, err := reader{}.Read(t.Context(), name, text)
		require.Error(t, err, name)
	}
	for text, want := range map[string]string{
		`{\rtf1 a\bin99999999999999999999 b`:    "a",
		`{\rtf1 a\bin-5 b}`:                     "ab",
		`{\rtf1 a\u99999999999 ?b}`:             "a\uFFFDb",
		`{\rtf1 a\u55357?b}`:                    "a\uFFFDb",
		`{\rtf1 a\`:                             "a",
		`{\rtf1 a\'`:                            "a",
		`{\rtf1 a\'zzb}`:                        "azzb",
		`{\rtf1 a}} b {`:                        "a",
		`{\rtf1 a{b`:                            "ab",
		`{\rtf1 a\uc99999999 \u65 ?b` + "\x00}": "aA",
		`{\rtf1 a\f-5\s-7\fcharset999 b}`:       "ab",
		`{\rtf1 ` + strings.Repeat(`\row`, 100_000) + ` a}`:   "a",
		`{\rtf1 ` + strings.Repeat(`\par`, 100_000) + ` a}`:   "a",
		`{\rtf1 \` + strings.Repeat(`z`, 100_000) + ` b`:      strings.Repeat("z", 100_000-32) + " b",
		`{\rtf1 ` + strings.Repeat(`{\*\x y}`, 500_000) + `a`: "a",
	} {
		doc := read(t, text)
		require.Equal(t, want, doc.Text, text[:min(len(text), 50)])
	}
	_, err := reader{}.Read(t.Context(), "long.rtf", `{\rtf1 `+strings.Repeat("a long text ", 6<<20)+"}")
	require.ErrorContains(t, err, "64 MB of text")
	require.Equal(t, "the file ends before its last group does", read(t, `{\rtf1 a{b`).Missing)
}
