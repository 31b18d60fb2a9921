//go:build cgo

// Package rpctest runs ggml RPC servers for tests: the test's own program again, as a process of its own, which offers
// its CPU. It stands in for a GPU, since ggml treats such a device like one: its memory cannot be read from here.
package rpctest

// #include <stdlib.h>
// #include "ggml-rpc.h"
//
// static void serve(const char * endpoint, size_t threads) {
//     ggml_backend_dev_t cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
//     ggml_backend_rpc_start_server(endpoint, NULL, threads, 1, &cpu);
// }
import "C"

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	_ "github.com/ragft/ragft/internal/llamacpp" // links ggml
)

const variable = "RAGFT_TEST_RPC_SERVER"

// Main is to be called first in TestMain: in a process that Start made, it serves and does not return.
func Main() {
	endpoint := os.Getenv(variable)
	if endpoint == "" {
		return
	}
	go func() { // end with the process that started this one, however that ended
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	C.serve(C.CString(endpoint), C.size_t(min(2, runtime.NumCPU())))
	os.Exit(1)
}

// Server is a running server.
type Server struct {
	Addr string // host:port
	Kill func() // ends it at once
}

// Start starts a server, which ends with the test.
func Start(tb testing.TB) Server {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	addr := l.Addr().String()
	require.NoError(tb, l.Close())
	return StartAt(tb, addr)
}

// StartAt starts a server at a given address.
func StartAt(tb testing.TB, addr string) Server {
	tb.Helper()
	program, err := os.Executable()
	require.NoError(tb, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s", variable, addr))
	in, err := cmd.StdinPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	killed := false
	kill := func() {
		if !killed {
			killed = true
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	}
	tb.Cleanup(func() { _ = in.Close(); kill() })
	for range 500 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close()
			return Server{addr, kill}
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.Fail(tb, "the RPC server does not start")
	return Server{}
}
