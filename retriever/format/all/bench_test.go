package all

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever/format"
)

// longPDF has 200 pages of 45 lines.
func longPDF() string {
	var pages [][]string
	for p := range 200 {
		page := []string{fmt.Sprintf("16 Chapter %d", p+1)}
		for l := range 45 {
			page = append(page, fmt.Sprintf("11 Line %d of page %d says that boat %d was moored at the quay of basin %d for the night.",
				l, p+1, 45*p+l, l%3))
		}
		pages = append(pages, page)
	}
	return pdf("Log", pages...)
}

// BenchmarkPDF reads a PDF of 200 pages, or the file that RAGFT_PDF names, and compares that with pdftotext, if it is installed.
// Times are medians of five; PDFium is compiled before.
func BenchmarkPDF(b *testing.B) {
	data, path := longPDF(), filepath.Join(b.TempDir(), "long.pdf")
	if name := os.Getenv("RAGFT_PDF"); name != "" {
		file, err := os.ReadFile(name)
		require.NoError(b, err)
		data = string(file)
	}
	require.NoError(b, os.WriteFile(path, []byte(data), 0o600))
	r := format.Find(path, []byte(data[:1024]))
	ours := func() {
		doc, err := r.Read(b.Context(), path, data)
		require.NoError(b, err)
		require.NotEmpty(b, doc.Text)
	}
	ours()
	for b.Loop() {
		ours()
	}
	mine := median(ours)
	b.ReportMetric(mine.Seconds(), "s/file")
	if _, err := exec.LookPath("pdftotext"); err != nil {
		b.Log("pdftotext is not installed (poppler-utils): nothing to compare with")
		return
	}
	theirs := median(func() {
		out, err := exec.CommandContext(b.Context(), "pdftotext", path, "-").Output()
		require.NoError(b, err)
		require.NotEmpty(b, strings.TrimSpace(string(out)))
	})
	b.ReportMetric(theirs.Seconds(), "s/pdftotext")
	b.ReportMetric(mine.Seconds()/theirs.Seconds(), "times-pdftotext")
}

func median(f func()) time.Duration {
	var times []time.Duration
	for range 5 {
		start := time.Now()
		f()
		times = append(times, time.Since(start))
	}
	slices.Sort(times)
	return times[2]
}
