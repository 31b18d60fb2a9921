package epub

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// entry is a title of the navigation.
type entry struct {
	title  string
	depth  int  // how deep it stands below others
	anchor bool // it leads to a place in the file
}

// contents are the titles of each file, by its archive.Key, in order.
type contents map[string][]entry

// add adds a title of the file from, which leads to ref.
func (c contents) add(from, ref, title string, depth int) {
	if title = format.OneLine(title); title != "" {
		file := archive.Key(resolve(from, ref))
		c[file] = append(c[file], entry{title, depth, strings.Contains(ref, "#")})
	}
}

// first is the title that a file begins with, "" for none.
func (c contents) first(file string) string {
	if len(c[file]) == 0 {
		return ""
	}
	return c[file][0].title
}

// later says whether a file begins with the end of the chapter before: the first title leads to a heading below other text.
func (c contents) later(file string, chapter retriever.Document) bool {
	if len(c[file]) == 0 || !c[file][0].anchor {
		return false
	}
	at := slices.IndexFunc(chapter.Sections, func(s retriever.Section) bool { return format.OneLine(s.Heading) == c[file][0].title })
	return at >= 0 && strings.TrimSpace(chapter.Text[:chapter.Sections[at].Start]) != ""
}

// divide gives the sections of a file that are chapters of their own their places: those whose heading is a title of the
// navigation that stands no deeper than the first one of the file. Deeper ones are sections of a chapter. It returns the last place.
func (c contents) divide(file string, sections []retriever.Section) (last string) {
	chapters := map[string]bool{}
	for _, e := range c[file] {
		if e.depth <= c[file][0].depth {
			chapters[e.title] = true
		}
	}
	for i, s := range sections {
		if title := format.OneLine(s.Heading); chapters[title] {
			last = placeOf(title)
			sections[i].Place = last
		}
	}
	return last
}

func placeOf(title string) string { return fmt.Sprintf("chapter %q", title) }

// navigation reads the titles of EPUB 3: the links of the nav element "toc".
func navigation(a *archive.Archive, name string, titles contents) {
	d, err := a.XML(name)
	if err != nil {
		return
	}
	inside, target, depth := false, "", 0
	var text strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "nav":
				kind := archive.Attr(t, "type")
				inside = kind == "toc" || kind == ""
			case "ol":
				depth++
			case "a":
				target = archive.Attr(t, "href")
				text.Reset()
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			switch t.Name.Local {
			case "nav":
				inside = false
			case "ol":
				depth--
			case "a":
				if inside {
					titles.add(name, target, text.String(), depth)
				}
			}
		}
	}
}

// ncx reads the titles of EPUB 2.
func ncx(a *archive.Archive, name string, titles contents) {
	d, err := a.XML(name)
	if err != nil {
		return
	}
	label := ""
	var text strings.Builder
	inside, depth := false, 0
	for {
		token, err := d.Token()
		if err != nil {
			return
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "navMap":
				inside = true
			case "navPoint":
				depth++
			case "text":
				text.Reset()
			case "content":
				if inside {
					titles.add(name, archive.Attr(t, "src"), label, depth)
				}
			}
		case xml.CharData:
			text.Write(t)
		case xml.EndElement:
			switch t.Name.Local {
			case "navPoint":
				depth--
			case "text":
				label = text.String()
			}
		}
	}
}
