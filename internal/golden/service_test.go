//go:build cgo

package golden

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
)

// server is the service under way.
type server struct {
	cmd    *exec.Cmd
	url    string
	first  []byte // the line that says where it serves
	errs   bytes.Buffer
	cancel context.CancelFunc
}

// The services: of the project's documents, and of a shelf that clients add documents to, with a reranker.
const (
	ofNotes = "documents=notes"
	ofShelf = "documents=shelf"
)

// serve returns the service of the documents, which it starts if it is not under way.
func (p *workplace) serve(documents string) *server {
	if s := p.served[documents]; s != nil {
		return s
	}
	p.t.Helper()
	r := run{name: "serve", command: "serve", set: []string{"address=127.0.0.1:0", documents, "quiet"}}
	if documents == ofShelf {
		r.set = append(r.set, p.fillShelf()...)
	}
	s := &server{}
	var ctx context.Context
	ctx, s.cancel = context.WithTimeout(context.Background(), 5*time.Minute)
	p.t.Cleanup(s.cancel)
	s.cmd = p.process(ctx, spell(p, r)...)
	s.cmd.Stderr = &s.errs
	out, err := s.cmd.StdoutPipe()
	require.NoError(p.t, err)
	require.NoError(p.t, s.cmd.Start())
	s.first, err = bufio.NewReader(out).ReadBytes('\n')
	require.NoError(p.t, err)
	var at struct{ URL string }
	require.NoError(p.t, json.Unmarshal(s.first, &at))
	s.url = at.URL
	p.served[documents] = s
	return s
}

// request is a run that asks the service. Without a body it is a GET.
func request(name, path, body string) run {
	return run{name: "service-" + name, replace: func(p *workplace) *recorded { return p.ask(ofNotes, asking(path, body)) },
		loose: []string{`.*\.logprobs\.top_logprobs\[\]`}}
}

// plain is a request to which the model says nothing.
func plain(name, path, body string) run {
	r := request(name, path, body)
	r.fixed = true
	return r
}

// letter is what is sent to a service.
type letter struct{ method, path, kind, body string }

// asking is a POST of JSON, or without a body a GET.
func asking(path, body string) letter {
	if body == "" {
		return letter{method: http.MethodGet, path: path}
	}
	return letter{http.MethodPost, path, "application/json", body}
}

func (p *workplace) ask(documents string, l letter) *recorded {
	q, err := http.NewRequest(l.method, p.serve(documents).url+l.path, strings.NewReader(l.body))
	require.NoError(p.t, err)
	q.Header.Set("Content-Type", l.kind)
	client := http.Client{Timeout: time.Minute}
	reply, err := client.Do(q)
	require.NoError(p.t, err)
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	require.NoError(p.t, err)
	got := &recorded{code: reply.StatusCode}
	kind, _, _ := strings.Cut(reply.Header.Get("Content-Type"), ";")
	got.add("content type", "exact", []byte(kind))
	switch {
	case l.path == "/metrics":
		got.add("names", "exact", []byte(metricNames(data)))
	case kind == "application/json":
		got.add("body", "json", data)
	case kind == "text/event-stream":
		events, rest := eventsOf(data)
		got.add("events", "json", events)
		got.add("other lines", "exact", []byte(rest))
	case kind == "text/html":
		got.add("body", "html", data)
	default:
		got.add("body", "text", data)
	}
	return got
}

// eventsOf takes the JSON out of a stream of events, and returns what else there is.
func eventsOf(data []byte) (events []byte, rest string) {
	var others []string
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		text, isData := strings.CutPrefix(line, "data: ")
		switch {
		case isData && json.Valid([]byte(text)):
			events = append(events, text+"\n"...)
		case line != "":
			others = append(others, line)
		}
	}
	return events, strings.Join(others, "\n")
}

var metricName = regexp.MustCompile(`(?m)^[a-z_]+`)

func metricNames(data []byte) string {
	names := metricName.FindAllString(string(data), -1)
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "\n")
}

// stop ends the service, as a service manager does.
func (p *workplace) stop(documents string) *recorded {
	s := p.serve(documents)
	require.NoError(p.t, s.cmd.Process.Signal(syscall.SIGTERM))
	_ = s.cmd.Wait() // The exit code is recorded.
	s.cancel()
	got := &recorded{code: s.cmd.ProcessState.ExitCode()}
	got.add("first line", "json", s.first)
	got.add("stderr", "notes", s.errs.Bytes())
	return got
}

func chat(question, more string) string {
	return fmt.Sprintf(`{"messages":[{"role":"user","content":%q}],"max_tokens":16%s}`, question, more)
}

var serviceRuns = []run{
	plain("models", "/v1/models", ""),
	plain("model", "/v1/models/tuned", ""),
	plain("health", "/health", ""),
	request("chat", "/v1/chat/completions", chat(miller, "")),
	request("chat-base-plain", "/v1/chat/completions", chat(miller, `,"model":"base","ragft":{"retrieval":false},`+
		`"logprobs":true,"top_logprobs":2`)),
	request("chat-stream", "/v1/chat/completions", chat(miller, `,"stream":true,"stream_options":{"include_usage":true}`)),
	plain("chat-options-without-passages", "/v1/chat/completions", chat("Who is Dora Skell?", `,"temperature":1,"seed":7,"n":2,`+
		`"ragft":{"passages":1}`)),
	request("chat-seeded", "/v1/chat/completions", chat("Who is Dora Skell?", `,"temperature":1,"seed":7,"n":2,`+
		`"ragft":{"retrieval":false}`)),
	request("chat-schema", "/v1/chat/completions", chat(miller, `,"response_format":{"type":"json_schema","json_schema":{"name":"a",`+
		`"schema":{"type":"object","properties":{"known":{"type":"boolean"}},"required":["known"],"additionalProperties":false}}}`)),
	request("chat-abstains", "/v1/chat/completions", chat("Who won the war?", `,"ragft":{"min_confidence":0.9999}`)),
	request("completions", "/v1/completions", `{"prompt":"The miller at","max_tokens":4,"temperature":0,"logprobs":1}`),
	plain("embeddings", "/v1/embeddings", `{"model":"base","input":["a mill","a river"]}`),
	plain("document", "/v1/documents/kestow.md", ""),
	plain("metrics", "/metrics", ""),
	plain("page", "/", ""),
	plain("rerank-without-reranker", "/v1/rerank", `{"query":"a mill","documents":["a mill"]}`),
	plain("files-without-folder", "/v1/files", ""),
	plain("unknown-route", "/v1/nothing", ""),
	plain("unknown-model", "/v1/chat/completions", chat(miller, `,"model":"none"`)),
	plain("bad-request", "/v1/chat/completions", `{"messages":`),
	{name: "service-stop", fixed: true, replace: func(p *workplace) *recorded { return p.stop(ofNotes) }},
}
