//go:build unix

package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const version = "test 1"

// hostVariable makes the test's program a host that runs a worker, which waits.
const hostVariable = "RAGFT_TEST_HOST"

func TestMain(m *testing.M) {
	Serve(version, do)
	if file := os.Getenv(hostVariable); file != "" {
		_, err := Run(context.Background(), Options{Version: version, Job: []byte(`"wait ` + file + `"`), Logger: slog.Default(),
			Event: func(json.RawMessage) { fmt.Println("waits") }, Started: func(func(bool)) {}})
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// do is what the workers of these tests can.
func do(ctx context.Context, t *Task) any {
	var job string
	if err := json.Unmarshal(t.Job, &job); err != nil {
		return err.Error()
	}
	words := strings.Fields(job)
	switch words[0] {
	case "speak":
		fmt.Println("said on standard output")
		t.Logger.Info("hello", "n", 3, "list", []string{"a", "b"}, "error", errors.New("bad"), slog.Group("g", "x", 1.5))
		slog.Default().WithGroup("outer").With("k", "v").Debug("default")
		for i := range 3 {
			t.Send(i)
		}
		return map[string]int{"answer": 42}
	case "segv":
		return *(*int)(nil) //nolint:govet // it is to crash
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "assert":
		fmt.Fprint(os.Stderr, strings.Repeat("noise\n", 500), "/src/ggml/ggml.c:17: GGML_ASSERT(x) failed\n", strings.Repeat("frame\n", 500))
		syscall.Kill(os.Getpid(), syscall.SIGABRT)
		select {}
	case "exit":
		fmt.Fprintln(os.Stderr, strings.Repeat("noise\n", 5000)+"the reason")
		os.Exit(7)
	case "allocate":
		var all [][]byte
		for range 64 { // 4 GiB
			all = append(all, bytes.Repeat([]byte{1}, 64<<20))
		}
		return len(all)
	case "wait":
		t.Send("waits")
		<-ctx.Done()
		if len(words) > 1 {
			_ = os.WriteFile(words[1], []byte("stopped"), 0o600)
		}
		return "stopped"
	case "nice":
		var nice []int
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			id, _ := strconv.Atoi(task.Name())
			is, _ := syscall.Getpriority(syscall.PRIO_PROCESS, id)
			nice = append(nice, 20-is)
		}
		return nice
	case "pause":
		t.Send("ready")
		return []bool{<-t.Paused, <-t.Paused}
	}
	return "?"
}

// runJob runs a job, and calls each on what it sends.
func runJob(ctx context.Context, job string, each func(string), o Options) (string, error) {
	text, _ := json.Marshal(job)
	o.Version, o.Job = version, text
	o.Event = func(e json.RawMessage) {
		if each != nil {
			each(string(e))
		}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Started == nil {
		o.Started = func(func(bool)) {}
	}
	result, err := Run(ctx, o)
	return string(result), err
}

// Events, log lines and the result arrive, in order, and what is printed between them does no harm.
func TestSpeaks(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var events []string
	result, err := runJob(t.Context(), "speak", func(e string) { events = append(events, e) }, Options{Logger: logger, Low: true})
	require.NoError(t, err)
	require.Equal(t, `{"answer":42}`, result)
	require.Equal(t, []string{"0", "1", "2"}, events)
	require.Contains(t, log.String(), `level=INFO msg=hello n=3 list="[a b]" error=bad g.x=1.5`)
	require.Contains(t, log.String(), `level=DEBUG msg=default outer.k=v`)
	log.Reset()
	_, err = runJob(t.Context(), "speak", nil, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	require.NotContains(t, log.String(), "default", "a level that the host does not take is not sent")
}

// However a worker dies, the host learns how.
func TestDies(t *testing.T) {
	for job, says := range map[string][]string{
		"kill":   {"signal: killed"},
		"segv":   {"exit status 2", "nil pointer", "SIGSEGV"},
		"assert": {"exit status 2", "GGML_ASSERT(x) failed"},
		"exit":   {"exit status 7", "the reason"},
	} {
		_, err := runJob(t.Context(), job, nil, Options{})
		var d *Death
		require.ErrorAs(t, err, &d, job)
		for _, text := range says {
			require.ErrorContains(t, err, text)
		}
		require.LessOrEqual(t, len(d.Output), tailLines)
	}
}

// A worker that wants more memory than it may have dies of it.
func TestMemoryLimit(t *testing.T) {
	if !CanLimitMemory() {
		_, err := runJob(t.Context(), "speak", nil, Options{Memory: 1 << 30})
		require.ErrorContains(t, err, runtime.GOOS)
		return
	}
	for _, limit := range []int64{1 << 20, 256 << 20} {
		_, err := runJob(t.Context(), "allocate", nil, Options{Memory: limit})
		var d *Death
		require.ErrorAs(t, err, &d)
		t.Log(err)
	}
	result, err := runJob(t.Context(), "speak", nil, Options{Memory: 1 << 30})
	require.NoError(t, err)
	require.Contains(t, result, "42")
}

// A context that ends stops the worker, whose last word counts.
func TestStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	result, err := runJob(ctx, "wait", func(string) { cancel() }, Options{})
	require.NoError(t, err)
	require.Equal(t, `"stopped"`, result)
	_, err = runJob(ctx, "wait", nil, Options{})
	require.ErrorIs(t, err, context.Canceled, "it does not start")
}

func TestPauses(t *testing.T) {
	started := make(chan func(bool), 1)
	result, err := runJob(t.Context(), "pause", func(string) {
		pause := <-started
		pause(true)
		pause(false)
	}, Options{Started: func(pause func(bool)) { started <- pause }})
	require.NoError(t, err)
	require.Equal(t, `[true,false]`, result)
}

// Every thread of a worker has a low priority.
func TestPriority(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the priority of threads is read from /proc")
	}
	result, err := runJob(t.Context(), "nice", nil, Options{Low: true})
	require.NoError(t, err)
	var nice []int
	require.NoError(t, json.Unmarshal([]byte(result), &nice))
	require.Greater(t, len(nice), 2)
	for _, n := range nice {
		require.GreaterOrEqual(t, n, 10)
	}
}

// A worker whose host is killed stops, and has the time to write what it has.
func TestHostDies(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stopped")
	host := exec.Command(os.Args[0])
	host.Env = append(os.Environ(), hostVariable+"="+file)
	out, err := host.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, host.Start())
	line := make([]byte, len("waits"))
	_, err = out.Read(line)
	require.NoError(t, err)
	require.Equal(t, "waits", string(line))
	require.NoError(t, host.Process.Kill())
	_ = host.Wait()
	require.Eventually(t, func() bool {
		said, err := os.ReadFile(file)
		return err == nil && string(said) == "stopped"
	}, time.Minute, 5*time.Millisecond)
}

// A program that is no worker, or one of another version, is told apart from one that died at work.
func TestNoWorker(t *testing.T) {
	for _, program := range []string{"/bin/true", "/bin/cat", "/bin/ls"} {
		_, err := runJob(t.Context(), "speak", nil, Options{Program: program})
		require.ErrorIs(t, err, ErrNoWorker)
		require.ErrorContains(t, err, program)
	}
	_, err := Run(t.Context(), Options{Version: "test 2", Logger: slog.Default()})
	require.ErrorIs(t, err, ErrNoWorker)
	require.ErrorContains(t, err, `"test 1"`)
	_, err = runJob(t.Context(), "speak", nil, Options{Program: filepath.Join(t.TempDir(), "none")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A variable or an argument alone makes no worker.
func TestServeReturns(t *testing.T) {
	t.Setenv(variable, "1")
	Serve(version, func(context.Context, *Task) any { panic("it is not a worker") })
	require.Equal(t, "1", os.Getenv(variable))
}
