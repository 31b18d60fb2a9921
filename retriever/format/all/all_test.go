package all

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// index reads and indexes files.
func index(t *testing.T, files map[string]string) (*retriever.Index, *retriever.SyncReport) {
	t.Helper()
	x, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	folder := t.TempDir()
	for name, text := range files {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
	}
	report, err := x.Sync(t.Context(), folder, retriever.SyncOptions{Load: retriever.LoadOptions{Reader: format.Find}})
	require.NoError(t, err, "%v", report.Skipped)
	return x, report
}

func mbox(t *testing.T) string {
	return "From zoe Mon Mar  2 10:00:00 2026\n" + strings.ReplaceAll(eml(t), "\r\n", "\n") +
		"\nFrom max Tue Mar  3 10:00:00 2026\nFrom: Max\nSubject: Paint\n\nThe paint was bought by Lotte Arden.\n"
}

// everyFormat are small files of all formats, and two of none.
func everyFormat(t *testing.T) map[string]string {
	t.Helper()
	long := strings.Repeat("Filler text of the report goes on and on. ", 4)
	code := "package lock\n\nimport \"fmt\"\n\n" + strings.Repeat("// Filler is a line.\n", 20) +
		"\n// Open is what Gil Thorne calls the gate.\nfunc Open() {\n}\n"
	return map[string]string{
		"handbook.pdf": pdf("Handbook", []string{"20 The harbour", "11 " + long, "11 The crane is kept by Osk Varley.", "11 The master of the"},
			[]string{"11 harbour is Petra Lund. It opens at nine.", "15 Tides", "11 The tide table is kept by Fay Horn."}, []string{"/"}),
		"rules.docx": docx(t, wordParagraph("Own", "Mooring")+wordParagraph("", "Ropes are sold by Cora Eames.")+
			`<w:p><w:r><w:br w:type="page"/></w:r></w:p><w:tbl><w:tr><w:tc><w:p><w:r><w:t>Bell</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r>`+
			`<w:t>Egon Gale</w:t></w:r></w:p></w:tc></w:tr></w:tbl>`+
			`<w:p><w:r><w:delText>deleted secret</w:delText><mc:AlternateContent><mc:Choice><w:t>Once `+
			`only</w:t></mc:Choice><mc:Fallback><w:t>Once only</w:t>`+
			`</mc:Fallback></mc:AlternateContent></w:r></w:p>`),
		"page.html": "<title>Mill</title><body><nav><ul><li>Home<li>About</ul></nav><article><h1>Mill</h1><p>" + long +
			"</p><p>The mill is owned by Wim Dale. " +
			long + "</p></article><footer>Imprint</footer>",
		"book.epub": epub(t), "talk.pptx": pptx(t), "staff.xlsx": xlsx(t), "note.eml": eml(t), "box.mbox": mbox(t), "log.odt": odt(t),
		"sluice.rtf": rtf,
		"work.ipynb": `{"cells":[{"cell_type":"markdown","source":["# Depths\n","The depths were measured by Pia Sand."]},` +
			`{"cell_type":"code","source":"print('Ulf Berg')","outputs":[{"text":["Ulf Berg dredged it\n"]}]}]}`,
		"film.srt": "1\r\n00:00:01,000 --> 00:00:03,000\r\n<i>Hello.</i>\r\n\r\n2\r\n01:02:05,500 --> 01:02:08,000\r\n{\\an8}The " +
			"pilot is\r\nHal Quist.\r\n",
		"talk.vtt":       "WEBVTT\n\nNOTE none\n\n00:01.000 --> 00:02.000\nThe buoy was painted by <v Ann>Rhea Dunn.\n",
		"lock.go":        code,
		"old.txt.gz":     gzipped(t, "The old bell was cast by Kai Wynn."),
		"README":         "The readme was written by Bo Lind.",
		"deck.PDF.gz":    gzipped(t, pdf("", []string{"11 The deck was laid by Tor Vane."})),
		"photo.jpg":      "\xff\xd8\xff\xe0\x00\x10JFIF",
		"LICENSE.binary": "x",
	}
}

