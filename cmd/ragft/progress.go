package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// lineEvery is how often progress is told where there is no terminal.
const lineEvery = 10 * time.Second

// barEvery is how often the bar of a terminal is drawn.
const barEvery = 100 * time.Millisecond

// bar shows how far long work is: a bar with rate and time left on a terminal, a line now and then elsewhere, and nothing
// with --quiet. It is used by one goroutine.
type bar struct {
	name, unit string
	out        io.Writer
	terminal   bool
	quiet      bool
	bar        *progressbar.ProgressBar
	started    time.Time
	printed    time.Time
	first      int64 // done by an earlier run
	ended      bool
}

func (a *app) bar(name, unit string) *bar {
	now := time.Now()
	return &bar{name: name, unit: unit, out: a.err, terminal: a.terminal, quiet: a.quiet, started: now, printed: now}
}

// set tells how far the work is, and what else there is to say.
func (b *bar) set(done, total int64, note string) {
	if b.quiet || total <= 0 {
		return
	}
	if !b.terminal {
		b.line(done, total, note)
		return
	}
	if now := time.Now(); b.bar == nil || done >= total || now.Sub(b.printed) >= barEvery {
		b.printed = now
		b.draw(done, total, note)
	}
}

func (b *bar) draw(done, total int64, note string) {
	if b.bar == nil {
		b.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.out), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString(b.unit), progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish())
	}
	if total != b.bar.GetMax64() {
		b.bar.ChangeMax64(total)
	}
	if note != "" {
		note = ": " + note
	}
	b.bar.Describe(b.name + note)
	b.bar.Set64(done)
}

func (b *bar) line(done, total int64, note string) {
	now := time.Now()
	wait := lineEvery
	if done >= total { // the end is told once, of work that took a while
		wait = 2 * time.Second
		if b.printed != b.started {
			wait = 0
		}
	}
	if b.ended || now.Sub(b.printed) < wait {
		return
	}
	b.printed, b.ended = now, done >= total
	rate := float64(done-b.first) / now.Sub(b.started).Seconds()
	text := fmt.Sprintf("%s: %d of %d %s, %s/s", b.name, done, total, b.unit, rateText(rate))
	if done < total && rate > 0 {
		text += fmt.Sprintf(", %s left", time.Duration(float64(total-done)/rate*float64(time.Second)).Round(time.Second))
	}
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
	if b.bar != nil {
		b.bar.Finish()
	}
}
