//go:build cgo && unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/ragft"
)

// TestMain lets the test binary be ragft itself, for tests that need a process.
func TestMain(m *testing.M) {
	rpctest.Main()
	ragft.RunWorker()
	if os.Getenv("RAGFT_TEST_MAIN") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), "RAGFT_TEST_MAIN=1")
	return cmd
}

// interrupt starts ragft, waits until ready says so, interrupts it, and returns what it said.
func interrupt(t *testing.T, ready func() bool, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := process(ctx, args...)
	var errs strings.Builder
	cmd.Stderr = &errs
	require.NoError(t, cmd.Start())
	for !ready() {
		if ctx.Err() != nil {
			_ = cmd.Wait() // its text is complete after that
			require.Fail(t, "it was not ready in time", errs.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	err := cmd.Wait()
	require.Error(t, err, "it was too quick to be interrupted")
	require.Equal(t, exitInterrupted, cmd.ProcessState.ExitCode(), errs.String())
	return errs.String()
}

func notEmpty(pattern string) func() bool {
	return func() bool {
		files, _ := filepath.Glob(pattern)
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && info.Size() > 0 {
				return true
			}
		}
		return false
	}
}

func TestInterruptedTrainingGoesOn(t *testing.T) {
	workplace(t)
	must(t, "index")
	must(t, "demonstrate")
	train := []string{"train", "--epochs", "12", "--set", "train.checkpoint-every=5"}
	said := interrupt(t, func() bool {
		data, _ := os.ReadFile(".ragft/metrics.jsonl")
		return strings.Count(string(data), `"event":"step"`) > 2
	}, train...)
	require.Contains(t, said, "run the same command to resume")
	require.NoFileExists(t, ".ragft/adapter.gguf")
	require.FileExists(t, ".ragft/adapter.gguf.checkpoint")
	code, _, stderr := ragftRun(t, "", "train", "--epochs", "13")
	require.Equal(t, exitInput, code, stderr)
	require.Contains(t, stderr, "train.restart")
	r := object[ragft.TrainResult](t, train...)
	require.Positive(t, r.Resumed)
	require.Less(t, r.Resumed, r.Steps)
	require.NoFileExists(t, ".ragft/adapter.gguf.checkpoint")
}

func TestInterruptedDemonstrationsGoOn(t *testing.T) {
	workplace(t)
	must(t, "index")
	demos := []string{"demonstrate", "--recipe", "self-demo", "--set", "demonstrate.batch=1"}
	interrupt(t, notEmpty(".ragft/cache/*"), demos...)
	require.NoFileExists(t, ".ragft/rows.jsonl", "no part of the rows is taken for the whole")
	r := object[ragft.DemonstrateResult](t, demos...)
	require.Positive(t, r.Cost.Cached, "what was generated is not generated again")
	require.Less(t, r.Cost.Cached, r.Cost.Calls)
	require.FileExists(t, ".ragft/rows.jsonl")
}

// startService runs serve in a process of its own, and returns that and the service's URL.
func startService(t *testing.T, args ...string) (cmd *exec.Cmd, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	t.Cleanup(cancel)
	cmd = process(ctx, append([]string{"serve", "--address", "127.0.0.1:0", "--json"}, args...)...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // where the test has failed
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	var at struct {
		URL    string
		Models []string
	}
	require.NoError(t, json.Unmarshal([]byte(line), &at))
	require.Equal(t, []string{"base"}, at.Models)
	return cmd, at.URL
}

func TestServe(t *testing.T) {
	workplace(t)
	must(t, "index")
	cmd, url := startService(t, "--documents", "notes")
	reply, err := http.Post(url+"/v1/chat/completions", "application/json",
		strings.NewReader(`{"messages":[{"role":"user","content":"Who is the miller at Tuckle Mill?"}],"max_tokens":8}`))
	require.NoError(t, err)
	body, err := io.ReadAll(reply.Body)
	require.NoError(t, err)
	reply.Body.Close()
	require.Equal(t, http.StatusOK, reply.StatusCode, string(body))
	require.Contains(t, string(body), "tuckle-mill.md")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), "a service that is asked to end has not failed")
}
