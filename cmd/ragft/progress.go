package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"github.com/ragft/ragft/ragft"
)

const (
	lineEvery = 10 * time.Second // between lines of progress if there is no terminal
	barEvery  = 100 * time.Millisecond
	clearLine = "\r\x1b[K" // erases the last line of a terminal
	barWidth  = 20         // cells
)

// screen is a terminal whose last line may be a progress bar. Other output erases the bar, which is drawn again when it moves.
// It is safe for concurrent use.
type screen struct {
	w       io.Writer
	columns func() int // 0 = unknown

	mu    sync.Mutex
	drawn bool
}

func (s *screen) Write(p []byte) (int, error) {
	s.erase()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// erase removes the bar.
func (s *screen) erase() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		io.WriteString(s.w, clearLine) //nolint:errcheck // a terminal that is gone shows no bar
	}
	s.drawn = false
}

// interrupted confirms the first Ctrl-C.
func (s *screen) interrupted() {
	s.mu.Lock()
	before := "\n"
	if s.drawn {
		before = clearLine
	}
	s.drawn = false
	fmt.Fprint(s.w, before, "stopping; press Ctrl-C again to quit at once\n")
	s.mu.Unlock()
}

// lastLine is the line of the screen that the bar is drawn on.
type lastLine struct{ *screen }

func (l lastLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drawn = true
	return l.w.Write(p)
}

// progress shows how far the work is: a bar on a terminal, a line every ten seconds elsewhere, nothing with --quiet.
// Show is called by one goroutine at a time.
type progress struct {
	out    io.Writer
	screen *screen // out if it is a terminal; nil otherwise
	now    func() time.Time

	phase   string
	done    int
	started time.Time // of the phase
	printed time.Time
	bar     *progressbar.ProgressBar
}

// blocks is how a bar looks.
var blocks = progressbar.Theme{Saucer: "█", SaucerPadding: "░"}

func (b *progress) show(p ragft.Progress) {
	if p.Total <= 0 {
		if p.Note != "" {
			fmt.Fprintln(b.out, p.Note)
		}
		return
	}
	now := b.now()
	fresh := false
	if phase := fmt.Sprint(p.Step, "/", p.Phase, "/", p.Total); phase != b.phase || p.Done < b.done {
		b.phase, b.started, b.printed, b.bar, b.done, fresh = phase, now, now, nil, -1, true
	}
	ended := b.done >= p.Total
	b.done = p.Done
	switch {
	case ended:
	case b.screen == nil:
		b.line(now, p)
	case fresh || p.Done >= p.Total || now.Sub(b.printed) >= barEvery:
		b.printed = now
		b.draw(p)
	}
}

// line prints a line now and then, and one at the end of work that took a while.
func (b *progress) line(now time.Time, p ragft.Progress) {
	wait := lineEvery
	if p.Done >= p.Total {
		wait = 2 * time.Second
		if b.printed != b.started {
			wait = 0
		}
	}
	if now.Sub(b.printed) < wait {
		return
	}
	b.printed = now
	fmt.Fprintf(b.out, "%s: %d of %d %s%s\n", p.Phase, p.Done, p.Total, p.Unit, details(p))
}

func (b *progress) draw(p ragft.Progress) {
	columns := b.screen.columns() - 3 // room for the ^C that a terminal shows
	if columns <= 0 {
		columns = 77
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(p.Total, progressbar.OptionSetWriter(lastLine{b.screen}), progressbar.OptionSetWidth(barWidth),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false), progressbar.OptionUseANSICodes(true),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetTheme(blocks))
	}
	text := harmless(fmt.Sprintf("%s: %d/%d %s%s", p.Phase, p.Done, p.Total, p.Unit, details(p)))
	b.bar.Describe(cut(text, columns-barWidth-len(" 100% || ")))
	b.bar.Set(min(p.Done, p.Total)) //nolint:errcheck // a terminal that is gone shows no bar
}

// details are the speed, the time left and the note, as far as they are known.
func details(p ragft.Progress) string {
	text := ""
	if p.Rate > 0 {
		text = fmt.Sprintf(", %s/s", rateText(p.Rate))
	}
	if left := p.Remaining.Round(time.Second); left > 0 && p.Done < p.Total {
		text += fmt.Sprintf(", %s left", left)
	}
	if p.Note != "" {
		text += "; " + p.Note
	}
	return text
}

func rateText(rate float64) string {
	if rate >= 100 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.2g", rate)
}

// cut shortens a text to n characters.
func cut(text string, n int) string {
	n = max(n, 1)
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return strings.TrimRight(string([]rune(text)[:n-1]), " ") + "…"
}

// end removes the bar.
func (b *progress) end() {
	if b.screen != nil {
		b.screen.erase()
	}
}
