// Package worker runs a job in a child process, so that a crash in it does not crash the host.
//
// Host and child exchange lines of JSON: the child reads its standard input and writes its standard output. The end of
// its input, because the host closed it or is gone, asks the child to stop; it is the only way to stop it gently on
// every system. Other output of the child, and its standard error, is kept for the error that says how it died.
package worker

import (
	"encoding/json"
	"io"
	"sync"
)

const (
	// argument is the only argument of a child, visible in lists of processes, and variable is set in its environment.
	// Both are needed, so that neither a leftover variable nor an argument of the program itself makes a child.
	argument = "worker"
	variable = "RAGFT_WORKER"
)

// message is a line from one side to the other. One of its fields is set.
type message struct {
	Job   *job  `json:"job,omitempty"`   // to the child, the first
	Pause *bool `json:"pause,omitempty"` // to the child

	Ready  string          `json:"ready,omitempty"`  // from the child, the first: its version
	Event  json.RawMessage `json:"event,omitempty"`  // from the child, whatever its job says
	Log    *entry          `json:"log,omitempty"`    // from the child
	Result json.RawMessage `json:"result,omitempty"` // from the child, the last
	Failed string          `json:"failed,omitempty"` // from the child, the last: it cannot take the job
}

// job is what a child is to do, and how.
type job struct {
	Job    json.RawMessage `json:"job"`
	Memory int64           `json:"memory,omitempty"` // bytes; 0 = no limit
	Low    bool            `json:"low,omitempty"`    // priority
	Level  int             `json:"level"`            // the lowest level of log lines that the host takes
}

// sender writes messages; it is safe for concurrent use.
type sender struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *sender) send(m message) error {
	line, err := json.Marshal(m)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err = s.w.Write(append(line, '\n'))
	return err
}
