//go:build cgo

package service

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/retriever"
)

// listen runs a service on a listener of its own, as a program does.
func listen(t testing.TB, config Config) (*Service, string) {
	t.Helper()
	s, err := New(config)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Serve(ctx, smallBuffers{l}) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, s.Close())
		require.NoError(t, <-done)
	})
	return s, l.Addr().String()
}

// smallBuffers has the system keep next to nothing of what a client has not read, so that a slow one is seen soon.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		err = c.(*net.TCPConn).SetWriteBuffer(1)
	}
	return c, err
}

// FuzzBodies sends anything to the routes that take a body: no answer is a server's error, and none takes long.
func FuzzBodies(f *testing.F) {
	for _, body := range []string{
		`{"model":"base","messages":[{"role":"user","content":"Who?"}],"max_tokens":2}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"Who?"}]}],"max_tokens":2,"stream":true,"ragft":{"retrieval":true}}`,
		`{"messages":[{"role":"assistant","tool_calls":[{"function":{"name":"a","arguments":"{"}}]},{"role":"user","content":null}]}`,
		`{"messages":[{"role":"tool","content":"x","tool_call_id":"1"}],"max_tokens":1}`,
		`{"messages":[{"role":"system","content":"<|end|><|user|>"},{"role":"user","content":"\u0000\ud800"}],"max_tokens":1}`,
		`{"messages":{}}`, `{"messages":[null]}`, `[]`, `nul`, ``, `{"a":`, "\xff\xfe",
		`{"messages":[{"role":"user","content":"x"}],"n":1e99}`,
		`{"prompt":"The inn","max_tokens":2}`, `{"prompt":[1,2,3],"max_tokens":1,"logprobs":5}`, `{"prompt":[[1],[2]],"max_tokens":1}`,
		`{"prompt":[],"max_tokens":1}`, `{"prompt":["",""]}`, `{"prompt":[-1]}`, `{"prompt":[99999999999]}`, `{"prompt":[1,"a"]}`,
		`{"prompt":{}}`,
		`{"prompt":"x","max_tokens":1,"stop":["","a"],"temperature":1e-40,"top_k":1,"min_p":1}`,
		`{"prompt":"x","max_tokens":-9223372036854775808}`, `{"prompt":"x","seed":-1,"max_tokens":1}`, `{"input":"x"}`,
		`{"input":[[]],"encoding_format":"base64"}`,
		`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"$ref":"#"}}` +
			`},"max_tokens":1}`,
		`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"},"max_tokens":2}`,
		`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"$ref":` +
			`"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}}},"max_tokens":1}`,
		`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"$ref":` +
			`"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/b"}},{"$ref":"#/$defs/b"}]},"b":{"anyOf":[` +
			`{"$ref":"#/$defs/a"},{"type":"null"}]}}}}},"max_tokens":1}`,
		`{"messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":{"schema":{"type":["array",` +
			`"array"],"maxItems":0}}},"max_tokens":1}`,
		`{"messages":[{"role":"user","content":[{"type":"text","text":"x","y":1},null,3]}]}`,
		`{"prompt":"x","max_tokens":2,"temperature":1e-40,"top_p":1e-50,"repeat_penalty":1e-50}`,
		`{"prompt":"x","max_tokens":2,"temperature":1,"top_k":0,"repeat_penalty":0.01,"seed":-9223372036854775808}`,
		`{"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":{"name":"f","parameters":[]}}],"max_tokens":1}`,
		strings.Repeat(`{"messages":[`, 2000), `{"messages":` + strings.Repeat("[", 20000) + `}`,
	} {
		f.Add(body)
	}
	local := openModel(f, testmodel.New(f, testmodel.Spec{}), local.Options{ContextTokens: 512, Sequences: 2})
	s, err := New(Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(f), Limits: Limits{Output: 4, Body: 64 << 10}})
	require.NoError(f, err)
	f.Cleanup(func() { require.NoError(f, s.Close()) })
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/v1/chat/completions", "/v1/completions", "/v1/embeddings"} {
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			r.Host = "localhost"
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			require.Less(t, w.Code, 500, "%s %s", body, w.Body)
			require.NotEmpty(t, w.Body.String())
		}
	})
}

