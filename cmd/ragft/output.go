package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// failure is what a command that fails prints with --json, after its result if it has one.
type failure struct {
	Error    string `json:"error"`
	ExitCode int    `json:"exit_code"`
}

// note tells people something that is not part of the result.
func (a *app) note(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// result tells what came out: v with --json, otherwise what text writes.
func (a *app) result(v any, text func(w io.Writer) error) error {
	a.progress.end()
	if a.json {
		return a.keep(v)
	}
	return text(a.out)
}

// keep adds to the object that the command prints at its end. An error that comes after the result is a part of it too, unless
// it is printed already, since a script reads one object.
func (a *app) keep(v any) error {
	object, err := encode(v)
	if err != nil {
		return err
	}
	object = bytes.TrimSpace(object)
	switch empty := len("{}"); {
	case len(a.kept) <= empty:
		a.kept = object
	case len(object) > empty:
		a.kept = slices.Concat(a.kept[:len(a.kept)-1], []byte(","), object[1:])
	}
	return nil
}

// printKept prints the object, unless there is none or a service has printed it when it began to listen.
func (a *app) printKept() error {
	if len(a.kept) == 0 || a.printed {
		return nil
	}
	a.printed = true
	_, err := a.out.Write(append(a.kept, '\n'))
	return err
}

// printLine prints one of several objects, each on a line.
func (a *app) printLine(v any) error {
	object, err := encode(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(object)
	return err
}

func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return out.Bytes(), err
}
