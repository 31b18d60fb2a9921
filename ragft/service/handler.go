//go:build cgo

package service

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

func (s *Service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /health", s.health)
	open := map[string]bool{"/health": true}
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST /v1/chat/completions":   s.limited(s.chat),
		"POST /v1/completions":        s.limited(s.complete),
		"POST /v1/embeddings":         s.limited(s.embed),
		"POST /v1/rerank":             s.limited(s.rerank),
		"GET /v1/models":              s.listModels,
		"GET /v1/models/{name...}":    s.showModel,
		"GET /v1/passages/{id...}":    s.showPassage,
		"GET /v1/documents/{path...}": s.showDocument,
		"POST /v1/files":              s.addFile,
		"GET /v1/files":               s.listFiles,
		"GET /v1/files/{id}":          s.showFile,
		"GET /v1/files/{id}/content":  s.sendFile,
		"DELETE /v1/files/{id}":       s.removeFile,
		"GET /metrics":                s.showMetrics,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, handle(w, r)) })
	}
	s.page(mux, open)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, &apiError{status: http.StatusNotFound, Code: "not_found", Message: "unknown route " + r.Method + " " + r.URL.Path})
	})
	return s.watch(s.guard(s.sameOrigin(mux), open))
}

// sameOrigin refuses what a page of another origin asks for, whatever the method: a browser keeps the reply from the page, but not
// how long it took, and the service would work for it. Only a link to the service's own page works, which has no data.
func (s *Service) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		as := r.WithContext(r.Context()) // a copy
		as.Method = http.MethodPost      // Check lets reading pass
		if protection.Check(as) != nil && !(reads && r.URL.Path == "/") {
			s.fail(w, r, &apiError{status: http.StatusForbidden, Code: "cross_origin",
				Message: "requests from pages of another origin are not allowed"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ServeHTTP implements [http.Handler].
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.life.Err() != nil {
		s.mu.Unlock()
		s.fail(w, r, errClosing)
		return
	}
	s.active.Add(1)
	s.mu.Unlock()
	defer s.active.Done()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(s.life, cancel)()
	s.handler.ServeHTTP(w, r.WithContext(ctx))
}

var errClosing = &apiError{status: http.StatusServiceUnavailable, Code: "closing", Message: "the service is closing"}

// watch counts and logs requests, and turns a panic into an error response.
func (s *Service) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		rec := &recorder{ResponseWriter: w, limit: s.limits.Write}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.log.Error("panic", "path", r.URL.Path, "value", p, "stack", string(debug.Stack()))
				s.fail(rec, r, errors.New("panic"))
			}
			s.metrics.request(r, rec.code())
			s.log.Info("request", "method", r.Method, "path", r.URL.Path, "status", rec.code(), "seconds", time.Since(begin).Seconds())
		}()
		next.ServeHTTP(rec, r)
	})
}

