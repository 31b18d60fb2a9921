//go:build cgo && linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestManyConnections has many clients ask a service all the time, of which half read slowly and half write slowly. What it
// cannot take it refuses at once with 503 and Retry-After; its memory stays bounded, and afterwards nothing is left of them.
// RAGFT_CONNECTIONS=1000 asks for a thousand clients and a minute, in place of 50 and three seconds.
func TestManyConnections(t *testing.T) {
	clients, lasts := 50, 3*time.Second
	if text := os.Getenv("RAGFT_CONNECTIONS"); text != "" {
		var err error
		clients, err = strconv.Atoi(text)
		require.NoError(t, err)
		lasts = time.Minute
	}
	workplace(t)
	must(t, "index")
	cmd, url := startService(t, "--set", "threads=1", "--set", fmt.Sprintf("serve.max-requests=%d", clients/4), "--set",
		fmt.Sprintf("serve.max-queue=%d", clients/16))
	address := strings.TrimPrefix(url, "http://")
	one := &load{address: address, end: time.Now(), answered: map[bool][]time.Duration{}}
	one.client(0)
	require.Len(t, one.answered[false], 1, "%v", one.failures)
	before, files := statusKiB(t, cmd.Process.Pid, "VmHWM"), openFiles(t, cmd.Process.Pid)

	l := &load{address: address, end: time.Now().Add(lasts), answered: map[bool][]time.Duration{}}
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() { l.client(i) })
	}
	wg.Wait()
	require.Empty(t, l.failures)
	peak := statusKiB(t, cmd.Process.Pid, "VmHWM")
	all := slices.Concat(l.answered[false], l.answered[true])
	t.Logf("%d clients for %v: %d answers, p50 %v, p95 %v (of those who read at once p95 %v); %d refusals; peak memory %d MiB, %d before",
		clients, lasts, len(all), part(all, 0.5), part(all, 0.95), part(l.answered[false], 0.95), l.refused, peak>>10, before>>10)
	require.NotEmpty(t, l.answered[false])
	require.NotEmpty(t, l.answered[true])
	require.Positive(t, l.refused)
	require.Less(t, peak-before, 64<<10+clients*256, "KiB: 64 MiB, and 256 KiB for each client")

	for deadline := time.Now().Add(30 * time.Second); openFiles(t, cmd.Process.Pid) > files; time.Sleep(20 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "connections were left open")
	}
	one.end = time.Now()
	one.client(0)
	require.Len(t, one.answered[false], 2, "%v", one.failures)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait())
}

// load is what clients together saw.
type load struct {
	address string
	end     time.Time

	mu       sync.Mutex
	answered map[bool][]time.Duration // from the last byte that was sent to the last that was read; by whether it was read slowly
	refused  int
	failures []string
}

// client asks over one connection until the end, and once at least.
func (l *load) client(i int) {
	c, err := net.Dial("tcp", l.address)
	if err != nil {
		l.fail(err)
		return
	}
	defer c.Close()
	slowReader, slowWriter := i%2 == 1, i/2%2 == 1
	in := bufio.NewReader(c)
	if slowReader {
		_ = c.(*net.TCPConn).SetReadBuffer(1024)
		in = bufio.NewReaderSize(slow{c}, 256)
	}
	body := fmt.Sprintf(`{"messages":[{"role":"user","content":"Who is the miller at Tuckle Mill?"}],"max_tokens":%d,"stream":%v}`,
		8+i%9, slowReader)
	request := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", len(body), body)
	for first := true; first || time.Now().Before(l.end); first = false {
		_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
		status, took, err := exchange(c, in, request, slowWriter)
		if err != nil {
			l.fail(fmt.Errorf("client %d: %w", i, err))
			return
		}
		l.mu.Lock()
		if status == http.StatusOK {
			l.answered[slowReader] = append(l.answered[slowReader], took)
		} else {
			l.refused++
		}
		l.mu.Unlock()
		if status != http.StatusOK {
			time.Sleep(time.Second) // as the service asks
		}
	}
}

func (l *load) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, err.Error())
}

// exchange makes a request, and returns the status, 200 or 503, and how long the answer took.
func exchange(c net.Conn, in *bufio.Reader, request string, slowly bool) (status int, took time.Duration, err error) {
	step := len(request)
	if slowly {
		step = step/10 + 1
	}
	for at := 0; at < len(request); at += step {
		if _, err := io.WriteString(c, request[at:min(at+step, len(request))]); err != nil {
			return 0, 0, err
		}
		if slowly {
			time.Sleep(50 * time.Millisecond)
		}
	}
	begin := time.Now()
	reply, err := http.ReadResponse(in, nil)
	if err != nil {
		return 0, 0, err
	}
	said, err := io.ReadAll(reply.Body)
	switch {
	case err != nil:
		return 0, 0, err
	case reply.StatusCode == http.StatusOK && !strings.Contains(string(said), `"finish_reason":"`):
		return 0, 0, fmt.Errorf("an answer without an end: %s", said)
	case reply.StatusCode == http.StatusOK:
	case reply.StatusCode != http.StatusServiceUnavailable || reply.Header.Get("Retry-After") != "1":
		return 0, 0, fmt.Errorf("%s, Retry-After %q: %s", reply.Status, reply.Header.Get("Retry-After"), said)
	}
	return reply.StatusCode, time.Since(begin), nil
}

// slow reads 256 bytes in 10 ms.
type slow struct{ net.Conn }

func (s slow) Read(b []byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return s.Conn.Read(b[:min(len(b), 256)])
}

// part returns the duration that a share of them do not exceed.
func part(of []time.Duration, share float64) time.Duration {
	if len(of) == 0 {
		return 0
	}
	slices.Sort(of)
	return of[int(share*float64(len(of)-1))].Round(time.Millisecond)
}

// statusKiB reads an amount of memory of a process.
func statusKiB(t *testing.T, pid int, name string) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	require.NoError(t, err)
	_, after, found := strings.Cut(string(status), name+":")
	require.True(t, found)
	var kib int
	_, err = fmt.Sscan(after, &kib)
	require.NoError(t, err)
	return kib
}

func openFiles(t *testing.T, pid int) int {
	t.Helper()
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(t, err)
	return len(files)
}
