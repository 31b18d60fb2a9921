package mail

import (
	"mime"
	"regexp"
	"strings"

	"github.com/jhillyerd/enmime/v2"
	"golang.org/x/net/html"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/internal/htmltext"
)

// contents finds the texts that a part shows, and the files in it, both in their order. Of alternatives a text is shown, or else a
// page. digest says that the part is in a collection of messages.
func contents(p *enmime.Part, digest bool) (texts, files []*enmime.Part) {
	if p.FirstChild == nil {
		if strings.HasPrefix(p.ContentType, "multipart/") {
			return nil, nil
		}
		if p.ContentType == "" {
			untyped(p, digest)
		}
		if isText(p) {
			return []*enmime.Part{p}, nil
		}
		return nil, []*enmime.Part{p}
	}
	best := 0
	for child := p.FirstChild; child != nil; child = child.NextSibling {
		t, f := contents(child, p.ContentType == "multipart/digest")
		files = append(files, f...)
		switch n := rank(t); {
		case p.ContentType != "multipart/alternative":
			texts = append(texts, t...)
		case n > best:
			best, texts = n, t
		}
	}
	return texts, files
}

// untyped fills in what enmime does not for a part without a type: RFC 2046 says that it is text, or a message in a collection of such.
func untyped(p *enmime.Part, digest bool) {
	p.ContentType = "text/plain"
	if digest {
		p.ContentType = "message/rfc822"
	}
	kind, params, _, err := mediaType(p.Header.Get("Content-Disposition"))
	if err != nil {
		return
	}
	p.Disposition, p.FileName = kind, params["filename"]
	if name, err := new(mime.WordDecoder).DecodeHeader(p.FileName); err == nil {
		p.FileName = name
	}
}

// isText says whether a part without others is shown in the message. A page that has a name is a file.
func isText(p *enmime.Part) bool {
	switch {
	case p.Disposition == "attachment":
		return false
	case p.ContentType == "text/html":
		return p.Disposition != "inline" || p.FileName == ""
	}
	return p.ContentType == "text/plain"
}

// rank says how good texts are as an alternative: 2 with a text, 1 with a page, 0 if they are empty.
func rank(texts []*enmime.Part) (best int) {
	for _, p := range texts {
		switch {
		case strings.TrimSpace(string(p.Content)) == "":
		case p.ContentType == "text/html":
			best = max(best, 1)
		default:
			best = 2
		}
	}
	return best
}

// own is the text of a part without what it repeats of earlier messages.
func own(p *enmime.Part) string {
	content := string(p.Content)
	if p.ContentType != "text/html" {
		text, ok := charsets.Text(content)
		if !ok {
			text = decoded(content)
		}
		return unquoted(text)
	}
	page, ok := charsets.HTML(content)
	if !ok {
		page = decoded(content)
	}
	text := unquoted(htmltext.Read(withoutQuotes(page)).Text)
	if strings.TrimSpace(text) == "" { // the message forwards what it quotes
		text = unquoted(htmltext.Read(page).Text)
	}
	return text
}

// withoutQuotes puts a line ">" in the place of each earlier message that a page quotes.
func withoutQuotes(page string) string {
	out := make([]byte, 0, len(page))
	from, depth := 0, 0 // where the quote starts, and how many are open
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			return string(out)
		}
		begin := len(out)
		out = append(out, z.Raw()...)
		if kind != html.StartTagToken && kind != html.EndTagToken {
			continue
		}
		name, more := z.TagName()
		switch {
		case string(name) != "blockquote":
		case kind == html.EndTagToken && depth > 0:
			if depth--; depth == 0 {
				out = append(out[:from], "<p>&gt;</p>"...)
			}
		case kind == html.StartTagToken && depth > 0:
			depth++
		case kind == html.StartTagToken && more && quotes(z):
			from, depth = begin, 1
		}
	}
}

// quotes says whether the attributes of a quotation are those that programs for mail write.
func quotes(z *html.Tokenizer) bool {
	for {
		key, value, more := z.TagAttr()
		switch string(key) {
		case "type":
			if strings.EqualFold(string(value), "cite") {
				return true
			}
		case "class":
			if strings.Contains(" "+string(value)+" ", " gmail_quote ") {
				return true
			}
		}
		if !more {
			return false
		}
	}
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
