package xlsx

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"
)

// A sheet that cannot be read because of its name is reported, and dates have their year first.
func TestSheetNamesAndDates(t *testing.T) {
	for _, name := range []string{strings.Repeat("n", 32), "'quoted"} {
		f := excelize.NewFile()
		_, err := f.NewSheet("Second")
		require.NoError(t, err)
		require.NoError(t, f.SetCellValue("Sheet1", "A1", "lost"))
		require.NoError(t, f.SetCellValue("Second", "A1", 46083))
		style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
		require.NoError(t, err)
		require.NoError(t, f.SetCellStyle("Second", "A1", "A1", style))
		b, err := f.WriteToBuffer()
		require.NoError(t, err)
		z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
		require.NoError(t, err)
		var files []string
		for _, part := range z.File {
			r, err := part.Open()
			require.NoError(t, err)
			data, err := io.ReadAll(r)
			require.NoError(t, err)
			files = append(files, part.Name, strings.ReplaceAll(string(data), `name="Sheet1"`, `name="`+name+`"`))
		}
		doc, err := reader{}.Read(t.Context(), "a.xlsx", zipped(t, files...))
		require.NoError(t, err)
		require.Contains(t, doc.Text, "2026-03-02")
		require.NotContains(t, doc.Text, "lost")
		require.Contains(t, doc.Missing, `1 sheet could not be read: "`+name+`"`)
	}
}
