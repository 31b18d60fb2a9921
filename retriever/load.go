package retriever

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/plural"
)

// Default limits of loading, in bytes.
const (
	DefaultMaxFileBytes = 256 << 20
	DefaultMaxLineBytes = 16 << 20
)

// LoadOptions determine which files become documents, and how. The zero value
// loads every file with a known extension.
type LoadOptions struct {
	// MaxFileBytes is the size of the largest text, Markdown or HTML file that
	// is read. Larger ones are skipped and reported. 0 means
	// DefaultMaxFileBytes. JSONL files are read line by line, at any size, but
	// compressed ones only up to 256 MB of content.
	MaxFileBytes int64
	// MaxLineBytes is the longest line of a JSONL file. A file with a longer one
	// is invalid. 0 means DefaultMaxLineBytes.
	MaxLineBytes int
	// Formats adds file extensions (in lower case, with the dot) to the known
	// ones, or overrides them; an empty Format makes an extension unknown.
	// Known are .txt .text .rst .adoc .org (Text), .md .markdown .mdown
	// (Markdown), .html .htm .xhtml (HTML), .jsonl .ndjson .jsonl.gz .ndjson.gz
	// (JSONL).
	Formats map[string]Format
	// Reader, if set, returns what reads a file: it is given the path and the first
	// bytes, at most 8 KiB. For nil the file is read as the format of its extension
	// in this package. It is not asked about JSONL compressed with gzip. Package
	// retriever/format has readers.
	Reader func(name string, head []byte) Reader
	// ReaderID identifies what Reader can read, such as [format.ID]: Sync reads all files
	// again if it has changed since the last time. Empty means always the same.
	//
	// [format.ID]: https://pkg.go.dev/github.com/ragft/ragft/retriever/format#ID
	ReaderID string
	// Exclude are paths of files and folders that Sync leaves out, such as those of the
	// program itself. Nil means none.
	Exclude []string
	// TitleFields and TextFields are the names of the JSONL fields with title
	// and text; the first that a row has is used. Nil means "title", and
	// "text", "content", "body". A row must have one of the TextFields; a title
	// is optional.
	TitleFields, TextFields []string
	// Progress, if set, is called after each file that was read, on the
	// goroutine that called Sync.
	Progress func(LoadProgress)
}

// LoadProgress is the state of a load after one more file.
type LoadProgress struct {
	Path      string // the file just read
	Files     int    // files read so far
	Documents int    // documents loaded so far
	Bytes     int64  // bytes read so far
	Total     int64  // bytes that are to be read; 0 if it is not known
}

// SkipReason is the reason why a file was skipped.
type SkipReason string

// The reasons for skipping a file.
const (
	SkipHidden     SkipReason = "hidden"            // the name starts with a dot
	SkipSymlink    SkipReason = "symbolic link"     // links are never followed
	SkipIrregular  SkipReason = "not a file"        // a device, socket or pipe
	SkipExcluded   SkipReason = "excluded"          // see LoadOptions.Exclude
	SkipExtension  SkipReason = "unknown extension" // see LoadOptions.Formats
	SkipTooLarge   SkipReason = "too large"         // see LoadOptions.MaxFileBytes
	SkipBinary     SkipReason = "binary"            // not text in any recognised encoding
	SkipNoText     SkipReason = "no text"           // empty, or white space only
	SkipPermission SkipReason = "permission denied"
	SkipEncrypted  SkipReason = "encrypted"         // it cannot be read without a password
	SkipScanned    SkipReason = "scanned"           // its pages are pictures
	SkipBroken     SkipReason = "broken"            // not a valid file of its format
	SkipLimit      SkipReason = "beyond a limit"    // it takes too much time or memory to read
	SkipPart       SkipReason = "read in part"      // its documents were loaded, but do not have all of it
	SkipUnreadable SkipReason = "cannot be read"    // any other error of the file system, or of a reader that is no fault of the file
	SkipGone       SkipReason = "gone"              // removed after it was listed
	SkipName       SkipReason = "name is not UTF-8" // Path has it with escapes
	SkipInvalid    SkipReason = "invalid"           // a line is not what it should be
)

// Skip is a file or folder that was skipped. A Reader returns it as its error for a
// file that it does not read; the loader sets Path.
type Skip struct {
	Path   string // slash-separated, inside the folder
	Reason SkipReason
	Detail string // more about the reason; may be empty
}

// Error returns reason and detail.
func (s Skip) Error() string {
	if s.Detail == "" {
		return string(s.Reason)
	}
	return string(s.Reason) + ": " + s.Detail
}

// Reader reads files of a format that this package does not know.
type Reader interface {
	// Read returns the document that a file holds; the loader sets its Source. An
	// error costs that file alone: it is skipped for the reason of a Skip, or else
	// as SkipBroken. After SkipUnreadable its passages stay, and the next Sync reads
	// it again. Read must be safe for concurrent use.
	Read(ctx context.Context, name, data string) (Document, error)
}

// LoadReport tells what was loaded and what was skipped.
type LoadReport struct {
	Files     int   // files with at least one document
	Documents int   // documents loaded
	Bytes     int64 // bytes read from files
	Skipped   []Skip
}

