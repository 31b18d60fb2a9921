package docx

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/archive"
)

// styles are what the styles of a document say of their paragraphs, by the ids of the styles.
type styles struct {
	levels map[string]int  // of headings
	breaks map[string]bool // a page begins before the paragraph
}

// stylesOf reads the styles. One may have what it says from the one that it is based on.
func stylesOf(a *archive.Archive, name string) styles {
	s, based := styles{map[string]int{}, map[string]bool{}}, map[string]string{}
	d, err := a.XML(name)
	if err != nil {
		return s
	}
	id := ""
	for {
		token, err := d.Token()
		if err != nil {
			break
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch value := archive.Attr(e, "val"); e.Name.Local {
		case "style":
			id = archive.Attr(e, "styleId")
		case "name":
			name := strings.ToLower(value)
			if n, err := strconv.Atoi(strings.TrimPrefix(name, "heading ")); err == nil && strings.HasPrefix(name, "heading ") {
				s.levels[id] = n
			} else if name == "title" {
				s.levels[id] = 1
			}
		case "outlineLvl":
			if n, err := strconv.Atoi(value); err == nil && n >= 0 && n < 9 && s.levels[id] == 0 {
				s.levels[id] = n + 1
			}
		case "pageBreakBefore":
			s.breaks[id] = isOn(e)
		case "basedOn":
			based[id] = value
		}
	}
	for id := range based {
		from := id
		for range 10 {
			from = based[from]
			if s.levels[id] == 0 && s.levels[from] > 0 {
				s.levels[id] = s.levels[from]
			}
			if _, said := s.breaks[id]; !said {
				if begins, says := s.breaks[from]; says { // the nearest that says anything
					s.breaks[id] = begins
				}
			}
		}
	}
	return s
}

var (
	pageBreak  = regexp.MustCompile(`type=["']page["']|[:<]pageBreakBefore\b`)
	styleUsed  = regexp.MustCompile(`[:<]pStyle\s[^>]*?val=["']([^"']*)["']`)
	sections   = regexp.MustCompile(`(?s)<(?:\w+:)?sectPr(?:\s[^>]*?)?(?:/>|>.*?</(?:\w+:)?sectPr>)`)
	before     = regexp.MustCompile(`(?s)<(?:\w+:)?sectPrChange\b.*?</(?:\w+:)?sectPrChange>`) // what a section was before a change
	continuous = regexp.MustCompile(`[:<]type\s[^>]*?val=["'](continuous|nextColumn)["']`)
)

// countPages says whether it is known where the pages of a text begin: Word marks them all, others only have those that the author
// broke, also by the beginning of a section or by a style. How a section begins is said at its own end.
func (r *body) countPages(text string) bool {
	if strings.Contains(text, "lastRenderedPageBreak") {
		return true
	}
	r.breaks = []bool{}
	paged := pageBreak.MatchString(text)
	for _, used := range styleUsed.FindAllStringSubmatch(text, -1) {
		paged = paged || r.styles.breaks[used[1]]
	}
	for i, s := range sections.FindAllString(before.ReplaceAllString(text, ""), -1) {
		if i > 0 {
			begins := !continuous.MatchString(s)
			r.breaks = append(r.breaks, begins)
			paged = paged || begins
		}
	}
	return paged
}
