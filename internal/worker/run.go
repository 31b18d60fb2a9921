package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"
)

const (
	// grace is how long a child may take to stop when asked: for the current step, and a checkpoint.
	grace = time.Minute
	// startLimit is how long a child may take to say that it is one.
	startLimit = time.Minute
	// lineLimit bounds a message.
	lineLimit = 64 << 20
)

// Options say how a job is run.
type Options struct {
	Program string          // the child's program; "" = that of this process. It has to call [Serve]
	Version string          // of the job's format; the child must have the same
	Job     json.RawMessage // for the child
	Memory  int64           // bytes that the child may reserve, see [CanLimitMemory]; 0 = no limit
	Low     bool            // a low priority
	Logger  *slog.Logger    // gets the child's log

	// Event is called with what the child sends, one at a time, before Run returns.
	Event func(json.RawMessage)
	// Started is called once the child runs, with a function to pause and resume it, which may be called until Run returns.
	Started func(pause func(bool))
}

// ErrNoWorker is the error for a program that is not a worker, or one of another version.
var ErrNoWorker = errors.New("it is not a worker of this version")

// Run runs a job in a child, and returns its result. If the child ends without one, the error is a [*Death]. When ctx
// ends, the child is asked to stop, and killed if it has not stopped after a minute; a result that it sends until then
// is still returned.
func Run(ctx context.Context, o Options) (json.RawMessage, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := start(o)
	if err != nil {
		return nil, err
	}
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-ctx.Done():
			c.stop(over)
		case <-over:
		}
	}()
	ready, result, err := c.talk(ctx)
	if err != nil {
		_ = c.cmd.Process.Kill()
	}
	c.in.Close()
	ended := c.cmd.Wait()
	switch {
	case err != nil || result != nil:
		return result, err
	case !ready:
		return nil, c.noWorker(c.death(ended))
	}
	return nil, c.death(ended)
}

// child is a running one, as the host sees it.
type child struct {
	Options
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	sender *sender
	tail   tail
}

func start(o Options) (*child, error) {
	if o.Program == "" {
		var err error
		if o.Program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	c := &child{Options: o, cmd: exec.Command(o.Program, argument)}
	c.cmd.Env = append(os.Environ(), variable+"=1")
	hideWindow(c.cmd)
	c.cmd.Stderr = &c.tail
	c.cmd.WaitDelay = 5 * time.Second // for a child of the child that holds its standard error
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	c.sender = &sender{w: c.in}
	return c, c.cmd.Start()
}

// stop asks the child to stop, and kills it if it has not in time.
func (c *child) stop(over <-chan struct{}) {
	c.in.Close()
	select {
	case <-over:
	case <-time.After(grace):
		_ = c.cmd.Process.Kill()
	}
}

// talk gives the child its job and reads its messages to the end. It reports whether the child took the job; the result is
// nil if the child sent none.
func (c *child) talk(ctx context.Context) (ready bool, result json.RawMessage, err error) {
	late := time.AfterFunc(startLimit, func() { _ = c.cmd.Process.Kill() })
	defer late.Stop()
	lines := bufio.NewReader(c.out)
	for {
		line, err := readLine(lines)
		if err != nil {
			return ready, nil, nil // it has ended, which Wait tells more of
		}
		var m message
		if json.Unmarshal(line, &m) != nil { // what something in the child prints
			if !ready {
				return false, nil, c.noWorker(fmt.Errorf("it said %.100q", line))
			}
			_, _ = c.tail.Write(line)
			continue
		}
		switch {
		case !ready && m.Ready != c.Version:
			return false, nil, c.noWorker(fmt.Errorf("it is of version %q, not %q", m.Ready, c.Version))
		case !ready:
			late.Stop()
			ready = true
			c.begin(ctx)
		case m.Log != nil:
			m.Log.log(ctx, c.Logger)
		case m.Event != nil:
			c.Event(m.Event)
		case m.Failed != "":
			return true, nil, errors.New(m.Failed)
		case m.Result != nil:
			return true, m.Result, nil
		}
	}
}

func (c *child) noWorker(why error) error {
	return fmt.Errorf("%w: %s: %w", ErrNoWorker, c.Program, why)
}

// begin gives the child its job. If the child is gone, that is noticed because it does not answer.
func (c *child) begin(ctx context.Context) {
	_ = c.sender.send(message{Job: &job{Job: c.Job, Memory: c.Memory, Low: c.Low, Level: int(lowest(ctx, c.Logger))}})
	c.Started(func(pause bool) { _ = c.sender.send(message{Pause: &pause}) })
}

// death says how the child ended.
func (c *child) death(err error) *Death {
	d := &Death{Cause: "it ended without a result", Output: c.tail.lines()}
	if err != nil {
		d.Cause = err.Error()
	}
	return d
}

// readLine reads a line, with its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		case len(line) > lineLimit:
			return nil, fmt.Errorf("a line of more than %d MiB", lineLimit>>20)
		}
	}
}
