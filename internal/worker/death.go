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
	Output []string // the lines that tell more, from where a crash began, or the last ones; nil if it printed none
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

// crashes are how the lines begin with which runtimes, C++ and ggml ("FILE:LINE: ") tell that they end the program. What
// follows are registers and stacks, so it is the first lines that matter.
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

// lines are what is worth telling.
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