// String returns a summary in one line, such as "3 documents from 2 files (10 kB),
// 1 skipped (1 binary)".
func (r *LoadReport) String() string {
	out := fmt.Sprintf("%s from %s (%d kB)", plural.N(r.Documents, "document"), plural.N(r.Files, "file"), (r.Bytes+999)/1000)
	if len(r.Skipped) > 0 {
		out += fmt.Sprintf(", %d skipped (%s)", len(r.Skipped), r.Reasons())
	}
	return out
}

// Reasons counts the skipped files by reason: "3 binary, 1 no text".
func (r *LoadReport) Reasons() string {
	count := map[SkipReason]int{}
	var order []SkipReason
	for _, s := range r.Skipped {
		if count[s.Reason]++; count[s.Reason] == 1 {
			order = append(order, s.Reason)
		}
	}
	var parts []string
	for _, reason := range order {
		parts = append(parts, fmt.Sprintf("%d %s", count[reason], reason))
	}
	return strings.Join(parts, ", ")
}

// loader reads files one by one.
type loader struct {
	fsys     fs.FS
	opts     LoadOptions
	formats  map[string]Format
	excluded map[string]bool // names in fsys
	fn       func(Document) error
	onFile   func(path string) error // called before the first document of a file
	report   *LoadReport
	total    int64 // bytes that are to be read; 0 = not known
	sum      *content
	most     *int64 // bytes of a file that are read; nil = all
}

// newLoader fills in the defaults of the options; check checks them.
func newLoader(fsys fs.FS, opts LoadOptions, fn func(Document) error) *loader {
	opts.MaxFileBytes = cmp.Or(opts.MaxFileBytes, DefaultMaxFileBytes)
	opts.MaxLineBytes = cmp.Or(opts.MaxLineBytes, DefaultMaxLineBytes)
	if opts.TitleFields == nil {
		opts.TitleFields = []string{"title"}
	}
	if opts.TextFields == nil {
		opts.TextFields = []string{"text", "content", "body"}
	}
	formats := defaultFormats()
	for ext, f := range opts.Formats {
		formats[strings.ToLower(ext)] = f
	}
	return &loader{fsys: fsys, opts: opts, formats: formats, fn: fn, report: &LoadReport{}}
}

// check returns an error for options out of their range.
func (l *loader) check() error {
	if l.opts.MaxFileBytes < 0 || l.opts.MaxLineBytes < 0 {
		return fmt.Errorf("%w: MaxFileBytes is %d and MaxLineBytes %d; neither may be negative",
			ErrOptions, l.opts.MaxFileBytes, l.opts.MaxLineBytes)
	}
	return nil
}

// choose returns the format of a file by its name and type. It skips what is not to be read.
// A folder has no format, and a file that only a Reader may read has none either.
func (l *loader) choose(name string, mode fs.FileMode) (format Format, ok bool) {
	format = l.formatOf(name)
	switch {
	case !utf8.ValidString(name):
		l.skip(escaped(name), SkipName, "")
	case strings.HasPrefix(path.Base(name), "."):
		l.skip(name, SkipHidden, "")
	case l.excluded[name]:
		l.skip(name, SkipExcluded, "")
	case mode.IsDir():
		return "", true
	case mode&fs.ModeSymlink != 0:
		l.skip(name, SkipSymlink, "")
	case !mode.IsRegular():
		l.skip(name, SkipIrregular, mode.Type().String())
	case format == "" && l.opts.Reader == nil:
		l.skip(name, SkipExtension, strings.ToLower(path.Ext(name)))
	default:
		return format, true
	}
	return "", false
}

// escaped is a name that is not UTF-8, with escapes.
func escaped(name string) string {
	quoted := strconv.Quote(name)
	return quoted[1 : len(quoted)-1]
}

// isFileError says whether an error is one of the file system, not of the content of a file.
func isFileError(err error) bool {
	var at *fs.PathError
	return errors.As(err, &at)
}

// unreadable skips a file or folder that the file system has an error for.
func (l *loader) unreadable(name string, err error) {
	reason, detail := SkipUnreadable, err.Error()
	var at *fs.PathError
	if errors.As(err, &at) {
		detail = at.Err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		reason, detail = SkipPermission, ""
	case errors.Is(err, fs.ErrNotExist):
		reason, detail = SkipGone, ""
	}
	l.skip(name, reason, detail)
}

// progress tells how far the load is after a file.
func (l *loader) progress(name string) {
	if l.opts.Progress != nil {
		l.opts.Progress(LoadProgress{
			Path: name, Files: l.report.Files, Documents: l.report.Documents, Bytes: l.report.Bytes, Total: l.total,
		})
	}
}

func (l *loader) skip(name string, reason SkipReason, detail string) {
	detail = strings.ToValidUTF8(detail, "\uFFFD") // it may name a part of the file
	l.report.Skipped = append(l.report.Skipped, Skip{Path: name, Reason: reason, Detail: detail})
}

// emit passes a document to fn.
func (l *loader) emit(d Document) error {
	l.report.Documents++
	return l.fn(d)
}