// TestEveryFormatIsFoundWithItsPlace searches a folder of all formats for sentences
// that stand in one file each.
func TestEveryFormatIsFoundWithItsPlace(t *testing.T) {
	x, report := index(t, everyFormat(t))
	for sentence, want := range map[string]string{
		"crane kept by Osk Varley":    "handbook.pdf, p. 1: Handbook > The harbour",
		"master of the harbour Petra": "handbook.pdf, p. 1: Handbook > The harbour",
		"It opens at nine":            "handbook.pdf, p. 2: Handbook > The harbour",
		"tide table Fay Horn":         "handbook.pdf, p. 2: Handbook > The harbour > Tides",
		"Ropes sold by Cora Eames":    "rules.docx, p. 1: Harbour rules > Mooring",
		"Bell Egon Gale":              "rules.docx, p. 2: Harbour rules > Mooring",
		"Una Brook":                   "rules.docx, footnotes: Harbour rules > Mooring",
		"mill owned by Wim Dale":      "page.html, : Mill",
		"weir built by Tam Reed":      `book.epub, chapter "Spring": The Weir > Spring`,
		"flood seen by Bryn Cole":     `book.epub, chapter "Autumn floods": The Weir > Autumn floods`,
		"Nell Frost":                  "talk.pptx, slide 1: talk > Start",
		"crane costs ninety pounds":   "talk.pptx, slide 2: talk > Costs",
		"Ivo Marsh":                   "talk.pptx, slide 2: talk > Costs",
		"Odo Lark":                    "staff.xlsx, sheet Staff, rows 60-73: staff > Staff",
		"Boat Heron Owner Mira Stock": "staff.xlsx, sheet Boats, rows 3-4: staff > Boats",
		"Jory Nash":                   "note.eml, : The new mast",
		"Sten Orr mast made":          "note.eml, attachment mast.pdf, p. 2: The new mast > mast.pdf",
		"paint bought by Lotte Arden": "box.mbox, message 2: box > Paint",
		"Ada Finch":                   "log.odt, p. 1: Log > March",
		"Gate Rolf Heath":             "log.odt, p. 2: Log > March > Gate",
		"keeper Wanda Bræ":            "sluice.rtf, p. 1: Sluices > Keepers",
		"Lever Jarl Stone":            "sluice.rtf, p. 2: Sluices > Keepers",
		"depths measured by Pia Sand": "work.ipynb, cell 1: Depths",
		"Ulf Berg dredged":            "work.ipynb, cell 2: Depths",
		"pilot Hal Quist":             "film.srt, 1:02:05: film",
		"buoy painted Rhea Dunn":      "talk.vtt, 0:00:01: talk",
		"Gil Thorne":                  "lock.go, line 26: lock.go",
		"old bell cast Kai Wynn":      "old.txt.gz, : old.txt",
		"readme written by Bo Lind":   "README, : README",
		"deck laid by Tor Vane":       "deck.PDF.gz, p. 1: deck.PDF",
	} {
		hits, err := x.Search(t.Context(), sentence, 3)
		require.NoError(t, err)
		require.NotEmpty(t, hits, sentence)
		var got []string
		for _, h := range hits {
			got = append(got, fmt.Sprintf("%s, %s: %s", h.Source, h.Place, h.Title))
		}
		require.Contains(t, got, want, "%s: %q", sentence, hits[0].Text)
	}
	for chunk, err := range x.Chunks(t.Context()) {
		require.NoError(t, err)
		require.NotContains(t, chunk.Text, "secret")
		require.NotContains(t, chunk.Text, "Imprint")
		require.LessOrEqual(t, strings.Count(chunk.Text, "Once only"), 1)
		require.NotContains(t, chunk.Text, "Slide number 99")
	}
	skipped := map[string]string{}
	for _, s := range report.Skipped {
		skipped[s.Path] = s.Error()
	}
	require.Equal(t, map[string]string{
		"handbook.pdf": "read in part: 1 of 3 pages has no text", "photo.jpg": "unknown extension: .jpg",
		"LICENSE.binary": "unknown extension: .binary",
	}, skipped)
}

