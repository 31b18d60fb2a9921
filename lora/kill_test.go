//go:build cgo

package lora

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
)

// childJob is a training for a process of its own, which TestMain runs where the variable of this name is set.
type childJob struct {
	Model, Adapter, Metrics, Board string
	FileLimit                      uint64 // bytes that a file may have; 0: any number
}

const childVariable = "RAGFT_LORA_TEST_CHILD"

// runChild trains as the variable says, and ends the process.
func runChild(job string) {
	var j childJob
	err := json.Unmarshal([]byte(job), &j)
	if err == nil && j.FileLimit > 0 {
		signal.Ignore(syscall.SIGXFSZ) // so that writing too much is an error
		err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: j.FileLimit, Max: j.FileLimit})
	}
	if err == nil {
		c, examples, held := childTraining()
		c.MetricsFile, c.TensorBoard = j.Metrics, j.Board
		_, err = Train(context.Background(), j.Model, j.Adapter, c, examples, held)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(3)
	}
	os.Exit(0)
}

// childTraining is what the child trains: everything that is remembered between steps is in use.
func childTraining() (c Config, examples, held []Example) {
	c = eventfulConfig()
	c.Patience, c.Dropout, c.Epochs, c.SpikeFactor = 0, 0.1, 15, 2
	return c, append(counting(40), preferences(100)...), otherCounting(4)
}

func child(t *testing.T, j childJob) (*exec.Cmd, *strings.Builder) {
	job, err := json.Marshal(j)
	require.NoError(t, err)
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	out := &strings.Builder{}
	cmd.Stdout = out
	cmd.Env = append(os.Environ(), childVariable+"="+string(job))
	return cmd, out
}

// A training that is killed at moments that it does not choose ends, resumed, with the bytes of one that was not.
func TestKilledEqualsUninterrupted(t *testing.T) {
	dir := t.TempDir()
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	whole := childJob{Model: model, Adapter: filepath.Join(dir, "whole.gguf"), Metrics: filepath.Join(dir, "whole.jsonl"),
		Board: filepath.Join(dir, "whole")}
	cmd, out := child(t, whole)
	require.NoError(t, cmd.Run(), out)

	parts := childJob{Model: model, Adapter: filepath.Join(dir, "parts.gguf"), Metrics: filepath.Join(dir, "parts.jsonl"),
		Board: filepath.Join(dir, "parts")}
	rng := random(uint64(time.Now().UnixNano()))
	kills := 0
	for ended := false; !ended; {
		cmd, out := child(t, parts)
		require.NoError(t, cmd.Start())
		if kills < 6 { // some time after some more lines were written
			go killAfter(cmd.Process, parts.Metrics, int64(1+rng.IntN(3000)), time.Duration(rng.IntN(int(10*time.Millisecond))))
		}
		err := cmd.Wait()
		var exit *exec.ExitError
		switch {
		case err == nil:
			ended = true
		case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled():
			kills++
		default:
			require.NoError(t, err, out)
		}
	}
	require.Greater(t, kills, 2)
	requireSameFile(t, whole.Adapter, parts.Adapter)
	want, got := readMetrics(t, whole.Metrics), readMetrics(t, parts.Metrics)
	require.Equal(t, len(want), len(got))
	for i, l := range want {
		for _, key := range []string{"event", "step", "loss", "gradient_norm", "skipped"} {
			require.Equal(t, l[key], got[i][key])
		}
	}
	require.Equal(t, readEvents(t, whole.Board)["train/loss"], readEvents(t, parts.Board)["train/loss"])
	t.Logf("killed %d times", kills)
}

// killAfter kills the process once the file has grown by so many bytes, and a while has passed.
func killAfter(p *os.Process, path string, grown int64, while time.Duration) {
	size := func() int64 {
		s, err := os.Stat(path)
		if err != nil {
			return 0
		}
		return s.Size()
	}
	least := size() // what a resumed run cuts off makes it smaller
	for n := least; n-least < grown; n = size() {
		least = min(least, n)
		time.Sleep(time.Millisecond)
		if p.Signal(syscall.Signal(0)) != nil {
			return // it has ended
		}
	}
	time.Sleep(while)
	p.Kill()
}

// Where a checkpoint does not fit on the disk the run ends with an error that says so, the last one stays whole, and the
// training goes on from it when there is room.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	c, examples, held := childTraining()
	whole, adapter := filepath.Join(dir, "whole.gguf"), filepath.Join(dir, "adapter.gguf")
	_, err := Train(context.Background(), model, whole, c, examples, held)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(context.Background())
	c.Progress = func(p Progress) {
		if p.Step == 5 {
			cancel()
		}
	}
	_, err = Train(ctx, model, adapter, c, examples, held)
	require.ErrorIs(t, err, context.Canceled)
	before, err := os.ReadFile(adapter + ".checkpoint")
	require.NoError(t, err)
	size, err := os.Stat(whole)
	require.NoError(t, err)
	require.Greater(t, len(before), 3*int(size.Size()))

	cmd, out := child(t, childJob{Model: model, Adapter: adapter, FileLimit: 2 * uint64(size.Size())})
	var exit *exec.ExitError
	require.ErrorAs(t, cmd.Run(), &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.Contains(t, out.String(), syscall.EFBIG.Error())
	require.Contains(t, out.String(), adapter+".checkpoint")
	after, err := os.ReadFile(adapter + ".checkpoint")
	require.NoError(t, err)
	require.True(t, string(before) == string(after))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 2, "no half-written file is left")

	c.Progress = nil
	r, err := Train(context.Background(), model, adapter, c, examples, held)
	require.NoError(t, err)
	require.Equal(t, 5, r.Resumed)
	requireSameFile(t, whole, adapter)
}
