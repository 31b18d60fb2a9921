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

// A text box stands by itself before the paragraph that it is in, once, and that paragraph is one, whatever it is.
func TestDOCXTextBoxes(t *testing.T) {
	box := func(paragraphs string) string { return `<w:r><w:txbxContent>` + paragraphs + `</w:txbxContent></w:r>` }
	both := func(paragraphs string) string {
		return `<mc:AlternateContent><mc:Choice>` + box(paragraphs) + `</mc:Choice><mc:Fallback><w:r><w:pict>` + box(paragraphs) +
			`</w:pict></w:r></mc:Fallback></mc:AlternateContent>`
	}
	p := func(properties string, runs ...string) string {
		return "<w:p><w:pPr>" + properties + "</w:pPr>" + strings.Join(runs, "") + "</w:p>"
	}
	run := func(text string) string { return "<w:r><w:t>" + text + "</w:t></w:r>" }
	const heading, item = `<w:pStyle w:val="Own"/>`, `<w:numPr/>`
	mark := p("", run("Open to"), run(" all."))
	for name, test := range map[string]struct{ body, text string }{
		"paragraph": {p("", run("The harbour "), both(mark), run("closes at nine.")), "Open to all.\n\nThe harbour closes at nine."},
		"heading":   {p(heading, run("The "), both(mark), run("harbour")), "Open to all.\n\n# The harbour"},
		"item":      {p(item, run("The "), box(mark), run("harbour")), "Open to all.\n- The harbour"},
		"in a box": {p("", run("One "), box(p(item, run("Two "), box(mark), run("two"))), run("one")),
			"Open to all.\n- Two two\n\nOne one"},
		"heading in a box": {p("", run("One "), box(p(heading, run("Two"))), run("one")), "# Two\n\nOne one"},
		"in a cell": {"<w:tbl><w:tr><w:tc>" + p("", run("The "), box(mark), run("harbour")) + "</w:tc><w:tc>" + p("", run("Nine")) +
			"</w:tc></w:tr></w:tbl>", "Open to all. The harbour | Nine"},
		"table in a box": {p("", run("One "), box("<w:tbl><w:tr><w:tc>"+mark+"</w:tc><w:tc>"+p("", run("Nine"))+"</w:tc></w:tr></w:tbl>"),
			run("one")), "Open to all. | Nine\n\nOne one"},
		"not closed": {"<w:p><w:txbxContent>" + mark, "Open to all."},
	} {
		doc, _, _, err := readFile(t, "box.docx", docx(t, test.body))
		require.NoError(t, err, name)
		text, _, _ := strings.Cut(doc.Text, "\n\nThe footnote")
		require.Equal(t, test.text, text, name)
	}
}
