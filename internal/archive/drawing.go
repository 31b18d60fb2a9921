package archive

import (
	"encoding/xml"
	"strings"
)

// Drawing returns what a diagram or a chart of Office says (DrawingML): its paragraphs, and the names of series and categories.
func (a *Archive) Drawing(name string) (lines []string, err error) {
	d, err := a.XML(name)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	add := func(line string) {
		if line = strings.Join(strings.Fields(line), " "); line != "" && !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	var text strings.Builder
	names, inText := 0, 0 // depth of names and lists of them, and of what holds text
	for {
		token, err := d.Token()
		if err != nil {
			return lines, nil //nolint:nilerr // what was read is kept
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "strCache", "multiLvlStrCache", "strLit", "tx": // numbers stand in others
				names++
			case "p":
				text.Reset()
			case "t", "v":
				inText++
			case "br":
				text.WriteByte(' ')
			}
		case xml.CharData:
			if inText > 0 {
				text.Write(t)
			}
		case xml.EndElement:
			switch t.Name.Local {
			case "strCache", "multiLvlStrCache", "strLit", "tx":
				names--
			case "t":
				inText--
			case "v":
				if inText--; names > 0 {
					add(text.String())
				}
				text.Reset()
			case "p":
				add(text.String())
				text.Reset()
			}
		}
	}
}
