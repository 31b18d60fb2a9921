// Package archive reads the parts of documents that are ZIP archives, within limits:
// a small archive can hold very large files.
package archive

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/ragft/ragft/retriever"
)

const (
	maxFiles = 20_000
	maxFile  = 64 << 20  // bytes of one file
	maxTotal = 256 << 20 // bytes of all files that are read
)

// Archive is an open archive.
type Archive struct {
	all   []*zip.File
	files map[string]*zip.File // by name
	keys  map[string]*zip.File // by Key, the first of each
	left  int64
}

// Open opens an archive. An Office file with a password is a retriever.Skip.
func Open(data string) (*Archive, error) {
	if strings.HasPrefix(data, "\xd0\xcf\x11\xe0") {
		if strings.Contains(data, "E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e") {
			return nil, retriever.Skip{Reason: retriever.SkipEncrypted}
		}
		return nil, retriever.Skip{Reason: retriever.SkipBroken, Detail: "a file of an old version of Office: save it in the new format"}
	}
	z, err := zip.NewReader(strings.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	if len(z.File) > maxFiles {
		return nil, limit("it has more than %d files", maxFiles)
	}
	a := &Archive{all: z.File, files: map[string]*zip.File{}, keys: map[string]*zip.File{}, left: maxTotal}
	for _, f := range z.File {
		a.files[strings.TrimPrefix(path.Clean("/"+f.Name), "/")] = f
		if key := Key(f.Name); a.keys[key] == nil {
			a.keys[key] = f
		}
	}
	return a, nil
}

func limit(format string, args ...any) error {
	return retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf(format, args...)}
}

// Part is a file of an archive. Several may have the same name.
type Part struct {
	// Name is as Open Packaging Conventions compare names: in lower case, with slashes.
	Name string
	file *zip.File
}

// Parts returns all files of an archive.
func (a *Archive) Parts() (parts []Part) {
	for _, f := range a.all {
		name := path.Clean("/" + strings.ReplaceAll(f.Name, `\`, "/"))
		parts = append(parts, Part{strings.ToLower(name[1:]), f})
	}
	return parts
}

// Key is a name in the one spelling of all that programs take for the same file: in any case, with either slash, with characters
// that are escaped as in an address, and with accents as characters of their own.
func Key(name string) string {
	name = strings.ReplaceAll(name, `\`, "/")
	if plain, err := url.PathUnescape(name); err == nil {
		name = plain
	}
	return strings.ToLower(norm.NFC.String(path.Clean("/" + name)[1:]))
}

// Read returns the content of a file, fs.ErrNotExist if there is none, and a
// retriever.Skip for one that is too large. Where no file has exactly this name, it is
// one whose name has the same Key.
func (a *Archive) Read(name string) (string, error) {
	f := a.files[name]
	if f == nil {
		f = a.keys[Key(name)]
	}
	if f == nil {
		return "", fmt.Errorf("%s: %w", name, fs.ErrNotExist)
	}
	return a.read(name, f)
}

func (a *Archive) read(name string, f *zip.File) (string, error) {
	if f.Flags&1 != 0 {
		return "", retriever.Skip{Reason: retriever.SkipEncrypted}
	}
	r, err := f.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	var b strings.Builder
	n, err := io.Copy(&b, io.LimitReader(r, min(maxFile, a.left)+1))
	if a.left -= n; n > maxFile || a.left < 0 {
		return "", limit("%s is larger than %d MB unpacked", name, maxFile>>20)
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	return b.String(), nil
}

// XML returns a decoder of a file.
func (a *Archive) XML(name string) (*xml.Decoder, error) {
	text, err := a.Read(name)
	if err != nil {
		return nil, err
	}
	return Decoder(text), nil
}

// PartXML returns a decoder of a part.
func (a *Archive) PartXML(p Part) (*xml.Decoder, error) {
	text, err := a.read(p.Name, p.file)
	if err != nil {
		return nil, err
	}
	return Decoder(text), nil
}

// Attr returns the value of an attribute by its local name.
func Attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// Text returns the text of the first element of a name, "" if there is none.
func (a *Archive) Text(file, element string) string {
	d, err := a.XML(file)
	if err != nil {
		return ""
	}
	inside := false
	var b strings.Builder
	for {
		token, err := d.Token()
		if err != nil {
			return ""
		}
		switch t := token.(type) {
		case xml.StartElement:
			inside = inside || t.Name.Local == element
		case xml.EndElement:
			if inside && t.Name.Local == element {
				return strings.TrimSpace(b.String())
			}
		case xml.CharData:
			if inside {
				b.Write(t)
			}
		}
	}
}

// Links returns the targets of a part's relationships (Open Packaging Conventions) by
// id, as paths in the archive, and those of one type by its last word.
func (a *Archive) Links(part string) (byID map[string]string, byType map[string][]string) {
	byID, byType = map[string]string{}, map[string][]string{}
	rels := "_rels/.rels" // of the whole archive
	if part != "" {
		rels = path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	}
	d, err := a.XML(rels)
	if err != nil {
		return byID, byType
	}
	for {
		token, err := d.Token()
		if err != nil {
			return byID, byType
		}
		e, ok := token.(xml.StartElement)
		if !ok || e.Name.Local != "Relationship" || Attr(e, "TargetMode") == "External" {
			continue
		}
		target := Attr(e, "Target")
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir(part), target)
		}
		target = strings.TrimPrefix(path.Clean(target), "/")
		byID[Attr(e, "Id")] = target
		kind := path.Base(Attr(e, "Type"))
		byType[kind] = append(byType[kind], target)
	}
}
