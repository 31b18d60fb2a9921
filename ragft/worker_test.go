//go:build cgo && unix

package ragft_test

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/lora"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

// crashVariable has a worker of the tests send itself a signal once a file has so many lines: SIGNAL LINES FILE.
const crashVariable = "RAGFT_TEST_CRASH"

func TestMain(m *testing.M) {
	if how := os.Getenv(crashVariable); how != "" {
		go crash(strings.Fields(how))
	}
	ragft.RunWorker()
	os.Exit(m.Run())
}

// crash waits for the lines and sends the signal, in the worker: the host has no such file yet when it starts.
func crash(how []string) {
	if len(os.Args) != 2 || os.Args[1] != "worker" {
		return
	}
	signal, _ := strconv.Atoi(how[0])
	lines, _ := strconv.Atoi(how[1])
	for countLines(how[2]) < lines {
		time.Sleep(time.Millisecond)
	}
	_ = syscall.Kill(os.Getpid(), syscall.Signal(signal))
}

func countLines(file string) int {
	data, _ := os.ReadFile(file)
	return strings.Count(string(data), "\n")
}

// crashing has the next workers of the test crash in the training of the project.
func crashing(t *testing.T, c ragft.Config, signal syscall.Signal) {
	t.Setenv(crashVariable, strings.Join([]string{strconv.Itoa(int(signal)), "12", filepath.Join(c.Dir, "metrics.jsonl")}, " "))
}

// workerProject is one whose rows are made, with a training of a few seconds in a worker.
func workerProject(t *testing.T) ragft.Config {
	t.Helper()
	c := tiny(t)
	c.Train.Epochs, c.Train.CheckpointEvery = 6, opt.Of(3)
	p, _ := demonstrated(t, c)
	require.NoError(t, p.Close())
	c.Worker.Steps = []string{ragft.StepTrain}
	return c
}

func train(t *testing.T, c ragft.Config) (*ragft.TrainResult, error) {
	t.Helper()
	p := open(t, c)
	defer p.Close()
	return p.Train(t.Context())
}

// requireSame asserts that the adapter is that of the same training here, without a worker.
func requireSame(t *testing.T, c ragft.Config, adapter string) {
	t.Helper()
	got, err := os.ReadFile(adapter)
	require.NoError(t, err)
	c.Worker = ragft.WorkerConfig{}
	c.Train.Restart, c.Force = true, true
	r, err := train(t, c)
	require.NoError(t, err)
	want, err := os.ReadFile(r.Adapter)
	require.NoError(t, err)
	require.True(t, string(want) == string(got), "the adapter is not that of an uninterrupted training")
}

// A worker that is killed, by the system or by a fault of its own, is an ErrWorker with the cause. The program goes on, and
// the next run resumes and ends with the same bytes as one that was not interrupted.
func TestWorkerDies(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSEGV, syscall.SIGABRT} {
		t.Run(signal.String(), func(t *testing.T) {
			c := workerProject(t)
			t.Run("dies", func(t *testing.T) {
				crashing(t, c, signal)
				_, err := train(t, c)
				require.ErrorIs(t, err, ragft.ErrWorker)
				t.Log(err)
				require.ErrorContains(t, err, map[syscall.Signal]string{
					syscall.SIGKILL: "signal: killed", syscall.SIGSEGV: "SIGSEGV", syscall.SIGABRT: "SIGABRT",
				}[signal])
			})
			require.NoFileExists(t, filepath.Join(c.Dir, "adapter.gguf"))
			r, err := train(t, c)
			require.NoError(t, err)
			require.GreaterOrEqual(t, r.Resumed, 3)
			require.Greater(t, r.Steps, r.Resumed)
			if signal == syscall.SIGKILL {
				requireSame(t, c, r.Adapter)
			}
		})
	}
}

