//go:build cgo

package main

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// bar shows how far a step is: a bar with rate and time left on a terminal, now and then a line elsewhere.
type bar struct {
	name, unit string
	bar        *progressbar.ProgressBar
	terminal   bool
	started    time.Time
	printed    time.Time
}

// newBar makes one for a step of this name that counts this unit.
func newBar(name, unit string) *bar {
	now := time.Now()
	return &bar{name: name, unit: unit, terminal: term.IsTerminal(int(os.Stdout.Fd())), started: now, printed: now}
}

// set shows that so many of total are done.
func (b *bar) set(done, total int, note string) {
	if !b.terminal {
		b.line(done, total, note)
		return
	}
	if b.bar == nil {
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stdout), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString(b.unit), progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish())
	}
	b.bar.Describe("  " + b.name + ": " + note)
	b.bar.Set(done)
}

// line prints a line every ten seconds, and one at the end.
func (b *bar) line(done, total int, note string) {
	if done < total && time.Since(b.printed) < 10*time.Second {
		return
	}
	b.printed = time.Now()
	elapsed := time.Since(b.started)
	left := time.Duration(float64(elapsed) / float64(max(1, done)) * float64(total-done))
	fmt.Printf("  %s: %d of %d %s, %s left; %s\n", b.name, done, total, b.unit, left.Round(time.Second), note)
}

// done ends the bar.
func (b *bar) done() {
	if b.bar != nil {
		b.bar.Finish()
	}
}
