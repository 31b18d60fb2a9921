// Package subtitle reads the subtitles of films and talks in SRT and WebVTT. Lines that
// are spoken within a minute form a passage, whose place is the time of the first.
// Importing the package registers the formats.
package subtitle

import (
	"context"
	"errors"
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

func init() {
	format.Register(format.Format{Name: "SRT", Extensions: []string{".srt"}, Reader: reader{}})
	format.Register(format.Format{Name: "WebVTT", Extensions: []string{".vtt"}, Reader: reader{}})
}

// together is how many seconds of speech form a passage.
const together = 60

var (
	timing = regexp.MustCompile(`^\s*(?:(\d+):)?(\d{1,2}):(\d{2})(?:[.,:]\d+)?\s*-->`)
	voice  = regexp.MustCompile(`<v(?:\.[^\s<>]*)?[ \t]+([^<>\n]+)>`)
	markup = regexp.MustCompile(`</?[A-Za-z][^<>\n]*>|<[0-9:.]+>|</>|\{\\[^{}\n]*\}`)
	ruby   = strings.NewReplacer("<rt>", " ", "</rt>", " ") // how a word is read stands above it
	lines  = strings.NewReplacer("\r\r\n", "\n", "\r\n", "\n", "\r", "\n")
)

type reader struct{}

func (reader) Read(ctx context.Context, _, data string) (doc retriever.Document, err error) {
	text, ok := charsets.Text(data)
	if !ok {
		return doc, retriever.Skip{Reason: retriever.SkipBinary}
	}
	text = lines.Replace(text)
	web := strings.HasPrefix(text, "WEBVTT")
	var b format.Builder
	var spoken []string
	from := -1 // the second at which the passage starts
	cue := false
	number := "" // a line of SRT that is the number of a subtitle if a time follows
	say := func(line string) {
		// Captions of speech recognition repeat the line before.
		if line = strings.TrimSpace(said(line, web)); line != "" && (len(spoken) == 0 || spoken[len(spoken)-1] != line) {
			spoken = append(spoken, line)
		}
	}
	flush := func() {
		if len(spoken) > 0 {
			b.Place(fmt.Sprintf("%d:%02d:%02d", from/3600, from/60%60, from%60))
			b.Paragraph(strings.Join(spoken, "\n"))
		}
		spoken, from = nil, -1
	}
	found := false
	for line := range strings.SplitSeq(text, "\n") {
		if err := ctx.Err(); err != nil {
			return doc, err
		}
		m := timing.FindStringSubmatch(line)
		if number != "" && m == nil {
			say(number)
		}
		number = ""
		switch {
		case m != nil:
			found, cue = true, true
			at := seconds(m)
			if from >= 0 && (at >= from+together || at < from) {
				flush()
			}
			if from < 0 {
				from = at
			}
		case strings.TrimSpace(line) == "":
			cue = cue && !web // of WebVTT, a name or a note follows
		case cue && !web && strings.Trim(line, "0123456789 \t") == "":
			number = line
		case cue:
			say(line)
		}
	}
	say(number)
	flush()
	if !found {
		return doc, errors.New("no times of subtitles")
	}
	return b.Done("")
}

// said is a line without markup. WebVTT tells who speaks, and writes characters as HTML does.
func said(line string, web bool) string {
	if web {
		line = ruby.Replace(voice.ReplaceAllString(line, "$1: "))
	}
	if line = markup.ReplaceAllString(line, ""); web {
		line = html.UnescapeString(line)
	}
	return line
}

func seconds(m []string) (n int) {
	for _, part := range m[1:] {
		v, _ := strconv.Atoi(part) // "" is 0
		n = n*60 + min(v, 1e6)
	}
	return n
}
