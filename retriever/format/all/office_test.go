package all

import (
	"fmt"
	"testing"

	"golang.org/x/text/encoding/unicode"
)

func wordRun(text string) string { return `<w:r><w:t xml:space="preserve">` + text + `</w:t></w:r>` }

func wordText(inner string) string { return `<w:p>` + inner + `</w:p>` }

const diagram = `<dgm:dataModel xmlns:dgm="d" xmlns:a="a"><dgm:ptLst><dgm:pt><dgm:t><a:p><a:r><a:t>Step one is done by Vi Kerr.</a` +
	`:t></a:r></a:p>` +
	`</dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>`

const names = `<c:cat><c:multiLvlStrRef><c:multiLvlStrCache><c:lvl><c:pt idx="0"><c:v>Cod</c:v></c:pt></c:lvl><c:lvl><c:pt idx="0"><c:v>` +
	`Fish</c:v></c:pt></c:lvl></c:multiLvlStrCache></c:multiLvlStrRef></c:cat>`

const graph = `<c:chartSpace xmlns:c="c" xmlns:a="a"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Catch by Vi Kerr</a:t></a:r></` +
	`a:p></c:rich>` +
	`</c:tx></c:title><c:ser><c:tx><c:strRef><c:strCache><c:pt idx="0"><c:v>Herring</c:v></c:pt></c:strCache></c:strRef></c:tx>` +
	`<c:cat><c:strLit><c:pt idx="0"><c:v>Spring</c:v></c:pt></c:strLit></c:cat></c:ser><c:ser><c:tx><c:v>Eel</c:v></c:tx>` + names +
	`<c:val><c:numRef><c:numCache><c:pt idx="0"><c:v>77</c:v></c:pt></c:numCache></c:numRef></c:val></c:ser></c:chart></c:chartSpace>`

func bareWord(t *testing.T, head, body string, extra ...string) string {
	t.Helper()
	return zipped(t, append([]string{"word/document.xml", head + `<w:document xmlns:w="w"><w:body>` + body + `</w:body></w:document>`},
		extra...)...)
}

// What a paragraph of Word does not show is left out, and what is written in an unusual way is kept.
func TestWordParagraphs(t *testing.T) {
	const deleted = `<w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>`
	checkReadings(t, []reading{
		{"the end of a paragraph was deleted", "a.docx", docx(t, wordText(`<w:pPr><w:rPr><w:del w:id="1"/></w:rPr></w:pPr>`+
			wordRun("The port is kept "))+wordText(wordRun("by Ola Finn."))), []string{"The port is kept by Ola Finn."}, nil},
		{"of the last in a box", "a.docx", docx(t, wordText(`<w:r><w:txbxContent>`+wordText(deleted+wordRun("Boxed by Al."))+
			`</w:txbxContent></w:r>`+wordRun("By Bo."))), []string{"Boxed by Al.\n\nBy Bo."}, nil},
		{"of the last in a cell", "a.docx", docx(t, `<w:tbl><w:tr><w:tc>`+wordText(deleted+wordRun("Left"))+`</w:tc><w:tc>`+
			wordText(wordRun("Right"))+`</w:tc></w:tr></w:tbl>`), []string{"Left | Right"}, nil},
		{"before a table", "a.docx", docx(t, wordText(deleted+wordRun("Before."))+`<w:tbl><w:tr><w:tc>`+wordText(wordRun("Left"))+
			`</w:tc></w:tr></w:tbl>`), []string{"Before.\nLeft"}, nil},
		{"hidden", "a.docx", docx(t, wordText(wordRun("Shown ")+`<w:r><w:rPr><w:vanish/></w:rPr><w:t>concealed</w:t></w:r>`+
			`<w:r><w:rPr><w:vanish w:val="0"/></w:rPr><w:t>visible</w:t></w:r>`)), []string{"Shown visible"}, []string{"concealed"}},
		{"a tab to a margin", "a.docx", docx(t, wordText(wordRun("Left")+`<w:r><w:ptab w:alignment="right"/></w:r>`+wordRun("Right"))),
			[]string{"Left\tRight"}, nil},
		{"how a word is read", "a.docx", docx(t, wordText(`<w:r><w:ruby><w:rt>`+wordRun("gloss")+`</w:rt><w:rubyBase>`+wordRun("Kestrel")+
			`</w:rubyBase></w:ruby></w:r>`)), []string{"Kestrel"}, []string{"glossKestrel"}},
		{"a diagram", "a.docx", bareWord(t, "", wordText(wordRun("How:")+`<w:r><w:drawing><dgm:relIds r:dm="r1"/></w:drawing></w:r>`),
			"word/_rels/document.xml.rels", fmt.Sprintf(rels, relation("r1", "diagramData", "diagrams/data1.xml")),
			"word/diagrams/data1.xml", diagram), []string{"Step one is done by Vi Kerr."}, nil},
		{"notes that are missing", "a.docx", bareWord(t, "", wordText(wordRun("By Al Ott.")), "word/_rels/document.xml.rels",
			fmt.Sprintf(rels, relation("r1", "footnotes", "footnotes.xml"))), []string{"By Al Ott."}, nil},
	})
}

