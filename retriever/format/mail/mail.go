// Package mail reads messages (.eml) and mailboxes (.mbox) with enmime: sender,
// recipients, subject and date, the text without quoted replies, and attachments of
// any registered format. Importing the package registers the formats.
package mail

import (
	"context"
	"fmt"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/jhillyerd/enmime/v2"
	"github.com/jhillyerd/enmime/v2/mediatype"
	"golang.org/x/text/encoding/charmap"

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
	subject, missing, err := message(ctx, &b, data, "", 0)
	if err != nil {
		return doc, err
	}
	doc, err = b.Done(subject)
	doc.Missing = strings.Join(missing, "; ")
	return doc, err
}

type mailbox struct{}

// start is the line before each message of a mailbox.
var start = regexp.MustCompile(`(?m)^From [^\r\n]*\r?\n`)

// escaped are lines of a message that would look like such a line, but for a ">" that programs put before them.
var escaped = regexp.MustCompile(`(?m)^>(>*From )`)

func (mailbox) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	var b format.Builder
	var missing []string
	at := start.FindAllStringIndex(data, maxMessages+1)
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

// parser replaces no bytes in the names of attachments, as enmime would.
var parser = enmime.NewParser(enmime.MaxStoredPartErrors(10), enmime.SetCustomParseMediaType(
	func(value string) (string, map[string]string, []string, error) {
		return mediatype.Parse(decoded(value))
	}))

// message adds a message, which stands at a place of the file.
func message(ctx context.Context, b *format.Builder, data, place string, depth int) (subject string, missing []string, err error) {
	if strings.Count(data, "multipart/") > maxDepth || depth > 3 {
		return "", nil, retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d parts in parts", maxDepth)}
	}
	e, err := parser.ReadEnvelope(strings.NewReader(data))
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
	text, page := e.Text, false
	if e.HTML != "" && strings.TrimSpace(text) == "" || e.HTML != "" && e.Root != nil && strings.HasPrefix(e.Root.ContentType, "text/html") {
		if doc, err := retriever.TextReader(retriever.HTML).Read(ctx, "", "<meta charset=utf-8>"+e.HTML); err == nil {
			text, page = doc.Text, true
		}
	}
	for paragraph := range strings.SplitSeq(unquoted(text), "\n\n") {
		b.Paragraph(paragraph)
	}
	for _, part := range append(append(e.Attachments, e.OtherParts...), e.Inlines...) {
		if isBody(e, part, page) {
			continue
		}
		missing = append(missing, attachment(ctx, b, part, place, depth)...)
	}
	return subject, missing, nil
}

// isBody says whether a part is shown as the text of the message, or is the same text as a page. page says that a page is shown.
func isBody(e *enmime.Envelope, part *enmime.Part, page bool) bool {
	switch {
	case part.Disposition != "inline":
		return false
	case part.ContentType == "text/plain":
		return !page && strings.Contains(e.Text, string(part.Content))
	case part.ContentType == "text/html":
		return (page || part.FileName == "") && strings.Contains(e.HTML, string(part.Content))
	}
	return false
}

// attachment adds a part that is a file, and says what could not be read. Pictures and
// the like are not missed.
func attachment(ctx context.Context, b *format.Builder, part *enmime.Part, place string, depth int) (missing []string) {
	name := format.OneLine(decoded(part.FileName))
	if part.ContentType == "message/rfc822" {
		if _, _, err := message(ctx, b, string(part.Content), place, depth+1); err != nil {
			return []string{fmt.Sprintf("a message in it: %v", err)}
		}
		return nil
	}
	if name == "" {
		if ext, err := mime.ExtensionsByType(part.ContentType); err == nil && len(ext) > 0 {
			name = "part" + ext[0]
		}
	}
	doc, found, err := format.Read(ctx, name, string(part.Content))
	if !found {
		return nil
	}
	if err != nil {
		return []string{fmt.Sprintf("attachment %s: %v", name, err)}
	}
	where := "attachment " + name
	if place != "" {
		where = place + ", " + where
	}
	b.Place(where)
	b.Heading(2, name)
	b.Document(doc, where, 2)
	return nil
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

var (
	attribution = regexp.MustCompile(`(?s)^(On|Am|Le|El|Il) .{5,200}(wrote|schrieb.*|a écrit|escribió|ha scritto):?\s*$`)
	forwarded   = regexp.MustCompile(`^-{2,}\s*(Original Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original)\s*-{2,}`)
)

// unquoted leaves out what a message repeats of those before it: lines that start with
// ">", the line that introduces them, and all after "Original Message". Where nothing stands above that, the message
// forwards what follows.
func unquoted(text string) string {
	var out []string
	own := false // text stands above
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if line == "-- " {
			break // what follows is the signature
		}
		if forwarded.MatchString(line) {
			if own {
				break
			}
			continue
		}
		if !strings.HasPrefix(line, ">") {
			out = append(out, line)
			own = own || strings.TrimSpace(line) != ""
			continue
		}
		// The introduction may take two lines.
		for n := 1; n <= 2 && n <= len(out); n++ {
			end := len(out)
			for end > 0 && strings.TrimSpace(out[end-1]) == "" {
				end--
			}
			if end >= n && attribution.MatchString(strings.Join(out[end-n:end], " ")) {
				out = out[:end-n]
				break
			}
		}
	}
	return strings.Join(out, "\n")
}
