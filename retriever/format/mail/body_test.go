package mail

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// multipart is a part with others, each of which is its header, an empty line and its content.
func multipart(kind string, parts ...string) string {
	boundary := "B" + kind
	return "Content-Type: multipart/" + kind + "; boundary=" + boundary + "\n\n--" + boundary + "\n" +
		strings.Join(parts, "\n--"+boundary+"\n") + "\n--" + boundary + "--\n"
}

// placed reads a message, or a mailbox, and returns its passages with their places.
func placed(t *testing.T, r retriever.Reader, data string) (out []string) {
	t.Helper()
	chunks, err := retriever.Split(read(t, r, data), retriever.SplitOptions{})
	require.NoError(t, err)
	for _, c := range chunks {
		out = append(out, c.Place+": "+c.Text)
	}
	return out
}

const (
	text   = "Content-Type: text/plain\n\n"
	page   = "Content-Type: text/html\n\n"
	inline = "Content-Disposition: inline\n"
	named  = "Content-Disposition: inline; filename=minutes.txt\n"
	file   = "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\n"
	image  = "Content-Type: image/png\nContent-ID: <i>\n\n\x89PNG"
)

// Each text of a message is shown, in its order, without the quoted replies and the signature that it has by itself.
func TestAllTextsOfAMessage(t *testing.T) {
	for name, test := range map[string]struct{ part, want string }{
		"page and footer": {multipart("mixed", page+"<p>The keeper is Osk Varley.", inline+text+"____\nlist footer"),
			"The keeper is Osk Varley.\n\n____\nlist footer"},
		"around a file": {multipart("mixed", text+"The mast is new.", file+"By Orr.", text+"It is of oak."),
			"The mast is new.\n\nIt is of oak.\n\n## a.txt\n\nBy Orr."},
		"pages around a picture": {multipart("mixed", page+"<p>The mast is new.", image, page+"<p>It is of oak."),
			"The mast is new.\n\nIt is of oak."},
		"signature before a text": {multipart("mixed", text+"See below.\n-- \nAda", named+text+"The keeper is Osk."),
			"See below.\n\nThe keeper is Osk."},
		"quote before a text": {multipart("mixed", text+"Yes.\n\n-----Original Message-----\nIs it?", text+"> Is it?\nIt is."), "Yes.\n\nIt is."},
		"page with a picture": {multipart("related", page+`<p>The <b>mast</b> is <a href="https://example.org/mast">new</a>.`, image),
			"The mast is new."},
		"page without a text": {multipart("alternative", page+"<p>The <b>mast</b> is new."), "The mast is new."},
		"empty text":          {multipart("alternative", text+" \n", page+"<p>The mast is new."), "The mast is new."},
		"text after a page":   {multipart("alternative", page+"<p>The mast", text+"The mast is new."), "The mast is new."},
		"same text and page":  {multipart("mixed", text+"The mast is\nnew.", page+"<p>The mast is new."), "The mast is\nnew."},
		"without a type":      {multipart("mixed", "\nThe mast is new.", "\nIt is of oak."), "The mast is new.\n\nIt is of oak."},
		"file without a type": {multipart("mixed", text+"Here.",
			"Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=A4.txt?=\"\n\nBy Orr."),
			"Here.\n\n## ä.txt\n\nBy Orr."},
		"nested alternatives": {multipart("alternative", text+"The mast is new.", multipart("mixed", page+"<p>The mast is new.", file+"By Orr.")),
			"The mast is new.\n\n## a.txt\n\nBy Orr."},
		"pages as alternative": {multipart("alternative", text,
			multipart("mixed", page+"<p>The mast is new.", file+"By Orr.", page+"<p>It is of oak.")),
			"The mast is new.\n\nIt is of oak.\n\n## a.txt\n\nBy Orr."},
	} {
		doc := read(t, reader{}, "Subject: Mast\nMIME-Version: 1.0\n"+test.part)
		require.Equal(t, "# Mast\n\n"+test.want, doc.Text, name)
	}
}