// Without marks of Word, pages begin where the author broke them, in any of the ways that there are.
func TestWordPages(t *testing.T) {
	first, third := wordText(wordRun("One.")), wordText(`<w:r><w:br w:type='page'/></w:r>`)+wordText(wordRun("Three."))
	section := func(kind string) string { return `<w:sectPr><w:type w:val="` + kind + `"/></w:sectPr>` }
	three := []string{"One. @p. 1", "Two. @p. 2", "Three. @p. 3"}
	checkReadings(t, []reading{
		{"before a paragraph", "a.docx", docx(t, first+wordText(`<w:pPr><w:pageBreakBefore/></w:pPr>`+wordRun("Two."))+third), three, nil},
		{"before the first", "a.docx", docx(t, wordText(`<w:pPr><w:pageBreakBefore/></w:pPr>`+wordRun("One."))), []string{"One. @p. 1"}, nil},
		{"twice", "a.docx", docx(t, first+wordText(`<w:r><w:br w:type="page"/></w:r>`)+wordText(`<w:pPr><w:pageBreakBefore/></w:pPr>`+
			wordRun("Two."))+third), three, nil},
		{"a section", "a.docx", docx(t, wordText(`<w:pPr>`+section("continuous")+`</w:pPr>`+wordRun("One."))+wordText(wordRun("Two."))+third+
			section("nextPage")), three, nil},
		{"a section on the page", "a.docx", docx(t, wordText(`<w:pPr>`+section("nextPage")+`</w:pPr>`+wordRun("One."))+
			wordText(wordRun("Same."))+section("continuous")), []string{"Same. @"}, nil},
		{"marked by Word", "a.docx", docx(t, first+wordText(`<w:pPr><w:pageBreakBefore/></w:pPr><w:r><w:lastRenderedPageBreak/></w:r>`+
			wordRun("Two."))), []string{"Two. @p. 2"}, nil},
		{"a section without content", "a.docx", docx(t, wordText(`<w:pPr><w:sectPr w:rsidR="1"/></w:pPr>`+wordRun("One."))+
			wordText(`<w:pPr>`+section("nextPage")+`</w:pPr>`+wordRun("Two."))+wordText(wordRun("Three."))+section("oddPage")), three, nil},
		{"notes of a section", "a.docx", docx(t, wordText(`<w:pPr>`+section("nextPage")+`</w:pPr>`+wordRun("One."))+wordText(wordRun("Two."))+
			third+`<w:sectPr><w:footnotePr><w:numRestart w:val="continuous"/></w:footnotePr></w:sectPr>`), three, nil},
		{"a section that was another", "a.docx", docx(t, wordText(`<w:pPr>`+section("nextPage")+`</w:pPr>`+wordRun("One."))+
			wordText(wordRun("Two."))+third+`<w:sectPr><w:type w:val="nextPage"/><w:sectPrChange w:id="1">`+section("continuous")+
			`</w:sectPrChange></w:sectPr>`), three, nil},
	})
}

