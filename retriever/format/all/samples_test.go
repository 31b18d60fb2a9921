package all

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// zipped makes an archive of names and contents.
func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		header := &zip.FileHeader{Name: files[i], Method: zip.Deflate}
		if files[i] == "mimetype" {
			header.Method = zip.Store
		}
		w, err := z.CreateHeader(header)
		require.NoError(t, err)
		_, err = w.Write([]byte(files[i+1]))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	return b.String()
}

// pdf makes a file with a page for each list of lines. A line is "SIZE text"; "/" draws
// a picture instead.
func pdf(title string, pages ...[]string) string {
	var b strings.Builder
	var at []int
	object := func(text string) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", len(at), text)
	}
	b.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
	var kids []string
	for i := range pages {
		kids = append(kids, fmt.Sprintf("%d 0 R", 5+2*i))
	}
	object("<</Type/Catalog/Pages 2 0 R>>")
	object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), strings.Join(kids, " ")))
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>")
	object(fmt.Sprintf("<</Title(%s)>>", title))
	for i, lines := range pages {
		object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>", 6+2*i))
		var c strings.Builder
		y := 720
		for _, line := range lines {
			size, text, _ := strings.Cut(line, " ")
			if size == "/" {
				c.WriteString("72 300 200 200 re f\n")
				continue
			}
			fmt.Fprintf(&c, "BT /F %s Tf 72 %d Td (%s) Tj ET\n", size, y, strings.NewReplacer("(", `\(`, ")", `\)`).Replace(text))
			y -= 14
			if size != "11" {
				y -= 20
			}
		}
		object(fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", c.Len(), c.String()))
	}
	xref := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R/Info 4 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return b.String()
}

const (
	word = `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" ` +
		`xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>%s</w:body></w:document>`
	rels = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">%s</Relationships>`
	kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
)

const rtf = `{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}}{\stylesheet{\s1 heading 1;}}{\info{\title Sluices}}` +
	`\pard\s1 Keepers\par\pard The keeper is Wanda Br\'e6.\par\page\trowd\intbl Lever\cell Jarl Stone\cell\row}`

func relation(id, name, target string) string {
	return fmt.Sprintf(`<Relationship Id="%s" Type="%s%s" Target="%s"/>`, id, kind, name, target)
}

func docx(t *testing.T, body string) string {
	return zipped(t, "_rels/.rels", fmt.Sprintf(rels, relation("r1", "officeDocument", "word/document.xml")),
		"word/_rels/document.xml.rels", fmt.Sprintf(rels, relation("r1", "styles", "styles.xml")+relation("r2", "footnotes", "footnotes.xml")),
		"word/styles.xml", `<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>`+
			`<w:style w:styleId="Own"><w:basedOn w:val="berschrift1"/></w:style></w:styles>`,
		"word/footnotes.xml", `<w:footnotes xmlns:w="w"><w:footnote><w:p><w:r><w:t>The footnote was written by Una Brook.</w:t></w:r></w:p>`+
			`</w:footnote></w:footnotes>`,
		"docProps/core.xml", `<c xmlns:dc="d"><dc:title>Harbour rules</dc:title></c>`, "word/document.xml", fmt.Sprintf(word, body))
}

func wordParagraph(style, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/><w:tabs><w:tab/></w:tabs></w:pPr><w:r><w:t xml:space="preserve">` + text +
		`</w:t></w:r></w:p>`
}

func pptx(t *testing.T) string {
	slide := func(title, text string) string {
		return `<p:sld xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="title"/></p:nvPr><a:p><a:r><a:t>` + title + `</a:t></a:r></a:p></p:sp>` +
			`<p:sp><p:nvPr><p:ph type="sldNum"/></p:nvPr><a:p><a:r><a:t>99</a:t></a:r></a:p></p:sp>` +
			`<p:sp><a:p><a:r><a:t>` + text + `</a:t></a:r></a:p></p:sp></p:sld>`
	}
	return zipped(t, "ppt/presentation.xml", `<p:presentation xmlns:p="p" xmlns:r="`+kind+`"><p:sldIdLst><p:sldId id="256" r:id="r2"/>`+
		`<p:sldId id="257" r:id="r1"/></p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", fmt.Sprintf(rels, relation("r1", "slide", "slides/slide1.xml")+relation("r2", "slide",
			"slides/slide2.xml")),
		"ppt/slides/slide1.xml", slide("Costs", "The crane costs ninety pounds."),
		"ppt/slides/slide2.xml", slide("Start", "The talk is given by Nell Frost."),
		"ppt/slides/_rels/slide1.xml.rels", fmt.Sprintf(rels, relation("r1", "notesSlide", "../notesSlides/n.xml")),
		"ppt/notesSlides/n.xml", `<p:notes xmlns:p="p" xmlns:a="a"><p:sp><p:nvPr><p:ph type="body"/></p:nvPr><a:p><a:r>`+
			`<a:t>Thank Ivo Marsh for the figures.</a:t></a:r></a:p></p:sp></p:notes>`)
}

