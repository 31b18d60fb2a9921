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

// Where a book is divided by size, a file begins with the end of the chapter before. A heading that the navigation leads to, but
// that is not in the text, is above all of it.
func TestChaptersAcrossFiles(t *testing.T) {
	nav := func(second string) string {
		return `<html xmlns:epub="e"><body><nav epub:type="toc"><ol><li><a href="text/one.xhtml">The Mast</a></li><li><a href="text/` +
			`second%20part.xhtml` + second + `">The Sail</a></li></ol></nav></body></html>`
	}
	const mast = "<h1>The Mast</h1><p>It was made by Una Brook.</p>"
	const heading, sail = `<h1 id="s">The Sail</h1>`, "<p>It was sewn by Tam Reed.</p>"
	const end = "<h2>Its end</h2><p>It was felled by Odo Lark.</p>"
	for name, test := range map[string]struct{ first, anchor, second, places string }{
		"end of the one before": {mast, "#s", end + heading + sail, `Una Brook: The Mast, Odo Lark: The Mast, Tam Reed: The Sail`},
		"without an anchor":     {mast, "", end + heading + sail, `Una Brook: The Mast, Odo Lark: The Sail, Tam Reed: The Sail`},
		"no such heading":       {mast, "#s", end + `<p id="s"/>` + sail, `Una Brook: The Mast, Odo Lark: The Sail, Tam Reed: The Sail`},
		"at the start":          {mast, "#s", heading + sail + end, `Una Brook: The Mast, Tam Reed: The Sail, Odo Lark: The Sail`},
		"nothing before":        {"", "#s", end + heading + sail, `Odo Lark: part 2, Tam Reed: The Sail`},
	} {
		page := func(body string) string { return "<html><body>" + body + "</body></html>" }
		doc, _, _, err := readFile(t, "a.epub", epub(t, "OPS/nav.xhtml", nav(test.anchor), "OPS/text/one.xhtml", page(test.first),
			"OPS/text/second part.xhtml", page(test.second)))
		require.NoError(t, err)
		chunks, err := retriever.Split(doc, retriever.SplitOptions{})
		require.NoError(t, err)
		var places []string
		for _, c := range chunks {
			for _, who := range []string{"Una Brook", "Odo Lark", "Tam Reed"} {
				if strings.Contains(c.Text, who) {
					place := strings.Trim(strings.TrimPrefix(c.Place, "chapter "), `"`)
					places = append(places, who+": "+place)
					require.True(t, place == "part 2" || strings.HasPrefix(c.Title, "The Weir > "+place), c.Title)
				}
			}
		}
		require.Equal(t, test.places, strings.Join(places, ", "), name)
	}
}

// The first title of a book is its main one.
func TestTitlesOfABook(t *testing.T) {
	for titles, want := range map[string]string{
		"<dc:title>The Weir</dc:title><dc:title>A tale of the river</dc:title>": "The Weir",
		"<dc:title> </dc:title><dc:title>The Weir</dc:title>":                   "The Weir",
		"": "",
	} {
		doc, _, _, err := readFile(t, "a.epub", epub(t, "OPS/book.opf", `<package xmlns:dc="d"><metadata>`+titles+
			`</metadata><manifest><item id="a" href="text/one.xhtml"/></manifest><spine><itemref idref="a"/></spine></package>`))
		require.NoError(t, err)
		require.Equal(t, want, doc.Title)
	}
}
