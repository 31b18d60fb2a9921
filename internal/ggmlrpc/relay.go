// Package ggmlrpc lets ggml use RPC servers that may fail. ggml's client ends the process when it cannot reach a server
// or when a server goes away, so it is never connected to one: it talks to a relay in this process, on the loopback
// interface, which passes everything on and lets in no other process (on Linux; elsewhere that cannot be told, and what another
// process asks for reaches the server). When the server fails, the relay remembers the error and answers in its place
// with zeros of the right length, until the caller has looked at Err and thrown the results away.
package ggmlrpc

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// ErrServer is what errors of a server wrap: it cannot be reached, does not answer, speaks another version, or went away.
var ErrServer = errors.New("RPC server failed")

// checkTime bounds how long a server may take to say what it has.
const checkTime = 10 * time.Second

// Relay stands for one server. It lives as long as the process, since ggml keeps a server's name and devices as long.
type Relay struct {
	server   string
	devices  []device
	listener net.Listener
	open     atomic.Int32 // connections of ggml
	failure  atomic.Pointer[error]
}

var relays struct {
	sync.Mutex
	byServer map[string]*Relay // the latest of each server, failed ones included
}

// Open returns the relay of a server, host:port, after having asked the server what it has, unless it is in use by this
// process already. Errors wrap ErrServer, or are ctx's.
func Open(ctx context.Context, server string) (*Relay, error) {
	if _, _, err := net.SplitHostPort(server); err != nil {
		return nil, fmt.Errorf("%w: %q is not of the form host:port: %w", ErrServer, server, err)
	}
	relays.Lock()
	defer relays.Unlock()
	r := relays.byServer[server]
	if r != nil && r.Err() == nil && r.open.Load() > 0 {
		return r, nil
	}
	list, err := check(ctx, server)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if end, ok := ctx.Deadline(); ok && !time.Now().Before(end) { // the connection noticed first
			return nil, context.DeadlineExceeded
		}
		return nil, fmt.Errorf("%w: %s: %w", ErrServer, server, err)
	}
	if r != nil && r.Err() == nil && slices.Equal(r.devices, list) {
		return r, nil
	}
	// a server that failed or changed gets another address, since ggml remembers what it heard from one
	r = &Relay{server: server, devices: list}
	if r.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	if relays.byServer == nil {
		relays.byServer = map[string]*Relay{}
	}
	relays.byServer[server] = r
	go r.accept()
	return r, nil
}

// Addr is where ggml finds the relay.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Devices is the number of the server's devices.
func (r *Relay) Devices() int { return len(r.devices) }

// Err returns why the server failed, or nil. Once set it stays; what ggml computed since it was last nil is void.
func (r *Relay) Err() error {
	if err := r.failure.Load(); err != nil {
		return *err
	}
	return nil
}

func (r *Relay) fail(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it closed the connection; its own log may say why")
	}
	err = fmt.Errorf("%w: %s: %w", ErrServer, r.server, err)
	r.failure.CompareAndSwap(nil, &err)
}

// check asks a server what it has.
func check(ctx context.Context, server string) ([]device, error) {
	conn, err := connect(ctx, server)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	list, err := devices(conn)
	return list, explained(err)
}

// connect dials a server and greets it. The server must answer within checkTime, also to what is asked next.
func connect(ctx context.Context, server string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", server)
	if err != nil {
		return nil, err
	}
	deadline, _ := ctx.Deadline()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	_ = conn.SetDeadline(deadline)
	err = hello(conn)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, explained(err)
	}
	return conn, nil
}

func explained(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("it takes connections, but does not answer: a ggml RPC server serves one program at a time: %w", err)
	}
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("it takes connections, but does not answer: a ggml RPC server serves one program at a time: %w", err)
	}
	return err
}

// acceptPause is how long to wait for what the system lacks, such as file descriptors.
const acceptPause = 20 * time.Millisecond

func (r *Relay) accept() {
	for {
		conn, err := r.listener.Accept()
		if lacking(err) {
			time.Sleep(acceptPause)
			continue
		}
		if err != nil {
			r.fail(err)
			return
		}
		if !ours(conn) {
			conn.Close()
			continue
		}
		r.open.Add(1)
		go func() {
			defer r.open.Add(-1)
			l := link{relay: r, down: conn, from: bufio.NewReaderSize(conn, 1<<20)}
			l.run()
		}()
	}
}

// lacking reports whether a connection could not be taken for now, which says nothing about the server.
func lacking(err error) bool {
	for _, passing := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED, syscall.EINTR} {
		if errors.Is(err, passing) {
			return true
		}
	}
	return false
}

// link is one connection of ggml, and the server's end of it once there is something to pass on.
type link struct {
	relay *Relay
	down  net.Conn
	from  *bufio.Reader
	up    net.Conn
	to    *bufio.Writer
	back  *bufio.Reader
	bases uint64 // of the buffers that are pretended
}

// run passes requests on until ggml closes the connection.
func (l *link) run() {
	defer l.down.Close()
	defer func() {
		if l.up != nil {
			l.up.Close()
		}
	}()
	for {
		var header [headerSize]byte
		if _, err := io.ReadFull(l.from, header[:]); err != nil {
			return
		}
		if err := l.request(header[0], int64(binary.LittleEndian.Uint64(header[1:]))); err != nil {
			return // ggml has gone away, or it is not ggml that speaks
		}
	}
}