func xlsx(t *testing.T) string {
	f := excelize.NewFile()
	require.NoError(t, f.SetSheetName("Sheet1", "Staff"))
	require.NoError(t, f.SetSheetRow("Staff", "A1", &[]any{"Name", "Role", "Since"}))
	for i := range 100 {
		require.NoError(t, f.SetSheetRow("Staff", fmt.Sprintf("A%d", i+2), &[]any{fmt.Sprintf("Person%d", i), "hand", 1900 + i}))
	}
	require.NoError(t, f.SetSheetRow("Staff", "A60", &[]any{"Odo Lark", "lockkeeper", 1931}))
	_, err := f.NewSheet("Boats")
	require.NoError(t, err)
	require.NoError(t, f.SetSheetRow("Boats", "A3", &[]any{"Boat", "Owner"}))
	require.NoError(t, f.SetSheetRow("Boats", "A4", &[]any{"Heron", "Mira Stock"}))
	b, err := f.WriteToBuffer()
	require.NoError(t, err)
	return b.String()
}

func epub(t *testing.T, extra ...string) string {
	chapter := func(title, text string) string {
		return `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x"/></head><body>` + title +
			`<p>` + text +
			`</p></body></html>`
	}
	return zipped(t, append([]string{"mimetype", "application/epub+zip",
		"META-INF/container.xml", `<container><rootfiles><rootfile full-path="OPS/book.opf"/></rootfiles></container>`,
		"OPS/book.opf", `<package xmlns:dc="d"><metadata><dc:title>The Weir</dc:title></metadata><manifest>` +
			`<item id="b" href="text/second%20part.xhtml"/><item id="a" href="text/one.xhtml"/><item id="n" href="nav.xhtml" ` +
			`properties="nav"/></manifest>` +
			`<spine><itemref idref="a"/><itemref idref="b"/></spine></package>`,
		"OPS/nav.xhtml", `<html xmlns:epub="e"><body><nav epub:type="toc"><ol><li><a href="text/one.xhtml">Spring</a></li>` +
			`<li><a href="text/second%20part.xhtml#x">Autumn floods</a></li></ol></nav></body></html>`,
		"OPS/text/one.xhtml", chapter("<h1>Spring</h1>", "The weir was built by Tam Reed."),
		"OPS/text/second part.xhtml", chapter("", "The flood was seen by Bryn Cole.")}, extra...)...)
}

func odt(t *testing.T) string {
	return zipped(t, "mimetype", "application/vnd.oasis.opendocument.text", "meta.xml", `<m xmlns:dc="d"><dc:title>Log</dc:title></m>`,
		"content.xml", `<o xmlns:text="t" xmlns:office="o" xmlns:table="b"><office:text><text:h text:outline-level="1">March</text:h>`+
			`<text:p>The sluice<text:s text:c="2"/>was opened by <text:span>Ada</text:span> Finch.<office:annotation><text:p>no</text:p>`+
			`</office:annotation></text:p><text:p>More of it.</text:p><text:p><text:soft-page-break/></text:p><text:h `+
			`text:outline-level="2">Gate</text:h>`+
			`<table:table><table:table-row><table:table-cell><text:p>Gate</text:p></table:table-cell><table:table-cell><text:p>Rolf Heath</text:p>`+
			`</table:table-cell></table:table-row></table:table></office:text></o>`)
}

func eml(t *testing.T) string {
	attachment := base64.StdEncoding.EncodeToString([]byte(pdf("", []string{"11 Nothing here."},
		[]string{"11 The mast was made by Sten Orr."})))
	return strings.ReplaceAll(`From: =?utf-8?q?Zo=C3=AB?= Pike <zoe@example.org>
To: Max <max@example.org>
Subject: The new mast
Date: Mon, 2 Mar 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=B

--B
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

The caf=E9 is run by Jory Nash.

On Sun, 1 Mar 2026 at 09:00, Max <max@example.org> wrote:
> An old secret of Max.

--B
Content-Type: application/pdf; name=mast.pdf
Content-Disposition: attachment; filename=mast.pdf
Content-Transfer-Encoding: base64

`+attachment+`
--B--
`, "\n", "\r\n")
}