// A style may begin a page, also if nothing else does, and one may end what the style that it is based on says.
func TestPagesByStylesOfWord(t *testing.T) {
	style := func(id, based, properties string) string {
		return `<w:style w:styleId="` + id + `"><w:basedOn w:val="` + based + `"/><w:pPr>` + properties + `</w:pPr></w:style>`
	}
	styled := func(id, text string) string {
		return wordText(`<w:pPr><w:pStyle w:val="` + id + `"/></w:pPr>` + wordRun(text))
	}
	file := func(body string) string {
		return bareWord(t, "", body, "word/_rels/document.xml.rels", fmt.Sprintf(rels, relation("r1", "styles", "styles.xml")),
			"word/styles.xml", `<w:styles xmlns:w="w">`+style("A", "", `<w:pageBreakBefore/>`)+style("B", "A", `<w:pageBreakBefore w:val="0"/>`)+
				style("C", "B", "")+style("D", "A", "")+`</w:styles>`)
	}
	one := wordText(wordRun("One."))
	checkReadings(t, []reading{
		{"only a style", "a.docx", file(one + styled("A", "Two.")), []string{"One. @p. 1", "Two. @p. 2"}, nil},
		{"one based on it", "a.docx", file(one + styled("D", "Two.")), []string{"One. @p. 1", "Two. @p. 2"}, nil},
		{"not by one between", "a.docx", file(one + styled("C", "Same.") + styled("A", "Two.")), []string{"Same. @p. 1", "Two. @p. 2"}, nil},
		{"none that is used", "a.docx", file(one + styled("C", "Same.")), []string{"Same. @"}, nil},
	})
}

// A page with only a picture on it is a page.
func TestPagesOfPictures(t *testing.T) {
	const broken, shown = `<w:r><w:br w:type="page"/></w:r>`, `<w:r><w:lastRenderedPageBreak/></w:r>`
	before := wordText(`<w:pPr><w:pageBreakBefore/></w:pPr>` + wordRun("After."))
	for _, picture := range []string{`<w:r><w:drawing/></w:r>`, `<w:r><w:pict/></w:r>`, `<w:r><w:object/></w:r>`} {
		checkReadings(t, []reading{
			{"shown", "a.docx", docx(t, wordText(wordRun("One.")+broken)+wordText(picture)+wordText(shown+wordRun("After."))),
				[]string{"After. @p. 3"}, nil},
			{"broken", "a.docx", docx(t, wordText(wordRun("One.")+broken)+wordText(picture)+before), []string{"After. @p. 3"}, nil},
			{"the first", "a.docx", docx(t, wordText(picture)+before), []string{"After. @p. 2"}, nil},
			{"a hidden one", "a.docx", docx(t, wordText(`<w:r><w:rPr><w:vanish/></w:rPr><w:drawing/></w:r>`)+before), []string{"After. @p. 1"},
				nil},
		})
	}
}

// One part, one character or one spelling costs no whole file.
func TestPartsAreReadLeniently(t *testing.T) {
	wide, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(
		`<?xml version="1.0" encoding="UTF-16"?><w:document xmlns:w="w"><w:body>` + wordText(wordRun("Kept by Al Ott.")) +
			`</w:body></w:document>`)
	if err != nil {
		t.Fatal(err)
	}
	kept, text := []string{"by Al Ott."}, wordText(wordRun("Kept by Al Ott."))
	checkReadings(t, []reading{
		{"a control character", "a.docx", docx(t, wordText(wordRun("Kept\x0bby Al Ott."))), kept, nil},
		{"its number", "a.docx", docx(t, wordText(wordRun("Kept&#x1;&#11;&#xFFFF;by Al Ott. &#65;&#x42;"))), []string{"by Al Ott. AB"}, nil},
		{"no UTF-8", "a.docx", docx(t, wordText(wordRun("Caf\xe9 by Al Ott."))), kept, nil},
		{"windows-1251", "a.docx", bareWord(t, `<?xml version="1.0" encoding="windows-1251"?>`, wordText(wordRun("\xcc\xe0\xff\xea"))),
			[]string{"Маяк"}, nil},
		{"XML 1.1", "a.docx", bareWord(t, `<?xml version="1.1"?>`, text), kept, nil},
		{"UTF-16", "a.docx", zipped(t, "word/document.xml", wide), kept, nil},
		{"UTF-16 in name only", "a.docx", bareWord(t, `<?xml version="1.0" encoding="utf-16"?>`, text), kept, nil},
		{"an unknown encoding", "a.docx", bareWord(t, `<?xml version="1.0" encoding="none"?>`, text), kept, nil},
		{"names in another case", "a.docx", bareWord(t, "", text, "_rels/.rels", fmt.Sprintf(rels, relation("r1", "officeDocument",
			"Word/Document.xml"))), kept, nil},
		{"backslashes", "a.docx", zipped(t, `word\document.xml`, `<w:document xmlns:w="w"><w:body>`+text+`</w:body></w:document>`), kept, nil},
		{"a text of LibreOffice", "a.odt", zipped(t, "content.xml", `<?xml version="1.1"?><o xmlns:text="t"><text:p>By Al Ott.`+"\x02"+
			`</text:p></o>`), []string{"By Al Ott."}, nil},
	})
}

