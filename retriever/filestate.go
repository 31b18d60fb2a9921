package retriever

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/filestamp"
	"github.com/ragft/ragft/internal/version"
)

// fileState is what Sync knows about a file of the documents.
type fileState struct {
	filestamp.Stamp
	looked    int64  // when, in nanoseconds
	options   uint64 // how it was read and divided; 0 = not known
	hash      [sha256.Size]byte
	documents int
	skipped   []Skip // the file itself, or rows of it
}

// fileStates is what Sync knows about the documents.
type fileStates struct {
	root    string // the folder, without links
	foreign bool   // the index may have chunks that are not of these files
	files   map[string]fileState
}

// clone returns a copy that may be changed.
func (s *fileStates) clone() *fileStates {
	return &fileStates{s.root, s.foreign, maps.Clone(s.files)}
}

// known returns what Sync knows about the files of a generation. Its caller holds Index.write.
func (g *generation) known(path string) (*fileStates, error) {
	if g.files != nil {
		return g.files, nil
	}
	nothing := &fileStates{foreign: true, files: map[string]fileState{}}
	if g.name == "" {
		return nothing, nil
	}
	s, err := readFileStates(filepath.Join(path, g.name, filesName))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFileStates) {
		return nothing, nil // all files are read again
	}
	if err != nil {
		return nothing, err
	}
	g.files = s
	return s, nil
}

// fileStatesHead is the first line of the file.
type fileStatesHead struct {
	Version int    `json:"version"`
	Root    string `json:"root"`
	Foreign bool   `json:"foreign,omitempty"`
}

const fileStatesVersion = 1

// write writes the states to a file: a line for all, and one for each file.
func (s *fileStates) write(path string) error {
	return atomicfile.WritePrivate(path, func(to io.Writer) error {
		w := bufio.NewWriter(to)
		if err := json.NewEncoder(w).Encode(fileStatesHead{fileStatesVersion, s.root, s.foreign}); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(s.files)) {
			f := s.files[name]
			fmt.Fprintf(w, "%d %d %d %d %d %d %d %x %s", f.Size, f.Modified, f.Changed, f.ID, f.looked, f.options, f.documents,
				f.hash, strconv.Quote(name))
			if len(f.skipped) > 0 {
				skipped, err := json.Marshal(f.skipped)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, " %s", skipped)
			}
			fmt.Fprintln(w)
		}
		return w.Flush()
	})
}

var errFileStates = errors.New("not a list of files")

func readFileStates(path string) (*fileStates, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	var head fileStatesHead
	if err := json.Unmarshal(first, &head); err != nil || head.Version != fileStatesVersion {
		return nil, errFileStates
	}
	s := &fileStates{root: head.Root, foreign: head.Foreign, files: map[string]fileState{}}
	for line := range strings.Lines(string(rest)) {
		name, f, ok := parseFileState(strings.TrimSuffix(line, "\n"))
		if !ok {
			return nil, errFileStates
		}
		s.files[name] = f
	}
	return s, nil
}

// parseFileState reads the line of one file.
func parseFileState(line string) (name string, f fileState, ok bool) {
	var numbers [7]int64
	for i := range numbers {
		field, rest, found := strings.Cut(line, " ")
		n, err := strconv.ParseInt(field, 10, 64)
		if u, uerr := strconv.ParseUint(field, 10, 64); err != nil && uerr == nil {
			n, err = int64(u), nil // the same 64 bits
		}
		if err != nil || !found {
			return "", f, false
		}
		numbers[i], line = n, rest
	}
	sum, line, _ := strings.Cut(line, " ")
	if n, err := hex.Decode(f.hash[:], []byte(sum)); len(sum) != 2*len(f.hash) || n != len(f.hash) || err != nil {
		return "", f, false
	}
	quoted, err := strconv.QuotedPrefix(line)
	if err != nil {
		return "", f, false
	}
	if name, err = strconv.Unquote(quoted); err != nil {
		return "", f, false
	}
	if skipped := strings.TrimSpace(line[len(quoted):]); skipped != "" && json.Unmarshal([]byte(skipped), &f.skipped) != nil {
		return "", f, false
	}
	f.Stamp = filestamp.Stamp{Size: numbers[0], Modified: numbers[1], Changed: numbers[2], ID: uint64(numbers[3])}
	f.looked, f.options, f.documents = numbers[4], uint64(numbers[5]), int(numbers[6])
	return name, f, true
}

// fingerprint identifies how files are read and divided: with another version of the module, all are read again, as a reader
// may give other text. It is 0, which is never the same, where a function decides.
func (l *loader) fingerprint(split SplitOptions, languages []string) uint64 {
	if split.Count != nil {
		return 0
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %d %d %d %q %q %q %d %d %d", version.Version, formatVersion, l.opts.MaxFileBytes, l.opts.MaxLineBytes,
		l.opts.TitleFields, l.opts.TextFields, split.By, split.Size, split.Overlap, split.MaxTokens)
	fmt.Fprintf(h, " %t %q", l.opts.Reader != nil, l.opts.ReaderID)
	if languages != nil {
		fmt.Fprintf(h, " %q", languages)
	}
	for _, ext := range slices.Sorted(maps.Keys(l.formats)) {
		fmt.Fprintf(h, " %q=%q", ext, l.formats[ext])
	}
	return max(1, binary.LittleEndian.Uint64(h.Sum(nil)))
}
