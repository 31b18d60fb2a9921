//go:build !cgo

package main

import (
	"errors"
	"fmt"
	"log/slog"
)

// errNoNative is what commands that need llama.cpp return in a build without cgo.
var errNoNative = errors.New("this ragft was built without cgo, and so without llama.cpp: run build.sh and build it with CGO_ENABLED=1, " +
	"or use a model of a server (--model ollama:NAME or openai:NAME@URL) with the commands that need no training")

func withoutNative(what string) error { return missingError(fmt.Errorf("%s: %w", what, errNoNative)) }

func setNativeLogger(*slog.Logger) {}

func nativeExitCode(error) int { return exitError }
