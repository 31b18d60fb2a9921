package all

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// odtOf makes a text of a body, with styles that break pages.
func odtOf(t *testing.T, body string) string {
	t.Helper()
	named := `<office:document-styles xmlns:office="o" xmlns:style="s" xmlns:fo="f"><office:styles>` +
		`<style:style style:name="Chapter" style:family="paragraph"><style:paragraph-properties fo:break-before="page"/></style:style>` +
		`<style:style style:name="Flat" style:family="paragraph" style:parent-style-name="Chapter">` +
		`<style:paragraph-properties fo:break-before="auto"/></style:style>` +
		`<style:style style:name="A" style:family="paragraph" style:parent-style-name="B"/>` +
		`<style:style style:name="B" style:family="paragraph" style:parent-style-name="A"/></office:styles></office:document-styles>`
	own := `<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Chapter"/>` +
		`<style:style style:name="Last" style:family="paragraph"><style:paragraph-properties fo:break-after="page"/></style:style>` +
		`<style:style style:name="Wide" style:family="paragraph" style:master-page-name="Landscape"/>` +
		`<style:style style:name="Column" style:family="paragraph"><style:paragraph-properties fo:break-before="column"/></style:style>` +
		`<style:style style:name="T" style:family="table"><style:table-properties fo:break-before="page"/></style:style>`
	return zipped(t, "mimetype", "application/vnd.oasis.opendocument.text", "styles.xml", named,
		"content.xml", `<office:document-content xmlns:office="o" xmlns:style="s" xmlns:fo="f" xmlns:text="t" xmlns:table="b">`+
			`<office:automatic-styles>`+own+`</office:automatic-styles><office:body><office:text>`+body+`</office:text></office:body>`+
			`</office:document-content>`)
}

// A title is what has the style of titles, however that is based on others, and not what is based on it.
func TestODTTitles(t *testing.T) {
	style := func(name, parent string) string {
		return `<style:style style:name="` + name + `" style:family="paragraph" style:parent-style-name="` + parent + `"/>`
	}
	file := func(named, body string) string {
		return zipped(t, "styles.xml", `<o xmlns:office="o" xmlns:style="s"><office:styles>`+named+`</office:styles></o>`, "content.xml",
			`<o xmlns:office="o" xmlns:style="s" xmlns:text="t"><office:automatic-styles>`+style("P1", "Title")+style("P2", "Subtitle")+
				`</office:automatic-styles><office:body>`+body+`</office:body></o>`)
	}
	p := func(style, text string) string {
		return `<text:p text:style-name="` + style + `">` + text + `</text:p>`
	}
	chain := style("Standard", "") + style("Heading", "Standard") + style("Title", "Heading") + style("Subtitle", "Title")
	bare := style("Title", "") + style("Subtitle", "Title")
	checkReadings(t, []reading{
		{"of a chain", "a.odt", file(chain, p("P1", "Main")+p("Standard", "By Al.")), []string{"By Al. @ @Main"}, nil},
		{"itself", "a.odt", file(chain, p("Title", "Main")+p("P2", "Not")+p("Standard", "By Al.")), []string{"By Al. @ @Main"}, nil},
		{"without others", "a.odt", file(bare, p("P1", "Main")+p("Subtitle", "Not")+p("", "By Al.")), []string{"By Al. @ @Main"}, nil},
	})
}

// TestODTPages counts the pages that an author broke, and those that the program did.
func TestODTPages(t *testing.T) {
	p := func(style, text string) string {
		return `<text:p text:style-name="` + style + `">` + text + `</text:p>`
	}
	table := func(style, cell string) string {
		return `<table:table table:style-name="` + style + `"><table:table-row><table:table-cell>` + cell +
			`</table:table-cell></table:table-row></table:table>`
	}
	for name, test := range map[string]struct{ body, places string }{
		"none":               {p("", "One.") + p("", "Two."), ""},
		"at the beginning":   {p("Chapter", "One.") + p("", "Two."), ""},
		"named style":        {p("Chapter", "One.") + p("Chapter", "Two.") + p("", "Two too."), "p. 1, p. 2"},
		"after an empty one": {p("", "") + p("Chapter", "Two."), "p. 2"},
		"inherited":          {p("", "One.") + p("P1", "Two."), "p. 1, p. 2"},
		"not inherited":      {p("", "One.") + p("Flat", "One too."), ""},
		"heading": {p("", "One.") + `<text:h text:style-name="P1" text:outline-level="1">Two</text:h>` + p("", "Two."),
			"p. 1, p. 2"},
		"after":            {p("Last", "One.") + p("", "Two.") + p("", "Two too."), "p. 1, p. 2"},
		"after and before": {p("Last", "One.") + p("Chapter", "Two."), "p. 1, p. 2"},
		"another kind":     {p("Wide", "One.") + p("Wide", "Two."), "p. 1, p. 2"},
		"column":           {p("", "One.") + p("Column", "One too."), ""},
		"circle":           {p("A", "One.") + p("A", "One too."), ""},
		"table":            {p("", "One.") + table("T", p("", "Two.")), "p. 1, p. 2"},
		"in a table":       {p("", "One.") + table("", p("Chapter", "One too.")), ""},
		"soft":             {p("", "One. <text:soft-page-break/>Two.") + p("Chapter", "Three."), "p. 1, p. 2, p. 3"},
	} {
		doc, _, _, err := readFile(t, "pages.odt", odtOf(t, test.body))
		require.NoError(t, err, name)
		var places []string
		for _, s := range doc.Sections {
			if s.Place != "" {
				places = append(places, s.Place)
			}
		}
		require.Equal(t, test.places, strings.Join(places, ", "), name)
	}
}

