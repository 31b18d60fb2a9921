package mail

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

func read(t *testing.T, r retriever.Reader, lines ...string) retriever.Document {
	t.Helper()
	doc, err := r.Read(t.Context(), "a", strings.Join(lines, "\n"))
	require.NoError(t, err)
	require.Empty(t, doc.Missing)
	return doc
}

// Bytes of headers that are not UTF-8 are read as windows-1252, also beside words that are encoded.
func TestHeadersOfOldPrograms(t *testing.T) {
	for value, want := range map[string]string{
		"R\xe9union mardi":                       "Réunion mardi",
		"Preis \x80 5":                           "Preis € 5",
		"=?utf-8?q?Caf=C3=A9?= R\xe9union":       "Café Réunion",
		"Réunion mardi":                          "Réunion mardi",
		"=?iso-8859-1?q?R=E9union?= mardi":       "Réunion mardi",
		"\xcf\xf0\xe8 =?utf-8?b?0J/RgNC4?= \xe9": "Ïðè При é",
	} {
		doc := read(t, reader{}, "From: Zo\xeb <zoe@example.org>", "Subject: "+value, "MIME-Version: 1.0",
			"Content-Type: multipart/mixed; boundary=B", "", "--B", "Content-Type: text/plain", "", "The mast is new.",
			"--B", `Content-Type: text/html; name="R`+"\xe9"+`sum.html"`, `Content-Disposition: attachment; filename="R`+"\xe9"+`sum.html"`,
			"", "<p>By Sten Orr.</p>", "--B--", "")
		require.Equal(t, want, doc.Title)
		require.Equal(t, "# "+want+"\n\nFrom: Zoë <zoe@example.org>\n\nThe mast is new.\n\n## Résum.html\n\nBy Sten Orr.", doc.Text)
		require.True(t, slices.ContainsFunc(doc.Sections, func(s retriever.Section) bool { return s.Place == "attachment Résum.html" }))
	}
}

// Lines that a program escaped in a mailbox are text, not quoted replies. In a message by itself nothing is escaped.
func TestEscapedLinesOfAMailbox(t *testing.T) {
	message := []string{"Subject: Mast", "", "Mast:", ">From here on it is new.", ">>From two.", "> From a reply.", "By Sten Orr."}
	doc := read(t, mailbox{}, append([]string{"From zoe Mon Mar  2 10:00:00 2026"}, message...)...)
	require.Equal(t, "# Mast\n\nMast:\nFrom here on it is new.\nBy Sten Orr.", doc.Text)
	require.Equal(t, "# Mast\n\nMast:\nBy Sten Orr.", read(t, reader{}, message...).Text)
}

// A text that is shown in the message is not an attachment as well.
func TestTextsWithinTheMessage(t *testing.T) {
	part := func(kind, disposition, text string) string {
		return "--B\nContent-Type: " + kind + "\nContent-Disposition: " + disposition + "\n\n" + text + "\n"
	}
	for name, test := range map[string]struct {
		kind string
		part []string
		want string
	}{
		"text": {"mixed", []string{part("text/plain", "inline", "The mast is new.")}, "The mast is new."},
		"texts": {"mixed", []string{part("text/plain", "inline", "The mast is new."), part("text/plain", "inline; filename=a.txt", "By Orr.")},
			"The mast is new.\n\nBy Orr."},
		"page": {"mixed", []string{part("text/html", "inline", "<p>The mast is new.</p>")}, "The mast is new."},
		"text or page": {"alternative", []string{part("text/plain", "inline", "The mast is new."),
			part("text/html", "inline", "<p>The mast is new.</p>")}, "The mast is new."},
		"file of text": {"mixed", []string{part("text/plain", "inline", "The mast is new."),
			part("text/plain", "attachment; filename=a.txt", "By Orr.")}, "The mast is new.\n\n## a.txt\n\nBy Orr."},
		"file of a page": {"mixed", []string{part("text/plain", "inline", "The mast is new."),
			part("text/html", "inline; filename=a.html", "<p>By Orr.</p>")}, "The mast is new.\n\n## a.html\n\nBy Orr."},
	} {
		doc := read(t, reader{}, "Subject: Mast", "MIME-Version: 1.0", "Content-Type: multipart/"+test.kind+"; boundary=B", "",
			strings.Join(test.part, "")+"--B--", "")
		require.Equal(t, "# Mast\n\n"+test.want, doc.Text, name)
	}
}

// What stands under "Original Message" is the content of a message that has no other.
func TestForwardedMessage(t *testing.T) {
	const line = "-----Original Message-----"
	doc := read(t, reader{}, "Subject: FW: Mast", "", "", line, "From: Sten", "", "The mast is new.", "", line, "From: Max", "", "Is it?")
	require.Equal(t, "# FW: Mast\n\nFrom: Sten\n\nThe mast is new.", doc.Text)
	doc = read(t, reader{}, "Subject: RE: Mast", "", "Thank you.", "", line, "From: Sten", "", "The mast is new.")
	require.Equal(t, "# RE: Mast\n\nThank you.", doc.Text)
}
