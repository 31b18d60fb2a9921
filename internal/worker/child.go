package worker

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Task is a job as the child sees it.
type Task struct {
	Job    json.RawMessage
	Logger *slog.Logger // to the host's log
	Paused <-chan bool  // what the host asks for: true = pause, false = resume

	out *sender
}

// Send sends the host an event, and waits until the host takes it. If the host is gone, that is noticed elsewhere.
func (t *Task) Send(event any) {
	if line, err := json.Marshal(event); err == nil {
		_ = t.out.send(message{Event: line})
	}
}

// Serve does a job and ends the process, if this process is a child that [Run] started; otherwise it returns at once.
// The context given to do ends when the host asks for it, when the host is gone, and on SIGTERM. do returns the result as
// JSON, including errors.
func Serve(version string, do func(context.Context, *Task) any) {
	if os.Getenv(variable) == "" || len(os.Args) != 2 || os.Args[1] != argument {
		return
	}
	os.Unsetenv(variable)
	// A terminal sends interrupts and hangups to all its processes. The child ignores them and stops when the host asks or
	// ends, so that a checkpoint can still be written.
	signal.Ignore(os.Interrupt, syscall.SIGHUP, syscall.SIGPIPE)
	in, out, err := takeStdio()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	serve(in, &sender{w: out}, version, do)
	os.Exit(0)
}

func serve(in io.Reader, out *sender, version string, do func(context.Context, *Task) any) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if out.send(message{Ready: version}) != nil {
		return
	}
	lines := bufio.NewReader(in)
	first, err := receive(lines)
	if err != nil || first.Job == nil {
		return // the host is gone, or wants no child of this version
	}
	logger := slog.New(&handler{out: out, level: slog.Level(first.Job.Level)})
	slog.SetDefault(logger)
	if err := prepare(first.Job, logger); err != nil {
		_ = out.send(message{Failed: err.Error()})
		return
	}
	paused := make(chan bool)
	go func() {
		defer func() {
			cancel()
			time.Sleep(grace) // beyond it, the host would have killed this process
			os.Exit(1)
		}()
		for {
			m, err := receive(lines)
			if err != nil {
				return
			}
			if m.Pause == nil {
				continue
			}
			select {
			case paused <- *m.Pause:
			case <-ctx.Done():
			}
		}
	}()
	result, err := json.Marshal(do(ctx, &Task{Job: first.Job.Job, Logger: logger, Paused: paused, out: out}))
	if err != nil {
		_ = out.send(message{Failed: err.Error()})
		return
	}
	_ = out.send(message{Result: result})
}

// prepare sets limits and priority, before anything is loaded.
func prepare(j *job, logger *slog.Logger) error {
	sparesHost()
	if j.Low {
		if err := lowerPriority(); err != nil {
			logger.Warn("the priority of the worker was not lowered", "error", err)
		}
	}
	if j.Memory > 0 {
		return limitMemory(j.Memory)
	}
	return nil
}

func receive(r *bufio.Reader) (m message, err error) {
	line, err := r.ReadBytes('\n')
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(line, &m)
}
