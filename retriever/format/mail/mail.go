// Package mail reads messages (.eml) and mailboxes (.mbox) with enmime: sender,
// recipients, subject and date, the text without quoted replies, and attachments of
// any registered format. Importing the package registers the formats.
package mail

import (
	"context"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"
	"golang.org/x/text/encoding/charmap"

	"github.com/ragft/ragft/internal/frontmatter"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "e-mail", Extensions: []string{".eml"}, Reader: reader{}})
	format.Register(format.Format{Name: "mailbox", Extensions: []string{".mbox"}, Reader: mailbox{}})
}

const (
	maxMessages = 100_000
	maxDepth    = 50 // of parts in parts, and of messages in messages
)

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	var b format.Builder
	subject, missing, err := message(ctx, &b, plainLines(data), "", 0)
	if err != nil {
		return doc, err
	}
	doc, err = b.Done(subject)
	doc.Missing = strings.Join(missing, "; ")
	return doc, err
}

type mailbox struct{}

// plainLines is a file without a byte order mark, and with LF at the end of its lines if CR alone ended them.
func plainLines(data string) string {
	data = strings.TrimPrefix(data, "\xef\xbb\xbf")
	if !strings.Contains(data, "\n") {
		data = strings.ReplaceAll(data, "\r", "\n")
	}
	return data
}

var (
	start = regexp.MustCompile(`(?m)^From [^\r\n]*\r?\n`) // the line before each message of a mailbox
	clock = regexp.MustCompile(`\b\d{1,2}:\d\d\b`)
	year  = regexp.MustCompile(`\b(19|20)\d\d\b`)
)

// starts finds the lines before the messages, at most one more than are read. Where the first one has a time and a year, they all
// do: another line that starts with "From " is text that the program did not escape.
func starts(data string) (at [][]int) {
	strict := false
	for from := 0; len(at) <= maxMessages; {
		match := start.FindStringIndex(data[from:])
		if match == nil {
			break
		}
		line := data[from+match[0] : from+match[1]]
		dated := clock.MatchString(line) && year.MatchString(line)
		strict = strict || dated && len(at) == 0
		if dated || !strict {
			at = append(at, []int{from + match[0], from + match[1]})
		}
		from += match[1]
	}
	return at
}

// escaped are lines of a message that would look like such a line, but for a ">" that programs put before them.
var escaped = regexp.MustCompile(`(?m)^>(>*From )`)

func (mailbox) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	var b format.Builder
	var missing []string
	data = plainLines(data)
	at := starts(data)
	if len(at) == 0 || strings.TrimSpace(data[:at[0][0]]) != "" {
		return doc, fmt.Errorf(`a mailbox starts with a line "From ..."`)
	}
	if len(at) > maxMessages {
		return doc, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d messages", maxMessages)}
	}
	for i, match := range at {
		end := len(data)
		if i+1 < len(at) {
			end = at[i+1][0]
		}
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		text := escaped.ReplaceAllString(data[match[1]:end], "$1")
		if _, more, err := message(ctx, &b, text, fmt.Sprintf("message %d", i+1), 0); err != nil {
			missing = append(missing, fmt.Sprintf("message %d: %v", i+1, err))
		} else {
			missing = append(missing, more...)
		}
	}
	doc, err = b.Done("")
	if doc.Missing = strings.Join(missing[:min(len(missing), 5)], "; "); len(missing) > 5 {
		doc.Missing += fmt.Sprintf("; %d more", len(missing)-5)
	}
	return doc, err
}

// parse reads a message. damaged are the parts that were read up to where they are broken.
func parse(data string) (e *enmime.Envelope, damaged []*enmime.Part, err error) {
	parser := enmime.NewParser(enmime.MaxStoredPartErrors(10), enmime.DisableTextConversion(true),
		enmime.SetReadPartErrorPolicy(func(p *enmime.Part, err error) bool {
			broken := enmime.IsBase64CorruptInputError(err)
			if broken {
				damaged = append(damaged, p)
			}
			return broken
		}), enmime.SetCustomParseMediaType(mediaType))
	e, err = parser.ReadEnvelope(strings.NewReader(data))
	return e, damaged, err
}

// mediaType replaces no bytes in the names of attachments, as enmime would, and leaves out that a text is ASCII: enmime would read it
// as windows-1252, but most of those that are not ASCII are UTF-8.
func mediaType(value string) (kind string, params map[string]string, invalid []string, err error) {
	kind, params, invalid, err = mediatype.Parse(decoded(value))
	switch strings.ToLower(params["charset"]) {
	case "us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us":
		delete(params, "charset")
	}
	return kind, params, invalid, err
}

