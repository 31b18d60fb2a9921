package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// Chapters of a book that stand in one file have places of their own; sections of a chapter do not.
func TestChaptersInOneFile(t *testing.T) {
	const page = `<html><body><h1>Down the Hole</h1><p>The hole was dug by Una Brook.</p><h2>Deeper</h2><p>It was lit by Odo Lark.</p>` +
		`<h1>The Pool</h1><p>The pool was filled by Tam Reed.</p></body></html>`
	const nav = `<html xmlns:epub="e"><body><nav epub:type="toc"><ol><li><a href="text/one.xhtml#c1">Down the Hole</a>` +
		`<ol><li><a href="text/one.xhtml#s1">Deeper</a></li></ol></li><li><a href="text/one.xhtml#c2">The  Pool</a></li>` +
		`<li><a href="text/second%20part.xhtml">Autumn floods</a></li></ol></nav></body></html>`
	point := func(title, file, inner string) string {
		return `<navPoint><navLabel><text>` + title + `</text></navLabel><content src="` + file + `"/>` + inner + `</navPoint>`
	}
	toc := `<ncx><navMap>` + point("Down the Hole", "text/one.xhtml#c1", point("Deeper", "text/one.xhtml#s1", "")) +
		point("The Pool", "text/one.xhtml#c2", "") + point("Autumn floods", "text/second%20part.xhtml", "") + `</navMap></ncx>`
	for name, data := range map[string]string{
		"nav.epub": epub(t, "OPS/nav.xhtml", nav, "OPS/text/one.xhtml", page),
		"ncx.epub": epub(t, "OPS/nav.xhtml", "<html/>", "OPS/text/one.xhtml", page, "OPS/toc.ncx", toc, "OPS/book.opf",
			`<package xmlns:dc="d"><metadata><dc:title>The Weir</dc:title></metadata><manifest><item id="a" href="text/one.xhtml"/>`+
				`<item id="b" href="text/second%20part.xhtml"/><item id="t" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>`+
				`<spine toc="t"><itemref idref="a"/><itemref idref="b"/></spine></package>`),
	} {
		doc, _, _, err := readFile(t, name, data)
		require.NoError(t, err)
		chunks, err := retriever.Split(doc, retriever.SplitOptions{})
		require.NoError(t, err)
		places := map[string]string{}
		for _, c := range chunks {
			for _, who := range []string{"Una Brook", "Odo Lark", "Tam Reed", "Bryn Cole"} {
				if strings.Contains(c.Text, who) {
					places[who] = c.Place
				}
			}
		}
		require.Equal(t, map[string]string{
			"Una Brook": `chapter "Down the Hole"`, "Odo Lark": `chapter "Down the Hole"`, "Tam Reed": `chapter "The Pool"`,
			"Bryn Cole": `chapter "Autumn floods"`,
		}, places, name)
	}
}