func slide(inner string) string {
	return `<p:sld xmlns:p="p" xmlns:a="a" xmlns:r="r"><p:cSld><p:spTree>` + inner + `</p:spTree></p:cSld></p:sld>`
}

func slideText(kind, text string) string {
	return `<p:sp><p:nvPr><p:ph type="` + kind + `"/></p:nvPr><p:txBody><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:txBody></p:sp>`
}

// slides is a presentation; one of "" is not in the file.
func slides(t *testing.T, list ...string) string {
	t.Helper()
	ids, links, files := "", "", []string{}
	for i, text := range list {
		ids += fmt.Sprintf(`<p:sldId id="%d" r:id="r%d"/>`, 256+i, i)
		links += relation(fmt.Sprintf("r%d", i), "slide", fmt.Sprintf("/ppt/slides/slide%d.xml", i))
		drawings := relation("r1", "diagramData", "../diagrams/data1.xml") + relation("r2", "chart", "../charts/chart1.xml")
		if files = append(files, fmt.Sprintf("ppt/slides/_rels/slide%d.xml.rels", i), fmt.Sprintf(rels, drawings)); text != "" {
			files = append(files, fmt.Sprintf("ppt/slides/slide%d.xml", i), text)
		}
	}
	return zipped(t, append(files, "_rels/.rels", fmt.Sprintf(rels, relation("r1", "officeDocument", "/ppt/main.xml")),
		"ppt/main.xml", `<p:presentation xmlns:p="p" xmlns:r="`+kind+`"><p:sldIdLst>`+ids+`</p:sldIdLst></p:presentation>`,
		"ppt/_rels/main.xml.rels", fmt.Sprintf(rels, links), "ppt/diagrams/data1.xml", diagram, "ppt/charts/chart1.xml", graph)...)
}

func TestSlides(t *testing.T) {
	cell := func(lines ...string) string {
		out := ""
		for _, l := range lines {
			out += `<a:p><a:r><a:t>` + l + `</a:t></a:r></a:p>`
		}
		return `<a:tc><a:txBody>` + out + `</a:txBody></a:tc>`
	}
	table := `<p:graphicFrame><a:tbl><a:tr>` + cell("The pilot of", "Selby") + cell("Jo Dell") + `</a:tr></a:tbl></p:graphicFrame>`
	checkReadings(t, []reading{
		{"a cell of two paragraphs", "a.pptx", slides(t, slide(table)), []string{"The pilot of Selby | Jo Dell @slide 1"}, nil},
		{"a diagram and a chart", "a.pptx", slides(t, slide(slideText("title", "How"))),
			[]string{"Step one is done by Vi Kerr. @slide 1 @How", "Catch by Vi Kerr\nHerring\nSpring\nEel\nCod\nFish @slide 1"}, []string{"77"}},
		{"a slide that is missing", "a.pptx", slides(t, "", slide(slideText("body", "Kept by Jo Dell."))),
			[]string{"Kept by Jo Dell. @slide 2"}, nil},
		{"a slide that is cut off", "a.pptx", slides(t, slide(slideText("body", "Before by Al.") + "<a:p>")[:200],
			slide(slideText("body", "Kept by Jo Dell."))), []string{"Kept by Jo Dell. @slide 2"}, nil},
		{"a title of two lines", "a.pptx", slides(t, slide(slideText("title", "Two_x000B_lines"))), []string{"Two lines @slide 1 @Two lines"},
			nil},
	})
}

