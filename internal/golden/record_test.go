//go:build cgo

package golden

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

// recorded is what came out of a run.
type recorded struct {
	code  int
	parts []part
}

// part is an output or a file. Its kind is screen (what is printed for people), notes (what is said on standard error), json (of
// one or several lines), text, html, gguf, binary, or exact, which is the same everywhere.
type part struct {
	name, kind string
	data       []byte
	hashed     bool // long: a hash of it is enough
}

func (r *recorded) add(name, kind string, data []byte) {
	if len(data) > 0 {
		r.parts = append(r.parts, part{name: name, kind: kind, data: data})
	}
}

// addPath adds a file, or all files of a folder. A # before its name asks for a hash only.
func (r *recorded) addPath(p *workplace, name string) {
	name, hashed := strings.CutPrefix(name, "#")
	root := filepath.Join(p.dir, path(name))
	if _, err := os.Stat(root); errors.Is(err, fs.ErrNotExist) {
		r.add(name, "exact", []byte("not written"))
		return
	}
	require.NoError(p.t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		inner, err := filepath.Rel(root, file)
		shown := name
		if inner != "." {
			shown += "/" + inner
		}
		r.parts = append(r.parts, part{name: shown, kind: kindOf(file, data), data: data, hashed: hashed})
		return err
	}))
}

func kindOf(name string, data []byte) string {
	switch ext := filepath.Ext(name); {
	case ext == ".json" || ext == ".jsonl":
		return "json"
	case ext == ".html":
		return "html"
	case ext == ".gguf":
		return "gguf"
	case utf8.Valid(data):
		return "text"
	}
	return "binary"
}

// here is all that came out, as it is on this platform.
func (r *recorded) here(c run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d\n", r.code)
	for _, p := range r.parts {
		text := p.full(c.fixed)
		if text == "" {
			continue
		}
		if p.hashed {
			text = fmt.Sprintf("sha256 %s of %d bytes\n%s", hash([]byte(text)), len(text), p.first(c.fixed))
		}
		fmt.Fprintf(&b, "\n== %s\n%s\n", p.name, strings.TrimRight(text, "\n"))
	}
	return b.String()
}

// everywhere is what does not depend on arithmetic.
func (r *recorded) everywhere(c run) string {
	var b strings.Builder
	fmt.Fprintf(&b, "exit code %d\n", r.code)
	for _, p := range r.parts {
		if text := p.shape(c); text != "" {
			fmt.Fprintf(&b, "\n== %s\n%s\n", p.name, strings.TrimRight(text, "\n"))
		}
	}
	return b.String()
}

func (p part) full(rounded bool) string {
	switch p.kind {
	case "json":
		var b strings.Builder
		for _, v := range values(p.data) {
			writeValue(&b, maskValue(v, rounded), "")
			b.WriteByte('\n')
		}
		return b.String()
	case "html":
		return headingsOfPage(p.data)
	case "gguf":
		return contentsOfGGUF(p.data, true)
	case "exact":
		return string(p.data)
	case "screen":
		return narrow(maskText(string(p.data)))
	case "binary":
		return "sha256 " + hash(p.data)
	}
	return maskText(string(p.data))
}

// first are the first values of several.
func (p part) first(rounded bool) string {
	all := values(p.data)
	if p.kind != "json" || len(all) < 2 {
		return ""
	}
	var b strings.Builder
	for _, v := range all[:2] {
		writeValue(&b, maskValue(v, rounded), "")
		b.WriteByte('\n')
	}
	return b.String() + "..."
}

func (p part) shape(c run) string {
	switch p.kind {
	case "json":
		return shapeOf(values(p.data), c.counts, c.loose)
	case "exact":
		return string(p.data)
	case "html":
		return headingsOfPage(p.data)
	case "gguf":
		return contentsOfGGUF(p.data, false)
	case "screen":
		return headings(narrow(string(p.data)))
	}
	return ""
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

var spaces = regexp.MustCompile(`  +`)

// narrow takes the widths of columns out of text, which follow from the figures in them.
func narrow(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if lines[i] = strings.TrimSpace(spaces.ReplaceAllString(line, "  ")); dashes(line) {
			lines[i] = "---"
		}
	}
	return strings.Join(lines, "\n")
}

// headings are the headings of the tables in text: what stands above a line of dashes, up to an empty line.
func headings(text string) string {
	var out, block []string
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		switch {
		case line == "":
			block = nil
		case dashes(line):
			out = append(append(out, block...), line)
		default:
			block = append(block, line)
		}
	}
	return strings.Join(out, "\n")
}

var pageHeading = regexp.MustCompile(`(?s)<h[1-4][^>]*>.*?</h[1-4]>`)

func headingsOfPage(data []byte) string {
	var out []string
	for _, h := range pageHeading.FindAllString(string(data), -1) {
		out = append(out, strings.Join(strings.Fields(h), " "))
	}
	return strings.Join(out, "\n")
}

// contentsOfGGUF lists the metadata and tensors of a GGUF file, and its hash with them if arithmetic is asked for.
func contentsOfGGUF(data []byte, arithmetic bool) string {
	f, err := os.CreateTemp("", "*.gguf")
	if err != nil {
		return err.Error()
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	f.Close()
	if err != nil {
		return err.Error()
	}
	g, err := gguf.Open(f.Name())
	if err != nil {
		return err.Error()
	}
	defer g.Close()
	var lines []string
	if arithmetic {
		lines = append(lines, "sha256 "+hash(data))
	}
	for _, kv := range g.Metadata() {
		line := kv.Key
		if value := fmt.Sprint(kv.Value); arithmetic && len(value) <= 200 {
			line += " = " + value
		}
		lines = append(lines, line)
	}
	for _, info := range g.Tensors() {
		lines = append(lines, fmt.Sprintf("%s %s %v", info.Name, info.Type, info.Dims))
	}
	return strings.Join(lines, "\n")
}
