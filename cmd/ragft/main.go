// Ragft teaches a small local language model to use retrieved documents, and to say so where they do not hold the answer.
//
//	ragft index notes && ragft questions && ragft demonstrate && ragft train && ragft evaluate && ragft ask "Who keeps the light?"
//
// Each command does one step and leaves its result in a folder, by default .ragft, where the next one finds it. What most
// flags set is a key of the project file ragft.yaml, too: --rank is train.rank. See docs/command-line.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ragft/ragft/ragft"
)

func main() {
	ragft.RunWorker()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	go func() { // a second interrupt ends the program at once
		<-ctx.Done()
		stop()
	}()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
