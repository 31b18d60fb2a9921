//go:build cgo

package service

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
)

// A thousand clients send large bodies but for the last byte: the memory for them is bounded, and small requests are answered.
func TestSlowLargeBodies(t *testing.T) {
	const clients, size, allowed = 1000, 1 << 20, 8 << 20
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512})
	s, address := listen(t, Config{Models: []Model{{Name: "base", Local: m}},
		Limits: Limits{Body: size, Bodies: allowed, Connections: clients + 10, Read: time.Minute}})
	before := liveBytes()
	head := fmt.Sprintf("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n", size)
	request := head + `{"prompt":"` + strings.Repeat("x", size-20) // one for all, as the memory of the whole program is measured
	var conns []net.Conn
	var group sync.WaitGroup
	var refused atomic.Int32
	for range clients {
		c := dial(t, address)
		conns = append(conns, c)
		group.Go(func() {
			_, _ = io.WriteString(c, request)
			line := make([]byte, 12)
			if n, _ := io.ReadFull(c, line); n == 0 || string(line) == "HTTP/1.1 503" {
				refused.Add(1)
			}
		})
	}
	require.Eventually(t, func() bool { return refused.Load() >= clients-allowed/(size-smallBody)-1 }, time.Minute, 10*time.Millisecond)
	require.GreaterOrEqual(t, s.bodies.Load(), int64(0))
	t.Logf("%.1f MiB more", (float64(liveBytes())-float64(before))/(1<<20))
	require.Less(t, liveBytes(), before+64<<20)
	post := func(prompt string) int {
		resp, err := http.Post("http://"+address+"/v1/completions", "application/json",
			strings.NewReader(`{"prompt":"`+prompt+`","max_tokens":3}`))
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		return resp.StatusCode
	}
	require.Equal(t, 200, post("The inn"))
	for _, c := range conns {
		require.NoError(t, c.Close())
	}
	group.Wait()
	require.Eventually(t, func() bool { return s.bodies.Load() == allowed }, time.Minute, time.Millisecond, "all is given back")
	require.Equal(t, 400, post(strings.Repeat("x ", size/4)), "too many tokens, and not too many bytes")
}

// Bytes of bodies are given back whatever became of the request.
func TestBytesOfBodies(t *testing.T) {
	m := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512})
	s, err := New(Config{Models: []Model{{Name: "base", Local: m}}, Limits: Limits{Body: 1 << 20, Bodies: 200 << 10}})
	require.NoError(t, err)
	defer s.Close()
	post := func(bytes int) (int, string) {
		r := httptest.NewRequest("POST", "/v1/completions", strings.NewReader(`{"prompt":"`+strings.Repeat("x", bytes)+`"}`))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.EqualValues(t, 200<<10, s.bodies.Load())
		return w.Code, w.Header().Get("Retry-After")
	}
	for bytes, want := range map[int]int{10: 200, 100 << 10: 400, 250 << 10: 400, 300 << 10: 503, 2 << 20: 503} {
		code, after := post(bytes)
		require.Equal(t, want, code, bytes)
		require.Equal(t, want == 503, after == "1", bytes)
	}
}

// Files are received a few at a time, and those that never come completely leave no place taken.
func TestUploadsAtATime(t *testing.T) {
	s := newShelf(t, Limits{Uploads: 2})
	upload := func() (*io.PipeWriter, chan int) {
		from, to := io.Pipe()
		r, err := http.NewRequestWithContext(t.Context(), "POST", s.url+"/v1/files", from)
		require.NoError(t, err)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		code := make(chan int, 1)
		go func() {
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				code <- 0
				return
			}
			resp.Body.Close()
			code <- resp.StatusCode
		}()
		_, err = io.WriteString(to, "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nThe ")
		require.NoError(t, err)
		return to, code
	}
	first, firstCode := upload()
	second, secondCode := upload()
	require.Eventually(t, func() bool { return len(s.names(t)) == 2 }, time.Minute, time.Millisecond, "two are received")
	_, err := s.add(t, "ferry.txt", "The ferry is steered by Fay Horn.")
	apiErr(t, err, 503, "queue_full")
	require.NoError(t, first.CloseWithError(io.ErrUnexpectedEOF))
	require.NoError(t, second.CloseWithError(io.ErrUnexpectedEOF))
	require.Zero(t, <-firstCode+<-secondCode)
	require.Eventually(t, func() bool { return len(s.names(t)) == 0 }, time.Minute, time.Millisecond)
	_, err = s.add(t, "ferry.txt", "The ferry is steered by Fay Horn.")
	require.NoError(t, err)
}