// Notes stand at the end, text boxes by themselves, and what describes a picture is left out. The paragraph or heading around
// them is one.
func TestODTNotesAndBoxes(t *testing.T) {
	note := func(class, text string) string {
		return `<text:note text:note-class="` + class + `"><text:note-citation>1</text:note-citation><text:note-body><text:p>` + text +
			`</text:p></text:note-body></text:note>`
	}
	box := func(text string) string {
		return `<draw:frame><draw:text-box>` + text + `</draw:text-box><svg:title>Logo</svg:title><svg:desc>A gull</svg:desc></draw:frame>`
	}
	p := func(text string) string { return "<text:p>" + text + "</text:p>" }
	h := func(text string) string { return `<text:h text:outline-level="1">` + text + `</text:h>` }
	table := func(cell string) string {
		return "<table:table><table:table-row><table:table-cell>" + cell + "</table:table-cell></table:table-row></table:table>"
	}
	foot := note("footnote", "See annex B.")
	for name, test := range map[string]struct{ body, text string }{
		"note":    {p("The harbour"+foot+" closes at nine.") + p("It opens."), "The harbour closes at nine.\n\nIt opens.\n\nSee annex B."},
		"endnote": {p("The harbour" + note("endnote", "End.") + foot + " closes."), "The harbour closes.\n\nSee annex B.\n\nEnd."},
		"heading": {h("The harbour"+foot) + p("It opens."), "# The harbour\n\nIt opens.\n\nSee annex B."},
		"cell": {"<table:table><table:table-row><table:table-cell>" + p("The harbour"+foot) + "</table:table-cell><table:table-cell>" +
			p("Nine"+box(p("Open"))) + "</table:table-cell></table:table-row></table:table>", "The harbour | Open Nine\n\nSee annex B."},
		"box":            {p("The harbour" + box(p("Open to all.")) + " closes."), "Open to all.\n\nThe harbour closes."},
		"heading in box": {p("The harbour" + box(h("Hours")+p("Open.")) + " closes."), "# Hours\n\nOpen.\n\nThe harbour closes."},
		"box in heading": {h("The " + box(p("Open.")) + "harbour"), "Open.\n\n# The harbour"},
		"note in box":    {p("The " + box(p("Open"+foot+" to all.")) + "harbour."), "Open to all.\n\nThe harbour.\n\nSee annex B."},
		"item": {"<text:list><text:list-item>" + p("The "+box(p("Open."))+"harbour") + "</text:list-item></text:list>",
			"Open.\n- The harbour"},
		"table in box": {p("The " + box(table(p("Open"))) + "harbour."), "Open\n\nThe harbour."},
		"shape":        {p("The <draw:g><draw:custom-shape>" + p("Open.") + "</draw:custom-shape></draw:g>harbour."), "Open.\n\nThe harbour."},
		"field":        {p("In <text:title>Log</text:title>."), "In Log."},
		"in pages":     {p("One" + note("footnote", "Long<text:soft-page-break/> note.") + "."), "One.\n\nLong note."},
	} {
		doc, _, _, err := readFile(t, "notes.odt", odtOf(t, test.body))
		require.NoError(t, err, name)
		require.Equal(t, test.text, doc.Text, name)
		var places []string
		for _, s := range doc.Sections {
			if s.Place != "" {
				line, _, _ := strings.Cut(doc.Text[s.Start:], "\n")
				places = append(places, s.Place+": "+strings.TrimSpace(line))
			}
		}
		want := ""
		if strings.Contains(test.text, "See") {
			want = "footnotes: See annex B."
		}
		if name == "endnote" {
			want += "; endnotes: End."
		}
		if name == "in pages" {
			want = "footnotes: Long note."
		}
		require.Equal(t, want, strings.Join(places, "; "), name)
	}
}
