package worker

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Death is the error that a child ended without a result.
type Death struct {
	Cause  string   // such as "signal: killed" or "exit status 2"
	Output []string // lines that say more: from the beginning of a crash, or the last ones; nil if it printed none
}

func (d *Death) Error() string {
	if len(d.Output) == 0 {
		return d.Cause
	}
	return fmt.Sprintf("%s, after it had printed:\n%s", d.Cause, strings.Join(d.Output, "\n"))
}

const (
	tailBytes  = 16 << 10
	tailLines  = 12
	crashLines = 6
)

// crashes are the beginnings of the lines with which runtimes, C++ and ggml ("FILE:LINE: ") report that they end the
// program. Registers and stacks follow, so the first lines matter.
var crashes = regexp.MustCompile(`(?m)^(fatal error: |panic: |SIG[A-Z]+: |runtime: |runtime/cgo: |terminate called|libc\+\+abi|` +
	`\S+\.(c|cc|cpp|cu|m|h|hpp):\d+: )`)

// tail keeps what a child prints: from the first line that looks like a crash, or else the end. It is safe for
// concurrent use.
type tail struct {
	mu      sync.Mutex
	text    []byte
	crashed bool
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.crashed && len(t.text) >= tailBytes {
		return len(p), nil
	}
	t.text = append(t.text, p...)
	if at := crashes.FindIndex(t.text); at != nil && !t.crashed {
		t.text, t.crashed = t.text[at[0]:], true
	}
	if over := len(t.text) - tailBytes; over > 0 {
		if t.crashed {
			t.text = t.text[:tailBytes]
		} else {
			t.text = t.text[over:]
		}
	}
	return len(p), nil
}

// lines are the lines worth reporting.
func (t *tail) lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines []string
	for line := range strings.Lines(strings.ToValidUTF8(string(t.text), "?")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if t.crashed {
		return lines[:min(crashLines, len(lines))]
	}
	return lines[max(0, len(lines)-tailLines):]
}