// fail gives the server up, so that it is free for a new start.
func (l *link) fail(err error) {
	l.relay.fail(err)
	if l.up != nil {
		l.up.Close()
	}
}

// alive connects to the server if that is still to be done, and says whether it can be used.
func (l *link) alive() bool {
	if l.relay.Err() != nil {
		return false
	}
	if l.up == nil {
		up, err := connect(context.Background(), l.relay.server)
		if err != nil {
			l.relay.fail(err)
			return false
		}
		_ = up.SetDeadline(time.Time{})
		l.up, l.to, l.back = up, bufio.NewWriterSize(up, 1<<20), bufio.NewReaderSize(up, 1<<20)
	}
	return true
}

// request serves one request. What is no request of ggml's is an error, which ends the connection.
func (l *link) request(cmd byte, size int64) error {
	if cmd > cmdMemsetTensor || size < 0 {
		return fmt.Errorf("request %d of %d bytes", cmd, size)
	}
	expected, answers := responses[cmd]
	var data []byte
	if least, known := looked[cmd]; known {
		if size < least || size > smallData {
			return fmt.Errorf("request %d of %d bytes", cmd, size)
		}
		data = make([]byte, size)
		if _, err := io.ReadFull(l.from, data); err != nil {
			return err
		}
		if cmd != cmdGetTensor {
			answer, err := l.remembered(cmd, data)
			if err != nil {
				return err
			}
			return l.reply(answer)
		}
		expected = int64(binary.LittleEndian.Uint64(data[size-8:])) // the request ends in the number of bytes wanted
		if expected < 0 || expected > maxTensor {
			return fmt.Errorf("request for %d bytes of a tensor", expected)
		}
	}
	if err := l.forward(cmd, size, data); err != nil || !answers {
		return err
	}
	return l.answer(cmd, expected)
}

// remembered answers what the server was asked when it was opened.
func (l *link) remembered(cmd byte, data []byte) ([]byte, error) {
	switch cmd {
	case cmdHello:
		return append([]byte{Major, Minor, 0, 0}, make([]byte, capsSize)...), nil // no other transport than TCP
	case cmdDeviceCount:
		return binary.LittleEndian.AppendUint32(nil, uint32(len(l.relay.devices))), nil
	}
	n := binary.LittleEndian.Uint32(data)
	if uint64(n) >= uint64(len(l.relay.devices)) {
		return nil, fmt.Errorf("request for device %d of %d", n, len(l.relay.devices))
	}
	d := l.relay.devices[n]
	if cmd == cmdGetAlignment {
		return binary.LittleEndian.AppendUint64(nil, d.alignment), nil
	}
	return binary.LittleEndian.AppendUint64(nil, d.maxSize), nil
}

// forward sends a request to the server: the data given, or that which ggml is sending.
func (l *link) forward(cmd byte, size int64, data []byte) error {
	out := &survivor{fail: l.fail}
	if l.alive() {
		out.w = l.to
	}
	_, _ = out.Write(putHeader(nil, cmd, int(size)))
	if data != nil {
		_, _ = out.Write(data)
	} else if _, err := io.CopyN(out, l.from, size); err != nil {
		return err
	}
	if out.w != nil && l.from.Buffered() == 0 { // otherwise more is on its way
		if err := l.to.Flush(); err != nil {
			l.fail(err)
		}
	}
	return nil
}

// answer hands the server's response to ggml, or what stands for it where the server failed.
func (l *link) answer(cmd byte, size int64) error {
	length := binary.LittleEndian.AppendUint64(nil, uint64(size))
	if l.alive() {
		err := l.to.Flush()
		if err == nil {
			err = expect(l.back, size)
		}
		if err == nil {
			if _, err := l.down.Write(length); err != nil {
				return err
			}
			in := &witness{r: l.back}
			passed, err := io.CopyN(l.down, in, size)
			if err == nil || in.err == nil { // all went well, or ggml has gone away
				return err
			}
			l.fail(in.err)
			return zeros(l.down, size-passed)
		}
		l.fail(err)
	}
	if _, err := l.down.Write(length); err != nil {
		return err
	}
	if cmd == cmdBufferGetBase { // a buffer's address must not be zero; nothing will be read or written there
		l.bases += 1 << 40
		_, err := l.down.Write(binary.LittleEndian.AppendUint64(nil, l.bases))
		return err
	}
	return zeros(l.down, size)
}

func (l *link) reply(data []byte) error {
	_, err := l.down.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(data))), data...))
	return err
}

func zeros(w io.Writer, n int64) error {
	block := make([]byte, min(n, 1<<20))
	for n > 0 {
		k, err := w.Write(block[:min(n, int64(len(block)))])
		if err != nil {
			return err
		}
		n -= int64(k)
	}
	return nil
}

// survivor writes until that fails, and then takes everything in silence.
type survivor struct {
	w    io.Writer
	fail func(error)
}

func (s *survivor) Write(p []byte) (int, error) {
	if s.w != nil {
		if _, err := s.w.Write(p); err != nil {
			s.fail(err)
			s.w = nil
		}
	}
	return len(p), nil
}

// witness remembers the error of reading, so that it can be told from that of writing.
type witness struct {
	r   io.Reader
	err error
}

func (w *witness) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil {
		w.err = err
	}
	return n, err
}