func TestTextsOfLibreOffice(t *testing.T) {
	content := func(body string) string {
		return zipped(t, "content.xml", `<o xmlns:text="t" xmlns:office="o" xmlns:style="s"><style:style style:name="P1" style:family="p`+
			`aragraph" `+
			`style:parent-style-name="Title"/><style:style style:name="T1" style:family="text"><style:text-properties text:display="none"/>`+
			`</style:style><office:text>`+body+`</office:text></o>`)
	}
	checkReadings(t, []reading{
		{"how a word is read", "a.odt", content(`<text:p><text:ruby><text:ruby-base>Kestrel</text:ruby-base><text:ruby-text>gloss</text:` +
			`ruby-text>` +
			`</text:ruby> flies.</text:p>`), []string{"Kestrel gloss"}, nil},
		{"lines of the file", "a.odt",
			content("<text:p>The port\n   is kept by <text:span>Al</text:span>\n <text:span>Ott</text:span>.</text:p>"),
			[]string{"The port is kept by Al Ott."}, nil},
		{"what is hidden", "a.odt", content(`<text:section text:display="none"><text:p>concealed</text:p></text:section><text:p>Shown by ` +
			`<text:span text:style-name="T1">concealed</text:span>Al.</text:p>`), []string{"Shown by Al."}, []string{"concealed"}},
		{"a title with a style of its own", "a.odt", content(`<text:p text:style-name="P1">Main</text:p><text:p>By Al.</text:p>`),
			[]string{"By Al. @ @Main"}, nil},
	})
}

// Names in a book are compared as the programs do that write them.
func TestChaptersAreFoundByTheirNames(t *testing.T) {
	text := `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>Kept by Al Ott.</p></body></html>`
	for name, test := range map[string]struct{ root, href, file string }{
		"escaped in the archive": {"OPS/book.opf", "a%20b.xhtml", "OPS/a%20b.xhtml"}, "a query": {"OPS/book.opf", "one.xhtml?x=1",
			"OPS/one.xhtml"},
		"another case": {"OPS/book.opf", "One.XHTML", "OPS/one.xhtml"}, "from the root": {"/OPS/book.opf", "one.xhtml", "OPS/one.xhtml"},
		"an escaped root": {"O%50S/book.opf", "one.xhtml", "OPS/one.xhtml"}, "accents apart": {"OPS/book.opf", "e\u0301.xhtml",
			"OPS/\u00e9.xhtml"},
		"accents escaped": {"OPS/book.opf", "%C3%A9.xhtml", "OPS/e\u0301.xhtml"}, "a backslash": {"OPS/book.opf", `t\one.xhtml`,
			"OPS/t/one.xhtml"},
		"a percent sign": {"OPS/book.opf", "100%25.xhtml", "OPS/100%.xhtml"},
	} {
		for _, spine := range []string{`<spine><itemref idref="a"/></spine>`, ""} {
			checkReadings(t, []reading{{name, "a.epub", zipped(t, "META-INF/container.xml", `<container><rootfiles><rootfile full-path="`+
				test.root+
				`"/></rootfiles></container>`, "OPS/book.opf", `<package><manifest><item id="a" href="`+test.href+
				`" media-type="application/xhtml+xml"/>`+
				`<item id="n" href="nav.xhtml" properties="nav"/></manifest>`+spine+`</package>`, "OPS/nav.xhtml",
				`<html xmlns:epub="e"><body><nav epub:type="toc"><a href="`+test.href+`">Spring</a></nav></body></html>`, test.file, text),
				[]string{`Kept by Al Ott. @chapter "Spring"`}, nil}})
		}
	}
}