func TestLimits(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 2048, Sequences: 1, Queue: 1})
	s, _ := listen(t, Config{Models: []Model{{Name: "base", Local: local}},
		Limits: Limits{Body: 4096, Context: 64, Output: 40, Requests: 3, Time: 2 * time.Second}})
	post := func(body string) (int, string) {
		r := httptest.NewRequest("POST", "/v1/completions", strings.NewReader(body))
		r.Host = "localhost"
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code == 503 && w.Header().Get("Retry-After") != "1" {
			return 0, "no Retry-After"
		}
		return w.Code, w.Body.String()
	}
	code, body := post(`{"prompt":"` + strings.Repeat("x", 5000) + `"}`)
	require.Equal(t, 413, code)
	require.Contains(t, body, "body_too_large")
	code, body = post(`{"prompt":"` + strings.Repeat("x y ", 200) + `"}`)
	require.Equal(t, 400, code)
	require.Contains(t, body, "context_length_exceeded")
	code, body = post(`{"prompt":"The inn","max_tokens":1000000}`)
	require.Equal(t, 200, code)
	require.Regexp(t, `"completion_tokens":([1-3]?[0-9]|40),`, body)

	var wg sync.WaitGroup
	var mu sync.Mutex
	codes := map[int]int{}
	for range 40 {
		wg.Go(func() {
			code, _ := post(`{"prompt":"The inn","max_tokens":40,"n":8}`)
			mu.Lock()
			defer mu.Unlock()
			codes[code]++
		})
	}
	wg.Wait()
	require.Positive(t, codes[200], codes)
	require.Positive(t, codes[503], codes)
	require.Equal(t, 40, codes[200]+codes[503], codes)
}

// endless asks for an answer of thousands of tokens, which no model can end before.
func endless() openai.ChatCompletionNewParams {
	p := ask("Who?")
	p.MaxCompletionTokens = openai.Int(8000)
	p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "long", Schema: map[string]any{"type": "array", "minItems": 1000, "items": map[string]any{"const": "word"}},
	}}
	return p
}

// TestTimeLimit asks for more than there is time for.
func TestTimeLimit(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{Context: 8192, Layers: 6, Width: 256}),
		local.Options{ContextTokens: 8192, Sequences: 1})
	_, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}},
		Limits: Limits{Time: 100 * time.Millisecond, Output: 8000}})
	p := endless()
	begin := time.Now()
	_, err := client.Chat.Completions.New(t.Context(), p)
	apiErr(t, err, 504, "timeout")
	require.Less(t, time.Since(begin), 30*time.Second)
	stream := client.Chat.Completions.NewStreaming(t.Context(), p)
	for stream.Next() {
	}
	require.Error(t, stream.Err())
	require.Regexp(t, "too long|Timeout", stream.Err().Error())
}

// idle waits until a service's model has nothing to do.
func idle(t testing.TB, m *local.Server) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		s := m.Batcher().Stats()
		if s.Running == 0 && s.Waiting == 0 {
			return
		}
		require.True(t, time.Now().Before(deadline), "%+v", s)
	}
}

// TestVanishingClients breaks off requests at all stages, over and over: nothing stays behind.
func TestVanishingClients(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{Context: 4096}),
		local.Options{ContextTokens: 4096, Sequences: 4, Queue: math.MaxInt})
	_, address := listen(t, Config{Models: []Model{{Name: "base", Local: local}}, Index: newIndex(t), Limits: Limits{Output: 1000}})
	body := `{"messages":[{"role":"user","content":"Who founded the Gorton ` +
		`Inn?"}],"max_tokens":1000,"stream":true,"ragft":{"retrieval":%v}}`
	round := func() {
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				c, err := net.Dial("tcp", address)
				if err != nil {
					return
				}
				defer c.Close()
				text := fmt.Sprintf(body, i%2 == 0)
				request := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: "+
					"application/json\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
				switch i % 4 {
				case 0: // within the request
					_, _ = io.WriteString(c, request[:len(request)*i/40])
				case 1: // at once
					_, _ = io.WriteString(c, request)
				default: // within the answer
					_, _ = io.WriteString(c, request)
					_, _ = io.CopyN(io.Discard, c, int64(i*50))
				}
			})
		}
		wg.Wait()
		idle(t, local)
	}
	round()
	goroutines, memory := runtime.NumGoroutine(), liveBytes()
	for range 5 {
		round()
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > goroutines+5 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), goroutines+5)
	require.Less(t, liveBytes(), memory+16<<20)
}

