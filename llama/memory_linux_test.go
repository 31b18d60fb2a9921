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

	"github.com/ragft/ragft/internal/testmodel"
)

// Where the system gives no memory for the thread that reads a template, that is the error, and not the template. Later, with
// memory, the same model works.
func TestTooLittleMemoryForAThread(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	long := strings.Repeat("Who built the mill? ", 100)
	limited(t, 100, func() {
		_, err := m.TokenizeChat(conversation, ChatOptions{})
		require.ErrorIs(t, err, syscall.ENOMEM)
		require.ErrorContains(t, err, "a thread with a stack of 256 MiB cannot be started")
		require.NotContains(t, err.Error(), "invalid")
	})
	_, err := m.TokenizeChat(conversation, ChatOptions{})
	require.NoError(t, err)
	limited(t, 100, func() {
		_, err := m.TokenizeChat(conversation, ChatOptions{})
		require.ErrorIs(t, err, syscall.ENOMEM)
		_, err = m.Tokenize(long, TokenizeOptions{})
		require.NoError(t, err, "a stack of 32 MiB fits")
	})
}

// Where there is memory neither for a new cache nor for the one before, the context has none. Its adapters can be set as soon as there
// is memory again.
func TestSetAdaptersWithoutACache(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	c := mustContext(t, m, ContextOptions{Size: 1 << 20, Sequences: 2})
	larger := cacheLayout{size: 1 << 20, sequences: 2, separate: true}
	limited(t, -100, func() {
		require.Error(t, c.reshape(larger))
		require.ErrorContains(t, c.SetAdapters(AdapterScale{a, 1}), "caches of")
	})
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	other := mustContext(t, m, ContextOptions{Size: 256, Sequences: 2})
	require.NoError(t, other.SetAdapters(AdapterScale{a, 1}))
	require.InDelta(t, 0, distance(firstProbs(t, other), firstProbs(t, c)), 1e-3)
}

// limited calls a function while the process may reserve so many MiB more than it has.
func limited(t *testing.T, more int, call func()) {
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
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: data<<10 + uint64(more)<<20, Max: before.Max}))
	defer func() { require.NoError(t, unix.Setrlimit(unix.RLIMIT_DATA, &before)) }()
	call()
}