// A message in a message, and what follows it, have places of their own.
func TestAttachedMessages(t *testing.T) {
	const attached = "Content-Type: message/rfc822\n\nSubject: Sail\n\nIt was sewn by Lind."
	data := "Subject: Mast\nMIME-Version: 1.0\n" + multipart("mixed", text+"The mast is new.", file+"By Orr.", attached, file+"Of oak.")
	for _, outer := range []string{"", "message 1"} {
		join := func(place string) string { return strings.Trim(outer+", "+place, ", ") }
		want := []string{outer + ": # Mast\n\nThe mast is new.", join("attachment a.txt") + ": ## a.txt\n\nBy Orr.",
			join("attached message") + ": # Sail\n\nIt was sewn by Lind.", join("attachment a.txt") + ": ## a.txt\n\nOf oak."}
		if outer == "" {
			require.Equal(t, want, placed(t, reader{}, data))
		} else {
			require.Equal(t, append(want, "message 2: # Rope\n\nLong."),
				placed(t, mailbox{}, "From zoe\n"+data+"\nFrom max\nSubject: Rope\n\nLong.\n"))
		}
	}
	data = "Subject: Digest\nMIME-Version: 1.0\n" + multipart("digest", "\nSubject: One\n\nThe mast is new.", attached)
	require.Equal(t, []string{"attached message: # Digest\n\n# One\n\nThe mast is new.", "attached message: # Sail\n\nIt was sewn by Lind."},
		placed(t, reader{}, data))
	nested := "Content-Type: message/rfc822\n\nSubject: Outer\nMIME-Version: 1.0\n" + multipart("alternative", text+"See below.", attached)
	require.Contains(t, placed(t, reader{}, "Subject: Mast\nMIME-Version: 1.0\n"+multipart("mixed", text+"The mast is new.", nested)),
		"attached message, attached message: # Sail\n\nIt was sewn by Lind.")
}

// Base64 that is cut off is read as far as it goes, and the rest is missed.
func TestBrokenBase64(t *testing.T) {
	const cut = "Content-Transfer-Encoding: base64\n"
	const content = "VGhlIG1hc3QgaXMgbmV3LiAgV" // "The mast is new.  ", and a letter
	for part, missing := range map[string]string{
		cut + text + content:                              "the base64 of its text is broken",
		multipart("mixed", cut+page+content):              "the base64 of its text is broken",
		multipart("mixed", cut+"\n"+content):              "the base64 of its text is broken",
		multipart("mixed", text+"Here", cut+file+content): "attachment a.txt: its base64 is broken",
		multipart("mixed", text+"The mast is new.", cut+"Content-Type: image/png; name=a.png\n\n"+content): "",
	} {
		doc, err := reader{}.Read(t.Context(), "a", "Subject: Mast\nMIME-Version: 1.0\n"+part)
		require.NoError(t, err)
		require.Contains(t, doc.Text, "The mast is new.", part)
		require.Equal(t, missing, doc.Missing, part)
	}
}

// Quoted replies of a page are left out as those of a text are, but not what is all of the message.
func TestQuotesOfPages(t *testing.T) {
	const quoted = "<p>Is the mast old?<blockquote>Is it?</blockquote></p></blockquote>"
	for body, want := range map[string]string{
		`<div>It is new.</div><div class="moz-cite-prefix">On 3/1/26 09:00, Max wrote:<br></div>` +
			`<blockquote type="cite" cite="m">` + quoted: "It is new.",
		`<div>It is new.</div><div class="gmail_quote"><div class="gmail_attr">` +
			`On Sun, 1 Mar 2026 at 09:00, Max &lt;<a href="m">max@example.org</a>&gt; ` +
			`wrote:<br></div><blockquote class="x gmail_quote" style="margin:0">` + quoted + `</div><p>By Orr.`: "It is new.\n\nBy Orr.",
		"<p>The sign says:<blockquote>The mast is new.</blockquote>":              "The sign says:\n\nThe mast is new.",
		`<blockquote type="cite">Forwarded: the mast is new.</blockquote>`:        "Forwarded: the mast is new.",
		`<p>Yes.<blockquote type="cite">The mast is new.`:                         "Yes.\n\nThe mast is new.",
		`<p>Yes.</blockquote><BLOCKQUOTE TYPE=CITE>It is.</BLOCKQUOTE><p>By Orr.`: "Yes.\n\nBy Orr.",
	} {
		require.Equal(t, "# Mast\n\n"+want, read(t, reader{}, "Subject: Mast\nContent-Type: text/html\n\n"+body).Text, body)
	}
	start := strings.Repeat(`<blockquote type=cite>`, 100_000)
	require.Equal(t, "# Mast\n\ndeep", read(t, reader{}, "Subject: Mast\nContent-Type: text/html\n\n"+start+"deep").Text)
}

