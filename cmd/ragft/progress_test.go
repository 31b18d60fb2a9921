package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// timed is progress whose clock stands still until it is put on.
func timed(b *progress) (wait func(time.Duration)) {
	clock := time.Now()
	b.now = func() time.Time { return clock }
	return func(d time.Duration) { clock = clock.Add(d) }
}

func training(done int, rate float64, left time.Duration, note string) ragft.Progress {
	return ragft.Progress{Step: "train", Phase: "training", Unit: "steps", Done: done, Total: 100, Rate: rate, Remaining: left, Note: note}
}

func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	b := &progress{out: &out}
	wait := timed(b)
	b.show(training(21, 0, 0, ""))
	require.Empty(t, out.String(), "not before there is something to tell")
	wait(20 * time.Second)
	b.show(training(60, 2, 20*time.Second, "loss 1"))
	require.Equal(t, "training: 60 of 100 steps, 2/s, 20s left; loss 1\n", out.String())
	b.show(training(61, 2, 20*time.Second, "loss 1"))
	b.show(training(100, 2, 0, "loss 0.5"))
	b.show(training(100, 2, 0, "loss 0.5"))
	b.end()
	require.Equal(t, 2, bytes.Count(out.Bytes(), []byte("\n")), "now and then, and the end once")
	require.NotContains(t, out.String(), "\r")

	out.Reset()
	searching := ragft.Progress{Step: "evaluate", Phase: "searching", Unit: "questions", Total: 10}
	b.show(searching)
	wait(time.Second)
	searching.Done = 10
	b.show(searching)
	require.Empty(t, out.String(), "what is done at once need not be told")
	b.show(ragft.Progress{Note: "3 questions are left out"})
	require.Equal(t, "3 questions are left out\n", out.String(), "a message")

	var code int
	code, _, told := ragftRun(t, "", "doctor", "--quiet", "-p", t.TempDir(), "-m", "")
	require.Zero(t, code)
	require.Empty(t, told)
}

// What is not known yet is not shown.
func TestProgressOfTheFirstStep(t *testing.T) {
	var out bytes.Buffer
	b := &progress{out: &out}
	wait := timed(b)
	b.show(training(0, 0, 0, ""))
	wait(11 * time.Second)
	b.show(training(1, 0, 0, "loss 3"))
	require.Equal(t, "training: 1 of 100 steps; loss 3\n", out.String())
}

// Recipes may work in rounds, each with a total of its own.
func TestProgressRounds(t *testing.T) {
	var out bytes.Buffer
	b := &progress{out: &out}
	wait := timed(b)
	for _, total := range []int{10, 30, 30} {
		p := ragft.Progress{Step: "demonstrate", Phase: "generating", Unit: "questions", Done: 1, Total: total}
		b.show(p)
		wait(10 * time.Second)
		p.Done, p.Rate = total, float64(total)/10
		b.show(p)
	}
	require.Equal(t, "generating: 10 of 10 questions, 1/s\n"+strings.Repeat("generating: 30 of 30 questions, 3/s\n", 2), out.String())
}

func TestProgressBar(t *testing.T) {
	var out bytes.Buffer
	columns := 120
	a := &app{screen: &screen{w: &out, columns: func() int { return columns }}}
	a.err = a.screen
	b := &progress{out: a.err, screen: a.screen}
	wait := timed(b)
	b.show(training(0, 0, 0, ""))
	require.Contains(t, out.String(), "training: 0/100 steps")
	draw := func(width int, note string) string {
		out.Reset()
		columns = width
		wait(time.Second)
		b.bar = nil
		b.show(training(50, 2, 25*time.Second, note))
		lines := strings.Split(strings.ReplaceAll(out.String(), "\x1b[0K", ""), "\r")
		line := lines[len(lines)-1]
		require.Less(t, utf8.RuneCountInString(line), width, "it never fills the line")
		return strings.TrimSpace(line)
	}
	require.Equal(
		t,
		"50% "+strings.Repeat("█", 10)+strings.Repeat("░", 10)+"  training: 50/100 steps, 2/s, 25s left; loss 1.5",
		draw(122, "loss 1.5"),
	)
	require.Equal(
		t,
		"50% "+strings.Repeat("█", 10)+strings.Repeat("░", 10)+"  training: 50/100 steps, 2/s…",
		draw(60, "loss 1.5, validation 3"),
		"the end is cut",
	)

	out.Reset()
	a.note("a note")
	require.Equal(t, clearLine+"a note\n", out.String(), "the bar gives way")
	out.Reset()
	a.note("another")
	b.end()
	require.Equal(t, "another\n", out.String(), "nothing stands there any more")
}

// The bar goes to the terminal past what escapes other output.
func TestProgressBarHoldsNoControlCharacters(t *testing.T) {
	var out bytes.Buffer
	s := &screen{w: &out, columns: func() int { return 200 }}
	b := &progress{out: s, screen: s}
	timed(b)
	b.show(ragft.Progress{
		Step: "train", Phase: "loading x\x1b]52;c;aGk=\x07\u009b2J\r\n.gguf", Unit: "%", Total: 100, Note: "\x1b[2J",
	})
	require.Contains(t, out.String(), `loading x\x1b]52;c;aGk=\x07\u009b2J\r .gguf: 0/100 %; \x1b[2J`)
	require.NotContains(t, strings.ReplaceAll(out.String(), "\x1b[0K", ""), "\x1b")
	require.NotContains(t, out.String(), "\u009b")
}