// What the host is told is the same with a worker as without: progress at least every second, messages, log, result.
func TestWorkerSpeaks(t *testing.T) {
	c := workerProject(t)
	var lines strings.Builder
	c.Logger = slog.New(slog.NewTextHandler(&lines, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var phases, notes []string
	var last time.Time
	longest := time.Duration(0)
	c.Progress = func(p ragft.Progress) {
		if p.Total == 0 {
			notes = append(notes, p.Note)
			return
		}
		if !last.IsZero() {
			longest = max(longest, time.Since(last))
		}
		last = time.Now()
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
	}
	r, err := train(t, c)
	require.NoError(t, err)
	require.Contains(t, phases, "training")
	require.Contains(t, strings.Join(notes, "\n"), "memory: ")
	require.Contains(t, lines.String(), "llama", "llama.cpp's own log arrives")
	require.Positive(t, r.Memory.Total)
	require.NotEmpty(t, r.NoRule)
	t.Log("longest silence:", longest)
	again, err := train(t, c)
	require.NoError(t, err)
	require.True(t, again.UpToDate)
	c.EstimateOnly = true
	estimate, err := train(t, c)
	require.NoError(t, err)
	require.InEpsilon(t, r.Memory.Total, estimate.Memory.Total, 0.005, "but for the labels of anchors, which are not known before")

	c.EstimateOnly, c.Train.MemoryBudget, c.Force = false, 1<<20, true
	_, err = train(t, c)
	require.ErrorIs(t, err, lora.ErrMemory, "errors keep their kind")
	require.NotErrorIs(t, err, ragft.ErrWorker)
}

// A cancelled context stops the worker as it stops a training here, with a checkpoint.
func TestWorkerIsCancelled(t *testing.T) {
	c := workerProject(t)
	c.Train.CheckpointEvery = opt.Of(0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c.Progress = func(p ragft.Progress) {
		if p.Phase == "training" && p.Done >= 4 {
			cancel()
		}
	}
	p := open(t, c)
	_, err := p.Train(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.NotErrorIs(t, err, ragft.ErrWorker)
	require.FileExists(t, p.Path("adapter.gguf.checkpoint"))
	c.Progress = nil
	r, err := train(t, c)
	require.NoError(t, err)
	require.GreaterOrEqual(t, r.Resumed, 4)
	requireSame(t, c, r.Adapter)
}

// A worker stands still while it is asked to, and goes on.
func TestWorkerPauses(t *testing.T) {
	for _, steps := range [][]string{nil, {ragft.StepTrain}} {
		c := workerProject(t)
		c.Worker.Steps = steps
		var p *ragft.Project
		var asked sync.Once
		c.Progress = func(s ragft.Progress) {
			if s.Phase == "training" && s.Done >= 2 {
				asked.Do(func() { p.Pause() })
			}
		}
		p = open(t, c)
		ended := make(chan error, 1)
		go func() {
			_, err := p.Train(t.Context())
			ended <- err
		}()
		require.Eventually(t, p.Paused, time.Minute, time.Millisecond)
		at := countLines(p.Path("metrics.jsonl"))
		require.FileExists(t, p.Path("adapter.gguf.checkpoint"))
		select {
		case err := <-ended:
			t.Fatal("it went on: ", err)
		case <-time.After(300 * time.Millisecond):
		}
		require.Equal(t, at, countLines(p.Path("metrics.jsonl")))
		p.Resume()
		require.NoError(t, <-ended)
		require.False(t, p.Paused())
		require.Greater(t, countLines(p.Path("metrics.jsonl")), at)
		require.NoError(t, p.Close())
	}
}

// A limit of memory that is too small ends the worker, not the program, and is named.
func TestWorkerMemory(t *testing.T) {
	c := workerProject(t)
	if runtime.GOOS != "linux" {
		c.Worker.Memory = 1 << 30
		_, err := train(t, c)
		require.ErrorIs(t, err, ragft.ErrConfig, "a limit that is not kept is refused")
		return
	}
	for _, limit := range []int64{1 << 20, 64 << 20, 100 << 20} {
		c.Worker.Memory = limit
		_, err := train(t, c)
		t.Log(limit>>20, err)
		require.ErrorIs(t, err, ragft.ErrWorker)
		require.ErrorContains(t, err, strconv.Itoa(int(limit>>20))+" MiB (worker.memory)")
	}
	c.Worker.Memory = 8 << 30
	_, err := train(t, c)
	require.NoError(t, err)
}

// An assistant and a service answer while workers train and die.
func TestWorkerDiesBesideAnswers(t *testing.T) {
	c := workerProject(t)
	host := open(t, c)
	a, err := host.Assistant(t.Context())
	require.NoError(t, err)
	served := c
	served.Serve.Address = "127.0.0.1:0"
	service := open(t, served)
	ctx, stop := context.WithCancel(t.Context())
	at, over := make(chan string, 1), make(chan error, 1)
	go func() {
		over <- service.Serve(ctx, func(a net.Addr, _ []string) { at <- a.String() })
	}()
	url := "http://" + <-at + "/v1/chat/completions"
	ask := func() {
		t.Helper()
		_, err := a.Answer(t.Context(), "Who runs the button bakery?")
		require.NoError(t, err)
		r, err := http.Post(url, "application/json", strings.NewReader(`{"messages":[{"role":"user","content":"Who?"}],"max_tokens":2}`))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.NoError(t, r.Body.Close())
	}
	for _, signal := range []syscall.Signal{syscall.SIGSEGV, syscall.SIGKILL} {
		require.NoError(t, os.RemoveAll(filepath.Join(c.Dir, "metrics.jsonl")))
		_ = os.Remove(filepath.Join(c.Dir, "adapter.gguf.checkpoint"))
		crashing(t, c, signal)
		ended := make(chan error, 1)
		go func() {
			_, err := host.Train(t.Context())
			ended <- err
		}()
		ask()
		require.ErrorIs(t, <-ended, ragft.ErrWorker)
		ask()
	}
	stop()
	require.NoError(t, <-over)
}

// A program that cannot be a worker says so.
func TestNoWorker(t *testing.T) {
	c := workerProject(t)
	for _, program := range []string{"/bin/true", "/bin/cat", "/bin/ls", "/none/such"} {
		c.Worker.Program = program
		_, err := train(t, c)
		require.ErrorIs(t, err, ragft.ErrWorker)
		require.ErrorContains(t, err, program)
		t.Log(err)
	}
	c.Worker.Program = ""
	c.Worker.Steps = []string{"evaluate"}
	_, err := ragft.Open(t.Context(), c)
	require.ErrorIs(t, err, ragft.ErrConfig)
	c.Worker.Steps, c.Worker.Memory = nil, 1
	_, err = ragft.Open(t.Context(), c)
	require.ErrorContains(t, err, "worker.steps")
}
