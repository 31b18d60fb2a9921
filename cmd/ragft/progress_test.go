package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// timed is a bar whose clock stands still until it is put on.
func timed(a *app, name, unit string) (b *bar, wait func(time.Duration)) {
	b = a.bar(name, unit)
	clock := b.started
	b.now = func() time.Time { return clock }
	return b, func(d time.Duration) { clock = clock.Add(d) }
}

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	a := &app{err: &out}
	b, wait := timed(a, "training", "steps")
	b.skip(20)
	b.set(21, 100, "")
	require.Empty(t, out.String(), "not before there is something to tell")
	wait(20 * time.Second)
	b.set(60, 100, "loss 1")
	require.Equal(t, "training: 60 of 100 steps, 2/s, 20s left; loss 1\n", out.String())
	b.set(61, 100, "loss 1")
	b.set(100, 100, "loss 0.5")
	b.set(100, 100, "loss 0.5")
	b.done()
	require.Equal(t, 2, bytes.Count(out.Bytes(), []byte("\n")), "now and then, and the end once")
	require.NotContains(t, out.String(), "\r")

	out.Reset()
	b, wait = timed(a, "searching", "questions")
	wait(time.Second)
	b.set(10, 10, "")
	require.Empty(t, out.String(), "what is done at once need not be told")
	a.quiet = true
	b, wait = timed(a, "training", "steps")
	wait(time.Hour)
	b.set(1, 2, "")
	require.Empty(t, out.String())
}

// Recipes may work in rounds, each with a total of its own.
func TestProgressRounds(t *testing.T) {
	var out bytes.Buffer
	b, wait := timed(&app{err: &out}, "generating", "questions")
	for _, total := range []int64{10, 30} {
		b.set(1, total, "")
		wait(10 * time.Second)
		b.set(total, total, "")
	}
	require.Equal(t, "generating: 10 of 10 questions, 1/s\ngenerating: 30 of 30 questions, 3/s\n", out.String())
}

func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	columns := 120
	a := &app{screen: &screen{w: &out, columns: func() int { return columns }}}
	a.err = a.screen
	b, wait := timed(a, "training", "steps")
	b.set(0, 40, "")
	wait(10 * time.Second)
	draw := func(width int, note string) string {
		out.Reset()
		columns = width
		wait(barEvery)
		b.started = b.now().Add(-10 * time.Second)
		b.set(20, 40, note)
		line, found := strings.CutPrefix(out.String(), clearLine)
		require.True(t, found)
		require.Less(t, utf8.RuneCountInString(line), width, "it never fills the line")
		return line
	}
	require.Equal(t, "training  50% "+strings.Repeat("█", 15)+strings.Repeat("░", 15)+" 20/40 steps, 2/s, 10s left; loss 1.5", draw(122, "loss 1.5"))
	require.Equal(t, "training  50% █████░░░░░ 20/40 steps, 2/s, 10s left; loss …", draw(62, "loss 1.5, watched 3"), "the note is cut")
	require.Equal(t, "training  50% 20/40 steps, 2/s, 10s left; l…", draw(47, "loss 1.5"), "no room for a bar")
	require.Equal(t, "training  50% 20/4…", draw(22, ""))

	out.Reset()
	a.note("a note")
	require.Equal(t, clearLine+"a note\n", out.String(), "the bar gives way")
	out.Reset()
	a.note("another")
	b.done()
	require.Equal(t, "another\n", out.String(), "nothing stands there any more")
}
