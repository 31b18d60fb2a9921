//go:build cgo

package llama

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Where the system gives no memory for the thread that reads a template, that is the error, and not the template. Later, with
// memory, the same model works.
func TestTooLittleMemoryForAThread(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	long := strings.Repeat("Who built the mill? ", 100)
	limited(t, func() {
		_, err := m.TokenizeChat(conversation, ChatOptions{})
		require.ErrorIs(t, err, syscall.ENOMEM)
		require.ErrorContains(t, err, "a thread with a stack of 256 MiB cannot be started")
		require.NotContains(t, err.Error(), "invalid")
	})
	_, err := m.TokenizeChat(conversation, ChatOptions{})
	require.NoError(t, err)
	limited(t, func() {
		_, err := m.TokenizeChat(conversation, ChatOptions{})
		require.ErrorIs(t, err, syscall.ENOMEM)
		_, err = m.Tokenize(long, TokenizeOptions{})
		require.NoError(t, err, "a stack of 32 MiB fits")
	})
}

// limited calls a function while the process may reserve 100 MiB more than it has.
func limited(t *testing.T, call func()) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, after, found := bytes.Cut(status, []byte("VmData:"))
	require.True(t, found)
	var data uint64
	_, err = fmt.Sscan(string(after), &data)
	require.NoError(t, err)
	var before unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_DATA, &before))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: data<<10 + 100<<20, Max: before.Max}))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_DATA, &before)) }()
	call()
}
