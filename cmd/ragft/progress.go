package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// lineEvery is how often progress is told where there is no terminal.
const lineEvery = 10 * time.Second

// barEvery is how often the bar of a terminal is drawn.
const barEvery = 100 * time.Millisecond

// clearLine takes back what stands on the last line of a terminal.
const clearLine = "\r\x1b[K"

// screen is a terminal whose last line may be a bar, which gives way to what is written. It is safe for concurrent use.
type screen struct {
	w       io.Writer
	columns func() int // 0 = unknown

	mu    sync.Mutex
	drawn bool
}

func (s *screen) Write(p []byte) (int, error) {
	s.draw("")
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// draw puts the line in the place of the last one; "" takes it away.
func (s *screen) draw(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn || line != "" {
		fmt.Fprint(s.w, clearLine, line)
	}
	s.drawn = line != ""
}

// interrupted says that the interrupt was heard, on a line of its own.
func (s *screen) interrupted() {
	s.mu.Lock()
	before := "\n"
	if s.drawn {
		before = clearLine
	}
	s.drawn = false
	fmt.Fprint(s.w, before, "ending; Ctrl-C again ends at once\n")
	s.mu.Unlock()
}

// bar shows how far long work is: a bar with rate and time left on a terminal, a line now and then elsewhere, and nothing
// with --quiet. Work in several rounds begins anew with each. It is used by one goroutine.
type bar struct {
	name, unit string
	out        io.Writer
	screen     *screen
	quiet      bool
	now        func() time.Time

	started     time.Time // of the round
	printed     time.Time
	first       int64 // done before, by an earlier run
	last, total int64
	ended       bool
}

func (a *app) bar(name, unit string) *bar {
	now := time.Now()
	return &bar{name: name, unit: unit, out: a.err, screen: a.screen, quiet: a.quiet, now: time.Now, started: now, printed: now}
}

// set tells how far the work is, and what else there is to say.
func (b *bar) set(done, total int64, note string) {
	if b.quiet || total <= 0 {
		return
	}
	now := b.now()
	if done < b.last || b.total > 0 && b.last >= b.total && total != b.total { // another round
		b.started, b.printed, b.first, b.ended = now, now, 0, false
	}
	fresh := b.total == 0
	b.last, b.total = done, total
	if b.screen == nil {
		b.line(now, note)
		return
	}
	if fresh || done >= total || now.Sub(b.printed) >= barEvery {
		b.printed = now
		b.screen.draw(b.drawing(now, note))
	}
}

// skip leaves what is done so far, by an earlier run, out of the rate.
func (b *bar) skip(done int64) { b.first, b.started = done, b.now() }

// speed is the rate, and the time left by it.
func (b *bar) speed(now time.Time) string {
	rate := float64(b.last-b.first) / now.Sub(b.started).Seconds()
	if !(rate > 0) || rate > 1e9 {
		return ""
	}
	text := ", " + rateText(rate) + "/s"
	if b.last < b.total {
		text += fmt.Sprintf(", %s left", time.Duration(float64(b.total-b.last)/rate*float64(time.Second)).Round(time.Second))
	}
	return text
}

// drawing is the bar in one line. Where it is narrow, first the note is cut, then the bar left out.
func (b *bar) drawing(now time.Time, note string) string {
	const most, least = 30, 10      // cells of the bar
	width := b.screen.columns() - 3 // what a terminal writes for Ctrl-C has room
	if width <= 0 {
		width = 77
	}
	counts := fmt.Sprintf(" %d/%d %s%s", b.last, b.total, b.unit, b.speed(now))
	if note != "" {
		note = "; " + note
	}
	share := float64(min(b.last, b.total)) / float64(b.total)
	name := fmt.Sprintf("%s %3.0f%%", b.name, 100*share)
	room := width - utf8.RuneCountInString(name+counts) - 1
	cells := min(most, max(least, room-utf8.RuneCountInString(note)))
	line := name + counts + note
	if room >= cells {
		full := int(share * float64(cells))
		line = name + " " + strings.Repeat("█", full) + strings.Repeat("░", cells-full) + counts + note
	}
	if utf8.RuneCountInString(line) > width {
		line = string([]rune(line)[:width-1]) + "…"
	}
	return line
}

// line tells now and then, and the end once, of work that took a while.
func (b *bar) line(now time.Time, note string) {
	wait := lineEvery
	if b.last >= b.total {
		wait = 2 * time.Second
		if b.printed != b.started {
			wait = 0
		}
	}
	if b.ended || now.Sub(b.printed) < wait {
		return
	}
	b.printed, b.ended = now, b.last >= b.total
	text := fmt.Sprintf("%s: %d of %d %s%s", b.name, b.last, b.total, b.unit, b.speed(now))
	if note != "" {
		text += "; " + note
	}
	fmt.Fprintln(b.out, text)
}

func rateText(rate float64) string {
	if rate >= 100 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.2g", rate)
}

// done removes the bar.
func (b *bar) done() {
	if b.screen != nil {
		b.screen.draw("")
	}
}
