package ggmlrpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const dialVariable = "RAGFT_TEST_DIAL"

func TestMain(m *testing.M) {
	if addr := os.Getenv(dialVariable); addr != "" { // another process, which speaks to the relay
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			os.Exit(3)
		}
		_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
		if hello(conn) == nil {
			os.Exit(4) // it was let in
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func opened(t *testing.T) *Relay {
	r, err := Open(context.Background(), serve(t, sound))
	require.NoError(t, err)
	return r
}

// alive checks that the relay still serves ggml.
func alive(t *testing.T, r *Relay) {
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, hello(conn))
}

// What is no request ends its connection, and nothing else.
func TestRequestsThatAreNone(t *testing.T) {
	r := opened(t)
	number := func(n uint64) []byte { return binary.LittleEndian.AppendUint64(nil, n) }
	for name, request := range map[string][]byte{
		"no device":             putHeader(nil, cmdGetAlignment, 0),
		"half a device":         append(putHeader(nil, cmdGetMaxSize, 2), 0, 0),
		"a device that is none": append(putHeader(nil, cmdGetAlignment, 4), 0xff, 0xff, 0xff, 0xff),
		"no size":               append(putHeader(nil, cmdGetTensor, 4), 1, 2, 3, 4),
		"a negative size":       append(putHeader(nil, cmdGetTensor, 8), number(1<<63)...),
		"a huge size":           append(putHeader(nil, cmdGetTensor, 8), number(1<<62)...),
		"negative data":         append([]byte{cmdSetTensor}, number(1<<63)...),
		"a long greeting":       append([]byte{cmdHello}, number(1<<40)...),
		"an unknown command":    append([]byte{200}, number(0)...),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", r.Addr())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, hello(conn))
			_, err = conn.Write(request)
			require.NoError(t, err)
			require.NoError(t, conn.SetReadDeadline(time.Now().Add(10*time.Second)))
			_, err = conn.Read(make([]byte, 1))
			require.Error(t, err)
			var timeout net.Error
			require.False(t, errors.As(err, &timeout) && timeout.Timeout(), "the connection stays open")
			alive(t, r)
		})
	}
	require.NoError(t, r.Err())
}

func TestRandomBytes(t *testing.T) {
	r := opened(t)
	random := rand.New(rand.NewPCG(7, 11))
	for range 300 {
		conn, err := net.Dial("tcp", r.Addr())
		require.NoError(t, err)
		data := make([]byte, 1+random.IntN(200))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if random.IntN(2) == 0 { // a command that exists, with a length that may fit
			copy(data, putHeader(nil, byte(random.IntN(18)), random.IntN(32)))
		}
		_, _ = conn.Write(data)
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, _ = io.Copy(io.Discard, io.LimitReader(conn, 1<<20))
		conn.Close()
	}
	alive(t, r)
}

// Other processes are not let in.
func TestRelayServesItsOwnProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("whose a connection is can be told on Linux only")
	}
	r := opened(t)
	alive(t, r)
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program)
	cmd.Env = append(os.Environ(), dialVariable+"="+r.Addr())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	alive(t, r)
}
