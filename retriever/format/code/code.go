// Package code reads source code in blocks of lines, whose place is the number of the
// first. Importing the package registers the format.
package code

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{
		Name: "source code", Reader: reader{},
		Extensions: []string{
			".go", ".py", ".js", ".mjs", ".ts", ".tsx", ".jsx", ".java", ".kt", ".scala", ".groovy", ".c", ".h", ".cc", ".cpp", ".hpp",
			".cxx", ".cu",
			".m", ".mm", ".cs", ".fs", ".vb", ".rs", ".swift", ".rb", ".php", ".pl", ".pm", ".lua", ".r", ".jl", ".hs", ".ml", ".ex", ".exs", ".erl",
			".clj", ".lisp", ".el", ".dart", ".zig", ".nim", ".v", ".vhd", ".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".sql", ".proto", ".tf",
			".cmake", ".mk", ".gradle", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf", ".css", ".scss", ".vue", ".tex",
		},
	})
	format.Register(format.Format{Name: "source code", Reader: reader{}, Matches: func(name string, _ []byte) bool {
		return slices.Contains([]string{"Makefile", "Dockerfile", "Jenkinsfile", "Vagrantfile", "Rakefile", "Gemfile"}, path.Base(name))
	}})
}

const (
	blockLines = 12   // a block ends at a blank line after that many
	mostLines  = 60   // or anywhere after that many
	longLine   = 5000 // bytes: nobody wrote such a line
)

type reader struct{}

func (reader) Read(ctx context.Context, name, data string) (doc retriever.Document, err error) {
	text, ok := charsets.Text(data)
	if !ok {
		return doc, retriever.Skip{Reason: retriever.SkipBinary}
	}
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	var b format.Builder
	var block []string
	first, blank := 1, false
	flush := func(next int) {
		b.Place(fmt.Sprintf("line %d", first))
		b.Paragraph(strings.Join(block, "\n"))
		block, first = nil, next
	}
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		if len(line) > longLine {
			made := fmt.Sprintf("line %d has %d bytes: a program wrote it", number, len(line))
			return doc, retriever.Skip{Reason: retriever.SkipNoText, Detail: made}
		}
		line = strings.TrimRight(line, " \t")
		starts := line != "" && line[0] != ' ' && line[0] != '\t' && line[0] != '}' && line[0] != ')'
		if len(block) >= mostLines || len(block) >= blockLines && blank && starts {
			flush(number)
		}
		if line == "" && len(block) == 0 {
			first = number + 1
			continue
		}
		block, blank = append(block, line), line == ""
	}
	flush(number)
	return b.Done(path.Base(name))
}