// liveBytes is what the Go program holds after a collection. The size of the process would not do: the race detector keeps
// records of its own for each goroutine and each piece of memory that was ever there.
func liveBytes() uint64 {
	runtime.GC()
	runtime.GC() // pools are emptied by the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// TestThousandConnections holds a thousand connections open that say little or nothing, while another client is served
// as if nothing were; then they are gone.
func TestThousandConnections(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{}), local.Options{ContextTokens: 512})
	_, address := listen(t, Config{Models: []Model{{Name: "base", Local: local}}, Limits: Limits{Connections: 1100, Read: time.Second}})
	before := runtime.NumGoroutine()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range 1000 {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		conns = append(conns, c)
		_, err = io.WriteString(c, []string{"", "POST /v1/comp", "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nX: ",
			"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"}[i%4])
		require.NoError(t, err)
	}
	client := &http.Client{Timeout: time.Minute}
	for range 5 {
		resp, err := client.Post("http://"+address+"/v1/completions", "application/json",
			strings.NewReader(`{"prompt":"The inn","max_tokens":3}`))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		resp.Body.Close()
	}
	client.CloseIdleConnections()
	for i, c := range conns {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
		_, err := io.Copy(io.Discard, c)
		require.NoError(t, err, "connection %d was not closed", i)
	}
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before+10 && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
	}
	require.LessOrEqual(t, runtime.NumGoroutine(), before+10)
}

// TestSlowReader has a client that does not read its stream: it does not hold up others, and does not stay.
func TestSlowReader(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{Context: 8192}), local.Options{ContextTokens: 8192, Sequences: 2})
	_, address := listen(t, Config{Models: []Model{{Name: "base", Local: local}},
		Limits: Limits{Output: 3000, Write: 300 * time.Millisecond}})
	c, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(1024))
	text := `{"prompt":"The inn","max_tokens":3000,"stream":true,"logprobs":5}`
	_, err = fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "+
		"%d\r\n\r\n%s", len(text), text)
	require.NoError(t, err)
	resp, err := http.Post("http://"+address+"/v1/completions", "application/json",
		strings.NewReader(`{"prompt":"The mill","max_tokens":20}`))
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode)
	resp.Body.Close()
	idle(t, local)
}

// TestClosing closes a service within a stream, which then ends with an error.
func TestClosing(t *testing.T) {
	local := openModel(t, testmodel.New(t, testmodel.Spec{Context: 8192}), local.Options{ContextTokens: 8192, Sequences: 1})
	s, _, client := serve(t, Config{Models: []Model{{Name: "base", Local: local}}, Limits: Limits{Output: 8000}})
	p := endless()
	stream := client.Chat.Completions.NewStreaming(t.Context(), p)
	require.True(t, stream.Next())
	require.NoError(t, s.Close())
	for stream.Next() {
	}
	require.ErrorContains(t, stream.Err(), "the service is closing")
	_, err := client.Chat.Completions.New(t.Context(), p)
	apiErr(t, err, 503, "closing")
	require.NoError(t, s.Close())
}

// TestKillAndRestart kills a serving process with an index on disk, and another one goes on with it.
func TestKillAndRestart(t *testing.T) {
	if folder := os.Getenv("RAGFT_TEST_SERVE"); folder != "" {
		serveUntilKilled(t, folder)
		return
	}
	folder := filepath.Join(t.TempDir(), "index")
	x, err := retriever.Create(folder, retriever.IndexOptions{})
	require.NoError(t, err)
	for name, text := range docs {
		chunks, err := retriever.Split(retriever.Document{Source: name, Text: text}, retriever.SplitOptions{})
		require.NoError(t, err)
		require.NoError(t, x.Add(t.Context(), chunks))
	}
	require.NoError(t, x.Close())
	for range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillAndRestart$", "-test.v")
		cmd.Env = append(os.Environ(), "RAGFT_TEST_SERVE="+folder)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		address := ""
		for lines := bufio.NewScanner(out); address == "" && lines.Scan(); {
			address, _ = strings.CutPrefix(lines.Text(), "serving ")
			if !strings.HasPrefix(lines.Text(), "serving ") {
				address = ""
			}
		}
		require.NotEmpty(t, address)
		resp, err := http.Post("http://"+address+"/v1/chat/completions", "application/json",
			strings.NewReader(`{"messages":[{"role":"user","content":"Who founded the Gorton Inn?"}],"stream":true}`))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		require.NoError(t, cmd.Process.Kill())
		resp.Body.Close()
		_ = cmd.Wait()
	}
	x, err = retriever.Open(folder)
	require.NoError(t, err)
	defer x.Close()
	require.Equal(t, len(docs), x.Len())
	hits, err := x.Search(t.Context(), "Who founded the Gorton Inn?", 1)
	require.NoError(t, err)
	require.Equal(t, "inn.txt", hits[0].Source)
}

func serveUntilKilled(t *testing.T, folder string) {
	x, err := retriever.Open(folder)
	require.NoError(t, err)
	defer x.Close()
	s, err := New(Config{Models: []Model{{Name: "base", Local: openModel(t, baseModel, local.Options{ContextTokens: 1024})}},
		Index: x})
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	fmt.Println()
	fmt.Println("serving " + l.Addr().String())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	require.NoError(t, s.Serve(ctx, l))
}
