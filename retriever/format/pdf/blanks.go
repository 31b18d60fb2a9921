package pdf

import (
	"strings"
	"unicode"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
)

const (
	blankGap  = 0.13 // of the height of a character: a wider gap stands for a blank, of about twice that
	spacedOut = 0.4  // share of wide gaps from which on a line is only set wide
)

// missesBlanks reports whether PDFium misses blanks of a file. Ghostscript draws letters beside a blank, as in "may be", as one piece
// with wide spacing, in which PDFium sees no blank. Where each character stands is asked only for such files, as that takes long.
func missesBlanks(f file) bool {
	meta, err := f.instance.FPDF_GetMetaText(&requests.FPDF_GetMetaText{Document: f.document, Tag: "Producer"})
	return err == nil && strings.Contains(meta.Value, "Ghostscript")
}

// separated returns a line, which begins at a place in the text, with a blank in each wide gap between two characters.
func separated(instance pdfium.Pdfium, page references.FPDF_TEXTPAGE, line string, at int) string {
	var wide []int // bytes before which a blank is missing
	pairs, right, before := 0, float32(0), ' '
	for i, r := range line {
		if !unicode.IsSpace(r) && !unicode.IsControl(r) {
			box, err := instance.FPDFText_GetLooseCharBox(&requests.FPDFText_GetLooseCharBox{TextPage: page, Index: at})
			if err != nil {
				return line
			}
			if !unicode.IsSpace(before) && !unicode.IsControl(before) {
				pairs++
				if height := box.Rect.Top - box.Rect.Bottom; height > 0 && box.Rect.Left-right > blankGap*height {
					wide = append(wide, i)
				}
			}
			right = box.Rect.Right
		}
		before = r
		if at++; r > 0xffff {
			at++
		}
	}
	if float64(len(wide)) > spacedOut*float64(pairs) {
		return line
	}
	var out strings.Builder
	from := 0
	for _, i := range wide {
		out.WriteString(line[from:i] + " ")
		from = i
	}
	return out.String() + line[from:]
}