// A text that declares no encoding, or ASCII, is in the one that it resembles.
func TestUndeclaredEncodings(t *testing.T) {
	const utf8, want = "Der Schlüssel liegt bei Zoë Pike.", "Der Schlüssel liegt bei Zoë Pike."
	const latin1 = "Der Schl\xfcssel liegt bei Zo\xeb Pike."
	for name, head := range map[string]string{
		"none": "", "ASCII": "Content-Type: text/plain; charset=us-ascii\n", "also ASCII": "Content-Type: text/plain; charset=\"ASCII\"\n",
		"no charset": "Content-Type: text/plain\n", "unknown": "Content-Type: text/plain; charset=x-unknown\n",
		"page": "Content-Type: text/html; charset=us-ascii\n",
	} {
		for _, text := range []string{utf8, latin1, strings.Repeat(utf8+" ", 20), strings.Repeat(latin1+" ", 20)} {
			doc := read(t, reader{}, "Subject: x\n"+head+"\n"+text)
			require.Equal(t, want, strings.TrimPrefix(doc.Text, "# x\n\n")[:len(want)], name)
			doc = read(t, reader{}, "Subject: x\nMIME-Version: 1.0\n"+multipart("mixed", head+"\n"+text))
			require.Equal(t, want, strings.TrimPrefix(doc.Text, "# x\n\n")[:len(want)], name)
		}
	}
	require.Equal(t, "# x\n\nZoë", read(t, reader{}, "Subject: x\n\nZo\xeb").Text)
	require.Equal(t, "# x\n\nЗоя", read(t, reader{}, "Subject: x\nContent-Type: text/plain; charset=koi8-r\n\n\xfa\xcf\xd1").Text)
	require.Equal(t, "# x\n\nЗоя", read(t, reader{}, "Subject: x\nContent-Type: text/html\n\n<meta charset=koi8-r>\xfa\xcf\xd1").Text)
}

// A file without a name has the first extension of its type that is read, whichever the system has.
func TestFilesWithoutNames(t *testing.T) {
	for kind, name := range map[string]string{"text/plain": "part.txt", "text/html": "part.htm", "image/png": ""} {
		doc := read(t, reader{}, "Subject: Mast\nMIME-Version: 1.0\n"+multipart("mixed", text+"Here.",
			"Content-Type: "+kind+"\nContent-Disposition: attachment\n\nBy Orr."))
		want := "# Mast\n\nHere."
		if name != "" {
			want += fmt.Sprintf("\n\n## %s\n\nBy Orr.", name)
		}
		require.Equal(t, want, strings.ReplaceAll(doc.Text, "part.html", "part.htm"), kind)
		require.False(t, slices.ContainsFunc(doc.Sections, func(s retriever.Section) bool { return strings.HasSuffix(s.Place, " ") }))
	}
}

// A byte order mark is no part of the first header, and CR alone ends lines.
func TestMarksAndLineEnds(t *testing.T) {
	const data = "Subject: Mast\n\nThe mast is new.\n"
	for _, data := range []string{"\xef\xbb\xbf" + data, strings.ReplaceAll(data, "\n", "\r"), strings.ReplaceAll(data, "\n", "\r\n")} {
		require.Equal(t, "# Mast\n\nThe mast is new.", read(t, reader{}, data).Text, data)
	}
	box := "From zoe Mon Mar  2 10:00:00 2026\n" + data
	for _, box := range []string{"\xef\xbb\xbf" + box, strings.ReplaceAll(box, "\n", "\r")} {
		require.Equal(t, "# Mast\n\nThe mast is new.", read(t, mailbox{}, box).Text, box)
	}
}

// A line that starts with "From " is text where those before messages have a date and it has none.
func TestTextLikeTheStartOfAMessage(t *testing.T) {
	const body = "Subject: Road\n\nThe road is long.\nFrom Hollin on the road is paved.\n\nFrom there: not.\n"
	box := "From zoe Mon Mar  2 10:00:00 2026\n" + body + "\nFrom max Tue Mar  3 10:00:00 2026 +0100\nSubject: Paint\n\nRed.\n"
	require.Equal(t, []string{"message 1: # Road\n\nThe road is long.\nFrom Hollin on the road is paved.\n\nFrom there: not.",
		"message 2: # Paint\n\nRed."}, placed(t, mailbox{}, box))
	require.Equal(t, []string{"message 1: # Road\n\nThe road is long.", "message 2: # Paint\n\nRed."},
		placed(t, mailbox{}, "From zoe\nSubject: Road\n\nThe road is long.\n\nFrom max\nSubject: Paint\n\nRed.\n"))
}
