package odt

import (
	"context"
	"encoding/xml"
	"errors"
	"io"

	"github.com/ragft/ragft/internal/archive"
)

const (
	maxParents = 32      // styles that one may be based on, one upon the other: they may form a circle
	maxStyles  = 1 << 16 // of a document; a hostile one may have millions
)

// styleID identifies a style: those of paragraphs and of tables may have the same name.
type styleID struct{ family, name string }

// style says whether a new page begins before or after what has the style. Nil means as in its parent.
type style struct {
	parent        string
	named         bool // by the author or the program; the others are those of single paragraphs
	before, after *bool
	page          *bool // it begins a page of another kind
	hidden        *bool // its text is not shown
}

// styles are the styles of a document: those that its author named are in one file, those of single paragraphs in another.
type styles map[styleID]style

// add adds the styles of a file, which stand before its body.
func (s styles) add(ctx context.Context, text string) error {
	d := archive.Decoder(text)
	var id styleID // of the style that is being read
	named := false
	for ctx.Err() == nil && len(s) < maxStyles {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "styles", "automatic-styles":
			named = e.Name.Local == "styles"
		case "style":
			id = styleID{archive.Attr(e, "family"), archive.Attr(e, "name")}
			begun := style{parent: archive.Attr(e, "parent-style-name"), named: named}
			if name := given(e, "master-page-name"); name != nil {
				begins := *name != ""
				begun.page = &begins
			}
			s[id] = begun
		case "paragraph-properties", "table-properties":
			if styled, ok := s[id]; ok {
				styled.before, styled.after = isPage(e, "break-before"), isPage(e, "break-after")
				s[id] = styled
			}
		case "text-properties":
			if styled, ok := s[id]; ok {
				if display := given(e, "display"); display != nil {
					none := *display == "none"
					styled.hidden = &none
				}
				s[id] = styled
			}
		case "body", "master-styles":
			return nil
		}
	}
	return ctx.Err()
}

// given is the value of an attribute, nil if there is none.
func given(e xml.StartElement, name string) *string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return &a.Value
		}
	}
	return nil
}

// isPage says whether a break is one of pages rather than of columns, nil if there is no such attribute.
func isPage(e xml.StartElement, name string) *bool {
	value := given(e, name)
	if value == nil {
		return nil
	}
	page := *value == "page"
	return &page
}

// breaks says whether a page begins before and after what has a style.
func (s styles) breaks(family, name string) (before, after bool) {
	found := s.find(family, name)
	return is(found.before) || is(found.page), is(found.after)
}

// hidden says whether text of a style is not shown.
func (s styles) hidden(family, name string) bool { return is(s.find(family, name).hidden) }

func is(b *bool) bool { return b != nil && *b }

// isTitle says whether a paragraph is a title: by its style, or by the named one on which its own style is based.
func (s styles) isTitle(name string) bool {
	if own, ok := s[styleID{"paragraph", name}]; ok && !own.named {
		name = own.parent
	}
	return name == "Title"
}

// find is what a style says, or those that it is based on.
func (s styles) find(family, name string) (found style) {
	for range maxParents {
		next, ok := s[styleID{family, name}]
		if !ok {
			break
		}
		found.before, found.after, found.page = or(found.before, next.before), or(found.after, next.after), or(found.page, next.page)
		found.hidden = or(found.hidden, next.hidden)
		name = next.parent
	}
	return found
}

func or(a, b *bool) *bool {
	if a != nil {
		return a
	}
	return b
}
