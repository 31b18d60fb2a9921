//go:build cgo && unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// running is a command in a process of its own.
type running struct {
	*exec.Cmd
	said bytes.Buffer
	done chan error
}

func startProcess(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{Cmd: process(t.Context(), args...), done: make(chan error, 1)}
	r.Stderr = &r.said
	require.NoError(t, r.Start())
	go func() { r.done <- r.Wait() }()
	return r
}

// ended waits for the end, and says whether all went well. Otherwise it has to be because of the other program.
func (r *running) ended(t *testing.T) bool {
	t.Helper()
	err := <-r.done
	if err == nil {
		return true
	}
	said := r.said.String()
	require.Equal(t, exitError, r.ProcessState.ExitCode(), "%v: %s", r.Args, said)
	require.Contains(t, said, "another program", "%v", r.Args)
	return false
}

// Two programs do the same step of one project at once: one of them does it, and what is there then is what one alone leaves.
func TestTwoProgramsDoTheSame(t *testing.T) {
	workplace(t)
	oneThread(t)
	for _, c := range []campaign{
		{args: []string{"index"}, result: indexResult},
		{args: []string{"questions", "--set", "questions=.ragft/written.jsonl", "--set", "write.limit=2"}, result: files("written.jsonl")},
		{args: []string{"demonstrate"}, result: files("rows.jsonl")},
		{args: []string{"train"}, result: files("adapter.gguf")},
		{args: []string{"tune-search"}, result: tuneResult},
		{
			args:   []string{"evaluate", "--set", "evaluate.evidence=retrieval"},
			result: files("evaluation.json", "answers.jsonl", "report.html"),
		},
	} {
		start := time.Now()
		one, two := startProcess(t, c.args...), startProcess(t, c.args...)
		first, second := one.ended(t), two.ended(t)
		require.True(t, first || second, "%v: neither did it: %s %s", c.args, &one.said, &two.said)
		got, steps := c.result(t), files("steps.json")(t)
		requireNoTemporaries(t)
		must(t, c.args...)
		require.Equal(t, got, c.result(t), "%v", c.args)
		require.Equal(t, steps, files("steps.json")(t), "%v: it was done again", c.args)
		t.Logf("%s: %v", c.args[0], time.Since(start).Round(time.Millisecond))
	}
}

// A service answers while other programs index the documents that it searches, and train. It finds what they index.
func TestServiceAnswersBesideOtherPrograms(t *testing.T) {
	workplace(t)
	oneThread(t)
	must(t, "index")
	must(t, "demonstrate")
	service, url := startService(t)
	training := startProcess(t, "train", "--epochs", "8")
	ask := func(question string) string {
		body := fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"max_tokens":4}`, question)
		reply, err := http.Post(url+"/v1/chat/completions", "application/json", strings.NewReader(body))
		require.NoError(t, err)
		defer reply.Body.Close()
		text, err := io.ReadAll(reply.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, reply.StatusCode, string(text))
		return string(text)
	}
	beside := 0 // the training
	for i := range 3 {
		name := fmt.Sprintf("lighthouse%d.md", i)
		write(t, "notes/"+name, fmt.Sprintf("The keeper of lighthouse%d is Nora Otis.\n", i))
		indexing := startProcess(t, "index")
		for ended := false; !ended; {
			require.Contains(t, ask("Who is the miller at Tuckle Mill?"), "tuckle-mill.md")
			select {
			case err := <-indexing.done:
				require.NoError(t, err, &indexing.said)
				ended = true
			default:
			}
		}
		require.Contains(t, ask(fmt.Sprintf("Who is the keeper of lighthouse%d?", i)), name)
		if len(training.done) == 0 {
			beside++
		}
	}
	require.Positive(t, beside)
	t.Logf("%d of 3 documents were indexed and found while the training ran", beside)
	require.True(t, training.ended(t), "the other programs are at other steps")
	require.FileExists(t, ".ragft/adapter.gguf")
	require.Contains(t, ask("Who is the miller at Tuckle Mill?"), "tuckle-mill.md")
	require.NoError(t, service.Process.Signal(syscall.SIGTERM))
	require.NoError(t, service.Wait())
}
