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
	looked    = 20   // blanks by which a page is judged
)

// blanksMissing reports whether blanks of a page may be missing, as PDFium made those that it has. Programs such as Ghostscript and
// TeX move on where a blank is, and PDFium, which makes one of a wide gap, misses those beside characters that are moved together.
// Only on such pages it is asked where each character stands, as that takes long.
func blanksMissing(instance pdfium.Pdfium, page references.FPDF_TEXTPAGE, text string) bool {
	at, blanks := 0, 0
	for _, r := range text {
		if r == ' ' && blanks < looked {
			blanks++
			made, err := instance.FPDFText_IsGenerated(&requests.FPDFText_IsGenerated{TextPage: page, Index: at})
			if err != nil || !made.IsGenerated {
				return false
			}
		}
		if at++; r > 0xffff {
			at++
		}
	}
	return blanks > 1
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