// guard checks the token or, if there is none, the host that the request names.
func (s *Service) guard(next http.Handler, open map[string]bool) http.Handler {
	want := sha256.Sum256([]byte(s.config.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case open[r.URL.Path]:
		case s.config.Token != "":
			scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
			got := sha256.Sum256([]byte(token))
			if subtle.ConstantTimeCompare(got[:], want[:]) != 1 || !strings.EqualFold(scheme, "Bearer") {
				w.Header().Set("WWW-Authenticate", "Bearer")
				s.fail(w, r, &apiError{status: http.StatusUnauthorized, Code: "invalid_api_key",
					Message: "missing or wrong token: send Authorization: Bearer TOKEN"})
				return
			}
		case !s.ownHost(r.Host):
			s.fail(w, r, &apiError{status: http.StatusForbidden, Code: "wrong_host",
				Message: fmt.Sprintf("unknown host %q", r.Host)})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Service) ownHost(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	named := func(name string) bool { return strings.EqualFold(name, host) }
	return named("localhost") || isLoopback(host) || slices.ContainsFunc(s.config.Hosts, named)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// limited applies the limits. A request takes a place once its body has arrived, so that slow clients hold none. If all are
// taken, it is refused without reading it.
func (s *Service) limited(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if len(s.places) == cap(s.places) {
			return errBusy
		}
		body, done, err := s.body(w, r)
		defer done()
		if err != nil {
			return err
		}
		leave, err := enter(s.places)
		if err != nil {
			return err
		}
		defer leave()
		r.Body = io.NopCloser(bytes.NewReader(body))
		ctx, cancel := context.WithTimeout(r.Context(), s.limits.Time)
		defer cancel()
		return handle(w, r.WithContext(ctx))
	}
}

// enter takes a place, or returns an error if there is none. The place is to be left.
func enter(places chan struct{}) (leave func(), err error) {
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	default:
		return nil, errBusy
	}
}

// smallBody is the part of each body that Limits.Bodies does not count, so that large ones keep no small ones out.
const smallBody = 64 << 10

// body reads a request's body as far as the bytes of all bodies allow. They are to be given back by done in any case.
func (s *Service) body(w http.ResponseWriter, r *http.Request) (body []byte, done func(), err error) {
	var b bytes.Buffer
	from := http.MaxBytesReader(w, r.Body, s.limits.Body)
	held := int64(0)
	done = func() { s.bodies.Add(held) }
	for err == nil {
		_, err = io.CopyN(&b, from, smallBody/4)
		if more := int64(b.Len()) - smallBody - held; more > 0 {
			held += more
			if s.bodies.Add(-more) < 0 {
				w.Header().Set("Connection", "close") // or net/http waits for the last quarter MiB of the body before it replies
				return nil, done, errBusy
			}
		}
	}
	if !errors.Is(err, io.EOF) {
		return nil, done, readError(err)
	}
	return b.Bytes(), done, nil
}

func (s *Service) health(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"status": "ok"})
}

// writeJSON responds with a value. One that JSON does not have, such as an infinite number, is an error of the service.
func writeJSON(w http.ResponseWriter, status int, value any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		b.Reset()
		status = http.StatusInternalServerError
		failed := &apiError{Message: "the answer cannot be written: " + err.Error(), Type: "server_error", Code: "internal_error"}
		_ = e.Encode(map[string]any{"error": failed})
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client may have disconnected
}

// ErrTokenNeeded is returned by [Service.Serve] for an address that is not loopback if there is no token.
var ErrTokenNeeded = errors.New("service: an address that is not loopback needs a token (Config.Token)")

// ListenAndServe listens on a TCP address and calls [Service.Serve]. An empty address means 127.0.0.1:8080.
func (s *Service) ListenAndServe(ctx context.Context, address string) error {
	if address == "" {
		address = "127.0.0.1:8080"
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("service: %w", err)
	}
	return s.Serve(ctx, l)
}

// Serve serves on the listener until ctx ends, and closes it. Running requests then have three seconds to end before Serve
// returns nil. An address that is not loopback needs a token, or the error is [ErrTokenNeeded].
func (s *Service) Serve(ctx context.Context, l net.Listener) error {
	if host, _, err := net.SplitHostPort(l.Addr().String()); s.config.Token == "" && (err != nil || !isLoopback(host)) &&
		l.Addr().Network() != "unix" {
		_ = l.Close()
		return fmt.Errorf("%w: %s", ErrTokenNeeded, l.Addr())
	}
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: min(s.limits.Read, 10*time.Second), ReadTimeout: s.limits.Read,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		grace, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
	})
	err := server.Serve(netutil.LimitListener(l, s.limits.Connections))
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("service: %w", err)
}

// recorder records the status of a response. The client must take each part of it within the limit.
type recorder struct {
	http.ResponseWriter
	status int
	limit  time.Duration
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.extend(0)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.extend(len(b))
	return r.ResponseWriter.Write(b)
}

// writeRate is how many bytes of a large part a client has to receive in each second beyond the limit.
const writeRate = 256 << 10

// extend gives the client the limit's time from now on, and more for a large part. Not every ResponseWriter has deadlines.
func (r *recorder) extend(bytes int) {
	more := time.Duration(bytes) * time.Second / writeRate
	_ = http.NewResponseController(r.ResponseWriter).SetWriteDeadline(time.Now().Add(r.limit + more))
}

func (r *recorder) code() int { return r.status }

// Unwrap lets http.ResponseController find the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
