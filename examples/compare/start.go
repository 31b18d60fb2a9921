//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

// What the project ships, from its root.
const (
	shippedModel     = "examples/basemodel/ragft-base-f16.gguf"
	shippedDocs      = "examples/quickstart/docs"
	shippedQuestions = "examples/quickstart/questions.jsonl"
)

// start runs a program until it ends or is interrupted, and ends the process with an error's text and status.
func start(name string, level slog.Level, run func(ctx context.Context) error) {
	slog.SetLogLoggerLevel(level)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the program at once
		<-ctx.Done()
		stop()
	}()
	err := run(ctx)
	if err == nil {
		return
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	if errors.Is(err, context.Canceled) {
		fmt.Fprintf(os.Stderr, "%s: interrupted; start it again with the same flags to go on\n", name)
		os.Exit(130)
	}
	os.Exit(1)
}
