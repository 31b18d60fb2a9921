package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever"
)

func zipped(t *testing.T, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(files); i += 2 {
		w, err := z.Create(files[i])
		require.NoError(t, err)
		_, err = io.WriteString(w, files[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

// Wherever excelize finds them, cells that share a long text are added up, and long formats of numbers are refused.
func TestBombsInDisguise(t *testing.T) {
	const sheet, shared = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
	long := strings.Repeat("a", 1<<20)
	text := `<sst><si><t>` + long + `</t></si></sst>`
	cells := func(cell string) string {
		return `<worksheet><sheetData><row>` + strings.Repeat(cell, 65) + `</row></sheetData></worksheet>`
	}
	plain := cells(`<c t="s"><v>0</v></c>`)
	numbers := func(attr string) string {
		return `<styleSheet><numFmts><numFmt numFmtId="200" formatCode="0" ` + attr + `="` + long + `"/></numFmts></styleSheet>`
	}
	for name, files := range map[string][]string{
		"sheet elsewhere":       {shared, text, "xl/sheet1.xml", plain},
		"sheet of any name":     {shared, text, "cells.bin", plain},
		"sheet in the texts":    {shared, strings.Replace(text, "</sst>", plain+"</sst>", 1)},
		"texts in capitals":     {"xl/SharedStrings.xml", text, sheet, plain},
		"backslashes":           {`xl\sharedStrings.xml`, text, `xl\worksheets\sheet1.xml`, plain},
		"two parts of a name":   {shared, text, shared, `<sst/>`, sheet, plain, sheet, `<worksheet/>`},
		"almost the same name":  {shared, text, "xl/./sharedStrings.xml", `<sst/>`, sheet, plain},
		"another attribute":     {shared, text, sheet, cells(`<c x:t="n" t="s"><v>0</v></c>`)},
		"an element in it":      {shared, text, sheet, cells(`<c t="s"><v>0<x>9</x></v></c>`)},
		"blanks and a comment":  {shared, text, sheet, cells(`<c t="s"><v>` + strings.Repeat(" ", 30) + `<!-- -->0</v></c>`)},
		"no number":             {shared, text, sheet, cells(`<c t="s"><v>none</v></c>`)},
		"format of numbers":     {"xl/styles.xml", numbers("x:formatCode")},
		"format of numbers, 16": {"xl/Styles.xml", numbers("x16r2:formatCode16")},
	} {
		a, err := archive.Open(zipped(t, files...))
		require.NoError(t, err)
		var skip retriever.Skip
		require.ErrorAs(t, checkText(t.Context(), a), &skip, name)
		require.Equal(t, retriever.SkipLimit, skip.Reason, name)
	}
	a, err := archive.Open(zipped(t, shared, text, sheet, strings.Replace(plain, `<c t="s"><v>0</v></c>`, "", 2)))
	require.NoError(t, err)
	require.NoError(t, checkText(t.Context(), a), "63 MB are in bounds")
}
