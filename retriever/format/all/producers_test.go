package all

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// producers are the sample files that other programs made, each named for its program: internal/outside/documents.py.
func producers(t *testing.T) (paths []string) {
	t.Helper()
	all, err := filepath.Glob("testdata/*")
	require.NoError(t, err)
	for _, path := range all {
		if filepath.Base(path) != "text.json" {
			paths = append(paths, path)
		}
	}
	return paths
}

// chapter is a part of the text of the samples. In the files it is a page, slide, sheet or the like.
type chapter struct {
	Heading    string
	Paragraphs []string
}

// marked are the sentences of a chapter that are to be found. They are marked with a star.
func (c chapter) marked() (list []string) {
	for _, p := range c.Paragraphs {
		for _, part := range strings.Split(p, "|") {
			if _, s, found := strings.Cut(part, "*"); found {
				list = append(list, s)
			}
		}
	}
	return list
}

// placeIn is where the chapter of a number stands in a sample, and whether its heading is known.
func placeIn(name string, number int, heading string) (place string, titled bool) {
	switch program, ext, _ := strings.Cut(name, "."); {
	case program == "groff" || program == "ghostscript":
		return fmt.Sprintf("p. %d", number), false // headings are as large as the text
	case name == "pandoc.odt":
		return "", true // without pages
	case name == "pandoc.pptx":
		return "slide ", true // the title has one, and so do tables
	default:
		switch ext {
		case "pdf", "docx", "odt", "rtf":
			return fmt.Sprintf("p. %d", number), true
		case "pptx":
			return fmt.Sprintf("slide %d", number), true
		case "xlsx":
			return "sheet " + heading + ", row", true
		case "epub":
			return fmt.Sprintf("chapter %q", heading), true
		case "ipynb":
			return fmt.Sprintf("cell %d", number), true
		case "eml":
			return "", false
		}
	}
	return "", true // HTML
}

// plainly is a text on one line, with the quotes of a typewriter.
func plainly(text string) string {
	return strings.NewReplacer("“", `"`, "”", `"`).Replace(strings.Join(strings.Fields(text), " "))
}

// TestSamplesOfOtherPrograms finds each marked sentence in each sample, with its place and the heading above it.
func TestSamplesOfOtherPrograms(t *testing.T) {
	data, err := os.ReadFile("testdata/text.json")
	require.NoError(t, err)
	var text struct {
		Title    string
		Chapters []chapter
	}
	require.NoError(t, json.Unmarshal(data, &text))
	size, programs := 0, map[string]int{}
	for _, path := range producers(t) {
		name := filepath.Base(path)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		size += len(data)
		if strings.Contains(name, "-fpdf2") || strings.Contains(name, "scan-") {
			continue // without text; see below
		}
		programs[filepath.Ext(name)]++
		t.Run(name, func(t *testing.T) {
			x, report := index(t, map[string]string{name: string(data)})
			require.Empty(t, report.Skipped)
			sentences := 0
			for i, c := range text.Chapters {
				for _, s := range c.marked() {
					sentences++
					place, titled := placeIn(name, i+1, c.Heading)
					hits, err := x.Search(t.Context(), s, 8)
					require.NoError(t, err)
					found := slices.IndexFunc(hits, func(h retriever.Hit) bool { return strings.Contains(plainly(h.Text), plainly(s)) })
					if found < 0 {
						for _, h := range hits[:min(len(hits), 2)] {
							t.Logf("%s, %s: %q", h.Title, h.Place, h.Text)
						}
						t.Errorf("not found: %s", s)
						continue
					}
					h := hits[found]
					at := h.Place == place
					if strings.HasPrefix(place, "sheet ") || place == "slide " {
						at = strings.HasPrefix(h.Place, place)
					}
					if !at || titled && !strings.Contains(h.Title, c.Heading) {
						t.Errorf("%s: it stands in %q under %q, not in %q under %q", s, h.Place, h.Title, place, c.Heading)
					}
				}
			}
			require.Equal(t, 20, sentences)
		})
	}
	require.GreaterOrEqual(t, programs[".pdf"], 3)
	require.GreaterOrEqual(t, programs[".docx"], 2)
	require.Less(t, size, 600<<10, "all samples together")
	t.Logf("%d kB: %v", size>>10, programs)
}

// TestSamplesWithoutText reads what a program encrypted, and pages without text.
func TestSamplesWithoutText(t *testing.T) {
	for name, want := range map[string]retriever.Skip{
		"locked-fpdf2.pdf":   {Reason: retriever.SkipEncrypted, Detail: "it needs a password; 5 pages without text"},
		"scan-reportlab.pdf": {Reason: retriever.SkipScanned, Detail: "3 of 3 pages have no text"},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		_, _, _, err = readFile(t, name, string(data))
		require.Equal(t, want, skipped(t, name, err), name)
	}
}