// message adds a message, which stands at a place of the file.
func message(ctx context.Context, b *format.Builder, data, place string, depth int) (subject string, missing []string, err error) {
	if strings.Count(data, "multipart/") > maxDepth || depth > 3 {
		return "", nil, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d parts in parts", maxDepth)}
	}
	e, damaged, err := parse(data)
	if err != nil {
		return "", nil, err
	}
	if len(e.GetHeaderKeys()) == 0 {
		return "", nil, fmt.Errorf("it has no header")
	}
	subject = format.OneLine(decoded(e.GetHeader("Subject")))
	b.Place(place)
	b.Heading(1, subject)
	var head []string
	for _, name := range []string{"From", "To", "Cc", "Date"} {
		if value := format.OneLine(decoded(e.GetHeader(name))); value != "" {
			head = append(head, name+": "+value)
		}
	}
	b.Paragraph(strings.Join(head, "\n"))
	texts, files := contents(e.Root, false)
	seen := map[string]bool{}
	for _, part := range texts {
		text := own(part)
		line := format.OneLine(text)
		if seen[line] {
			continue // as text and as a page, by programs that know no alternatives
		}
		seen[line] = true
		for paragraph := range strings.SplitSeq(text, "\n\n") {
			b.Paragraph(paragraph)
		}
		if slices.Contains(damaged, part) {
			missing = append(missing, within(place, "the base64 of its text is broken"))
		}
	}
	for _, part := range files {
		name, more := attachment(ctx, b, part, place, depth)
		if name != "" && len(more) == 0 && slices.Contains(damaged, part) {
			more = []string{within(place, name+": its base64 is broken")}
		}
		missing = append(missing, more...)
	}
	return subject, missing, nil
}

// within is a place within another one, "" for the whole file.
func within(place, inner string) string {
	if place == "" {
		return inner
	}
	return place + ", " + inner
}

// attachment adds a part that is a file, and returns how it is cited, "" if it is not read, and what could not be read. Pictures and
// the like are not missed.
func attachment(ctx context.Context, b *format.Builder, part *enmime.Part, place string, depth int) (cited string, missing []string) {
	if part.ContentType == "message/rfc822" {
		const cited = "attached message"
		_, missing, err := message(ctx, b, string(part.Content), within(place, cited), depth+1)
		if err != nil {
			return "", []string{fmt.Sprintf("a message in it: %v", err)}
		}
		return cited, missing
	}
	name := format.OneLine(decoded(part.FileName))
	if name == "" {
		name = nameOf(part)
	}
	doc, found, err := format.Read(ctx, name, string(part.Content))
	if !found {
		return "", nil
	}
	if err != nil {
		return "", []string{fmt.Sprintf("attachment %s: %v", name, err)}
	}
	cited = strings.TrimSpace("attachment " + name)
	where := within(place, cited)
	b.Place(where)
	b.Heading(2, name)
	if doc.Format == retriever.Markdown {
		doc = withoutFrontMatter(doc)
	}
	b.Document(doc, where, 2)
	return cited, nil
}

// withoutFrontMatter is a text in Markdown that stands within another one.
func withoutFrontMatter(doc retriever.Document) retriever.Document {
	front, _ := frontmatter.Find(doc.Text)
	doc.Text = doc.Text[front:]
	for i := range doc.Sections {
		doc.Sections[i].Start -= front
	}
	return doc
}

// nameOf makes a name for a part that has none, by its type: with an extension that has a reader, since which ones a system knows,
// and in which order, is up to it. It is "" for an unknown type.
func nameOf(part *enmime.Part) string {
	if part.ContentType == "text/plain" {
		return "part.txt"
	}
	extensions, err := mime.ExtensionsByType(part.ContentType)
	if err != nil || len(extensions) == 0 {
		return ""
	}
	for _, ext := range extensions {
		if format.Find("part"+ext, nil) != nil || retriever.FormatOf("part"+ext) != "" {
			return "part" + ext
		}
	}
	return "part" + extensions[0]
}

// decoded reads as windows-1252 what of a header is not UTF-8. It should not be there, but old programs write it.
func decoded(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	var b strings.Builder
	for i := 0; i < len(value); {
		r, n := utf8.DecodeRuneInString(value[i:])
		if r == utf8.RuneError && n == 1 {
			r = charmap.Windows1252.DecodeByte(value[i])
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}
