package ggmlrpc

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve starts a server that answers each command with what answer gives: the length it claims and the bytes it sends.
// A nil answer closes the connection.
func serve(t *testing.T, answer func(cmd byte, data []byte) (claimed int, sent []byte)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	one := func(conn net.Conn) {
		defer conn.Close()
		for {
			header := make([]byte, headerSize)
			if _, err := io.ReadFull(conn, header); err != nil {
				return
			}
			data := make([]byte, binary.LittleEndian.Uint64(header[1:]))
			if _, err := io.ReadFull(conn, data); err != nil {
				return
			}
			if _, answers := responses[header[0]]; !answers {
				continue
			}
			n, sent := answer(header[0], data)
			if sent == nil {
				return
			}
			if _, err := conn.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(n)), sent...)); err != nil || len(sent) < n {
				return
			}
		}
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			one(conn) // one client at a time, as ggml's
		}
	}()
	return l.Addr().String()
}

// sound is what a server with one device says.
func sound(cmd byte, _ []byte) (int, []byte) {
	switch cmd {
	case cmdHello:
		return 28, append([]byte{Major, Minor, 0, 0}, make([]byte, capsSize)...)
	case cmdDeviceCount:
		return 4, []byte{1, 0, 0, 0}
	case cmdGetAlignment:
		return 8, binary.LittleEndian.AppendUint64(nil, 64)
	case cmdGetMaxSize:
		return 8, binary.LittleEndian.AppendUint64(nil, 1<<40)
	case cmdGetTensor:
		return 6, []byte("tensor")
	}
	return int(responses[cmd]), make([]byte, responses[cmd])
}

func TestServersThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		cmd     byte
		claimed int
		sent    []byte
		says    string
	}{
		"later protocol":  {cmdHello, 28, append([]byte{Major + 1}, make([]byte, 27)...), "version 8.0.0"},
		"other service":   {cmdHello, 1 << 40, []byte("HTTP/1.1 400"), "bytes where 28 belong"},
		"no device":       {cmdDeviceCount, 4, make([]byte, 4), "0 devices"},
		"hangs up":        {cmdGetMaxSize, 0, nil, "EOF"},
		"absurd boundary": {cmdGetAlignment, 8, []byte{3, 0, 0, 0, 0, 0, 0, 0}, "alignment of 3"},
	} {
		t.Run(name, func(t *testing.T) {
			addr := serve(t, func(cmd byte, data []byte) (int, []byte) {
				if cmd == c.cmd {
					return c.claimed, c.sent
				}
				return sound(cmd, data)
			})
			_, err := Open(context.Background(), addr)
			require.ErrorIs(t, err, ErrServer)
			require.ErrorContains(t, err, addr)
			require.ErrorContains(t, err, c.says)
		})
	}
}

// getTensor asks for n bytes.
func getTensor(t *testing.T, conn net.Conn, n uint64) []byte {
	data := binary.LittleEndian.AppendUint64(make([]byte, 100), n)
	_, err := conn.Write(append(putHeader(nil, cmdGetTensor, len(data)), data...))
	require.NoError(t, err)
	require.NoError(t, expect(conn, int64(n)))
	out := make([]byte, n)
	_, err = io.ReadFull(conn, out)
	require.NoError(t, err)
	return out
}

// However a server fails, ggml gets answers of the right length, and Err says what happened.
func TestServersThatFail(t *testing.T) {
	for name, c := range map[string]struct {
		claimed int
		sent    []byte
		got     string
	}{
		"before the answer":    {0, nil, "\x00\x00\x00\x00\x00\x00"},
		"within the answer":    {6, []byte("ten"), "ten\x00\x00\x00"},
		"by a wrong length":    {7, []byte("tensors"), "\x00\x00\x00\x00\x00\x00"},
		"by an absurd length":  {1 << 50, []byte("t"), "\x00\x00\x00\x00\x00\x00"},
		"by an empty response": {0, []byte{}, "\x00\x00\x00\x00\x00\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			var failing atomic.Bool
			addr := serve(t, func(cmd byte, data []byte) (int, []byte) {
				if failing.Load() && cmd == cmdGetTensor {
					return c.claimed, c.sent
				}
				return sound(cmd, data)
			})
			r, err := Open(context.Background(), addr)
			require.NoError(t, err)
			again, err := Open(context.Background(), addr)
			require.NoError(t, err)
			require.Same(t, r, again)
			conn, err := net.Dial("tcp", r.Addr())
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, hello(conn))
			require.Equal(t, "tensor", string(getTensor(t, conn, 6)))
			require.NoError(t, r.Err())
			failing.Store(true)
			require.Equal(t, c.got, string(getTensor(t, conn, 6)))
			require.ErrorIs(t, r.Err(), ErrServer)
			require.Equal(t, make([]byte, 3<<20), getTensor(t, conn, 3<<20))
			base, err := ask(conn, cmdBufferGetBase, make([]byte, 8))
			require.NoError(t, err)
			require.NotZero(t, binary.LittleEndian.Uint64(base))
			failing.Store(false) // it is trusted again only under another address
			again, err = Open(context.Background(), addr)
			require.NoError(t, err)
			require.NotEqual(t, r.Addr(), again.Addr())
		})
	}
}

// scarce is a listener for whom the system lacks something at first.
type scarce struct {
	net.Listener
	errs []error
}

func (s *scarce) Accept() (net.Conn, error) {
	if len(s.errs) > 0 {
		err := s.errs[0]
		s.errs = s.errs[1:]
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: err}
	}
	return s.Listener.Accept()
}

// A connection that could not be taken for want of file descriptors does not mark the server failed.
func TestScarceDescriptorsPass(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &Relay{server: serve(t, sound), listener: &scarce{Listener: l, errs: []error{
		os.NewSyscallError("accept4", syscall.EMFILE), os.NewSyscallError("accept4", syscall.ECONNABORTED)}}}
	done := make(chan struct{})
	go func() { r.accept(); close(done) }()
	conn, err := net.Dial("tcp", r.Addr())
	require.NoError(t, err)
	defer conn.Close()
	require.Eventually(t, func() bool { return r.open.Load() == 1 }, 10*time.Second, time.Millisecond)
	require.NoError(t, r.Err())
	require.NoError(t, l.Close())
	<-done
	require.ErrorIs(t, r.Err(), ErrServer, "a listener that is closed stays so")
}
