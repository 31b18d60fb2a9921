package all

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbered is a PDF of pages that say their number.
func numbered(pages int) string {
	var lines [][]string
	for i := range pages {
		lines = append(lines, []string{fmt.Sprintf("11 This is sheet %d.", i+1)})
	}
	return pdf("", lines...)
}

// TestLongPDFKeepsTheOrderOfItsPages reads files that two instances share, also where a page of them is broken.
func TestLongPDFKeepsTheOrderOfItsPages(t *testing.T) {
	const pages = 100
	whole := numbered(pages)
	for name, test := range map[string]struct {
		data    string
		without int // the page that is lost
	}{
		"whole": {whole, 0},
		// The first page's object is no page.
		"broken": {strings.Replace(whole, "<</Type/Page/Parent 2 0 R", "(ype/Page/Parent 2 0 R  )", 1), 1},
	} {
		t.Run(name, func(t *testing.T) {
			doc, _, _, err := readFile(t, "sheets.pdf", test.data)
			require.NoError(t, err)
			require.Len(t, doc.Sections, pages-test.without)
			for i, s := range doc.Sections {
				number := i + 1 + test.without
				require.Equal(t, fmt.Sprintf("p. %d", number), s.Place)
				end := len(doc.Text)
				if i+1 < len(doc.Sections) {
					end = doc.Sections[i+1].Start
				}
				require.Contains(t, doc.Text[s.Start:end], fmt.Sprintf("sheet %d.", number))
			}
		})
	}
}
