// Package epub reads books in EPUB 2 and 3, in the order of their spine. Chapters have
// the titles of the book's navigation. Importing the package registers the format.
package epub

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "EPUB", Extensions: []string{".epub"}, Reader: reader{}, Matches: func(_ string, head []byte) bool {
		start := string(head[:min(len(head), 200)])
		return strings.HasPrefix(start, "PK") && strings.Contains(start, "mimetypeapplication/epub+zip")
	}})
}

// container is META-INF/container.xml.
type container struct {
	Files []struct {
		Path string `xml:"full-path,attr"`
	} `xml:"rootfiles>rootfile"`
}

// book is the package document.
type book struct {
	Titles []string `xml:"metadata>title"` // the first is the main one
	Items  []struct {
		ID         string `xml:"id,attr"`
		Href       string `xml:"href,attr"`
		Type       string `xml:"media-type,attr"`
		Properties string `xml:"properties,attr"`
	} `xml:"manifest>item"`
	Spine struct {
		TOC  string `xml:"toc,attr"`
		Refs []struct {
			ID string `xml:"idref,attr"`
		} `xml:"itemref"`
	} `xml:"spine"`
}

// order returns the chapters by their ids. A book without a spine has those of its manifest.
func (b *book) order() (ids []string) {
	for _, ref := range b.Spine.Refs {
		ids = append(ids, ref.ID)
	}
	for _, item := range b.Items {
		if len(b.Spine.Refs) == 0 && item.Type == "application/xhtml+xml" && !strings.Contains(item.Properties, "nav") {
			ids = append(ids, item.ID)
		}
	}
	return ids
}

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	a, err := archive.Open(data)
	if err != nil {
		return doc, err
	}
	var c container
	if err := decode(a, "META-INF/container.xml", &c); err != nil {
		return doc, err
	}
	if len(c.Files) == 0 {
		return doc, fmt.Errorf("its container names no package document")
	}
	main := c.Files[0].Path
	var b book
	if err := decode(a, main, &b); err != nil {
		return doc, err
	}
	locked := encrypted(a)
	href, titles := map[string]string{}, contents{}
	for _, item := range b.Items {
		target := resolve(main, item.Href)
		href[item.ID] = target
		if strings.Contains(" "+item.Properties+" ", " nav ") {
			navigation(a, target, titles)
		}
	}
	if len(titles) == 0 {
		for _, item := range b.Items {
			if item.ID == b.Spine.TOC || item.Type == "application/x-dtbncx+xml" {
				ncx(a, href[item.ID], titles)
			}
		}
	}
	var out format.Builder
	html := retriever.TextReader(retriever.HTML)
	missing := 0
	last := "" // the chapter before
	spine := b.order()
	for i, id := range spine {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		name := href[id]
		if locked[archive.Key(name)] {
			return doc, retriever.Skip{Reason: retriever.SkipEncrypted}
		}
		text, err := a.Read(name)
		if skip := (retriever.Skip{}); asSkip(err, &skip) {
			return doc, skip
		}
		if err != nil {
			missing++
			continue
		}
		chapter, err := html.Read(ctx, name, text)
		if err != nil || strings.TrimSpace(chapter.Text) == "" {
			continue // a cover, or a picture
		}
		name = archive.Key(name)
		title := titles.first(name)
		place := fmt.Sprintf("part %d", i+1)
		switch {
		case title == "":
			last = ""
		case titles.later(name, chapter):
			title = "" // which is a heading of the text
			place = cmp.Or(last, place)
		default:
			place = placeOf(title)
			last = place
		}
		out.Place(place)
		last = cmp.Or(titles.divide(name, chapter.Sections), last)
		if title != "" && (len(chapter.Sections) == 0 || chapter.Sections[0].Start > 0 || chapter.Sections[0].Heading != title) {
			out.Heading(1, title)
		}
		out.Document(chapter, "", 0)
		if out.Full() {
			break
		}
	}
	title := ""
	for _, t := range b.Titles {
		title = cmp.Or(title, strings.TrimSpace(t))
	}
	doc, err = out.Done(title)
	if missing > 0 {
		doc.Missing = fmt.Sprintf("%d of %s %s not in the file", missing, plural.N(len(spine), "chapter"),
			plural.Pick(missing, "is", "are"))
	}
	return doc, err
}

func asSkip(err error, to *retriever.Skip) bool {
	skip, ok := err.(retriever.Skip)
	*to = skip
	return ok
}

func decode(a *archive.Archive, name string, to any) error {
	d, err := a.XML(name)
	if err != nil {
		return err
	}
	if err := d.Decode(to); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// resolve returns the path in the archive of a reference in a file.
func resolve(from, ref string) string {
	ref, _, _ = strings.Cut(ref, "#")
	ref, _, _ = strings.Cut(strings.ReplaceAll(ref, `\`, "/"), "?")
	if plain, err := url.PathUnescape(ref); err == nil {
		ref = plain
	}
	return strings.TrimPrefix(path.Join("/", path.Dir(from), ref), "/")
}

// encrypted returns the files, by their archive.Key, that are encrypted. Fonts may be, in a readable book.
func encrypted(a *archive.Archive) map[string]bool {
	var e struct {
		Data []struct {
			Reference struct {
				URI string `xml:"URI,attr"`
			} `xml:"CipherData>CipherReference"`
		} `xml:"EncryptedData"`
	}
	names := map[string]bool{}
	if decode(a, "META-INF/encryption.xml", &e) == nil {
		for _, d := range e.Data {
			names[archive.Key(resolve("", d.Reference.URI))] = true
		}
	}
	return names
}
