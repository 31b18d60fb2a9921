package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A page that the author broke is marked a second time where Word showed it. It is one page.
func TestDOCXPages(t *testing.T) {
	const shown = `<w:r><w:lastRenderedPageBreak/></w:r>`
	const broken = `<w:r><w:br w:type="page"/></w:r>`
	p := func(runs ...string) string { return "<w:p>" + strings.Join(runs, "") + "</w:p>" }
	run := func(text string) string { return "<w:r><w:t>" + text + "</w:t></w:r>" }
	for name, test := range map[string]struct{ body, places string }{
		"broken":              {p(run("One."), broken) + p(run("Two.")), "p. 1, p. 2"},
		"shown":               {p(run("One."), shown, run("Two.")), "p. 1, p. 2"},
		"both":                {p(run("One."), broken) + p(shown, run("Two.")), "p. 1, p. 2"},
		"both in one":         {p(run("One."), broken, shown, run("Two.")), "p. 1, p. 2"},
		"an empty one before": {p(run("One.")) + p(broken) + p(run(" ")) + p(shown, run("Two.")), "p. 1, p. 2"},
		"then shown":          {p(run("One."), broken) + p(shown, run("Two."), shown, run("Three.")), "p. 1, p. 2, p. 3"},
		"not shown at first":  {p(run("One."), broken) + p(run("Two.")) + p(shown, run("Three.")), "p. 1, p. 2, p. 3"},
		"an empty page":       {p(run("One."), broken) + p(shown, broken) + p(shown, run("Three.")), "p. 1, p. 3"},
	} {
		doc, _, _, err := readFile(t, "pages.docx", docx(t, test.body))
		require.NoError(t, err, name)
		var places []string
		for _, s := range doc.Sections {
			if s.Place != "" && s.Place != "footnotes" {
				places = append(places, s.Place)
			}
		}
		require.Equal(t, test.places, strings.Join(places, ", "), name)
	}
}