// TestHostileFilesCostThemselvesAlone reads a good file among bad ones.
func TestHostileFilesCostThemselvesAlone(t *testing.T) {
	bomb := strings.Repeat("\x00", 70<<20)
	encrypted := "\xd0\xcf\x11\xe0" + strings.Repeat("\x00", 600) +
		"E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00"
	loop := strings.Replace(pdf("", []string{"11 x"}), "/Kids[5 0 R]", "/Kids[2 0 R]", 1)
	locked := epub(t, "META-INF/encryption.xml", `<encryption><EncryptedData><CipherData><CipherReference `+
		`URI="OPS/text/one.xhtml"/></CipherData>`+
		`</EncryptedData></encryption>`)
	start := time.Now()
	x, report := index(t, map[string]string{
		"good.txt": "The good file was written by Ola Berg.", "scan.pdf": pdf("", []string{"/"}, []string{"/"}), "loop.pdf": loop,
		"cut.pdf": pdf("", []string{"11 x"})[:60], "text.pdf": "no PDF at all", "locked.docx": encrypted, "locked.epub": locked,
		"bomb.docx": zipped(t, "word/document.xml", bomb), "bomb.epub": zipped(t, "META-INF/container.xml", bomb),
		"bomb.pptx": zipped(t, "ppt/presentation.xml", bomb), "bomb.odt": zipped(t, "content.xml", bomb), "bomb.txt.gz": gzipped(t,
			bomb[:64<<20]),
		"deep.docx": docx(t, strings.Repeat("<w:p>", 200_000)), "old.docx": "\xd0\xcf\x11\xe0 old", "cut.docx": docx(t, "")[:300],
		"cut.xlsx": xlsx(t)[:2000], "empty.xlsx": "", "deep.html": strings.Repeat("<div>", 100_000), "bad.ipynb": `{"cells": [`,
		"deep.ipynb": strings.Repeat("[", 100_000), "bad.srt": "no times", "min.js": strings.Repeat("x", 10_000),
		"parts.eml": "Subject: x\n" + strings.Repeat("Content-Type: multipart/mixed; boundary=a\n\n--a\n", 200), "bad.mbox": "no mailbox",
		"head.eml":    "",
		"twice.gz.gz": gzipped(t, gzipped(t, "x")), "cut.txt.gz": gzipped(t, strings.Repeat("hello ", 99))[:20],
		"deep.rtf": `{\rtf1 ` + strings.Repeat("{", 100_000), "text.rtf": "no RTF at all", "bin.rtf": `{\rtf1\bin99999999999 x`,
	})
	t.Logf("%v", time.Since(start).Round(time.Millisecond))
	hits, err := x.Search(context.Background(), "Ola Berg", 1)
	require.NoError(t, err)
	require.Equal(t, "good.txt", hits[0].Source)
	reasons := map[string]retriever.SkipReason{}
	for _, s := range report.Skipped {
		reasons[s.Path] = s.Reason
		t.Logf("%s: %s", s.Path, s.Error())
	}
	for name, want := range map[string]retriever.SkipReason{
		"scan.pdf": retriever.SkipScanned, "cut.pdf": retriever.SkipBroken, "text.pdf": retriever.SkipBroken,
		"locked.docx": retriever.SkipEncrypted,
		"locked.epub": retriever.SkipEncrypted, "bomb.docx": retriever.SkipLimit, "bomb.epub": retriever.SkipLimit,
		"bomb.pptx": retriever.SkipLimit,
		"bomb.odt":  retriever.SkipLimit, "bomb.txt.gz": retriever.SkipBinary, "old.docx": retriever.SkipBroken, "cut.docx": retriever.SkipBroken,
		"cut.xlsx": retriever.SkipBroken, "empty.xlsx": retriever.SkipBroken, "bad.ipynb": retriever.SkipBroken,
		"deep.ipynb": retriever.SkipBroken,
		"bad.srt":    retriever.SkipBroken, "min.js": retriever.SkipNoText, "parts.eml": retriever.SkipLimit, "bad.mbox": retriever.SkipBroken,
		"head.eml": retriever.SkipBroken, "twice.gz.gz": retriever.SkipExtension, "cut.txt.gz": retriever.SkipBroken,
		"deep.html": retriever.SkipNoText, "deep.rtf": retriever.SkipLimit, "text.rtf": retriever.SkipBroken, "bin.rtf": retriever.SkipNoText,
	} {
		require.Equal(t, want, reasons[name], name)
	}
	require.Equal(t, 2, report.Files, "good.txt and deep.docx: %v", reasons)
}
