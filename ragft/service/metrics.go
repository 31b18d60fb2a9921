//go:build cgo

package service

import (
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ragft/ragft/llama"
)

// metrics are the counts of the service itself. Others come from the batchers.
type metrics struct {
	mu         sync.Mutex
	requests   map[[2]string]uint64 // by path pattern and status
	prompt     map[string]uint64    // tokens, by model
	generated  map[string]uint64
	abstained  map[string]uint64 // answers from passages, by reason of abstention; "" = answered
	firstToken histogram
	retrieval  histogram
}

// histogram counts durations by upper bounds in seconds.
type histogram struct {
	bounds []float64
	counts []uint64 // one more than bounds
	sum    float64
}

func newHistogram(bounds ...float64) histogram {
	return histogram{bounds: bounds, counts: make([]uint64, len(bounds)+1)}
}

func (h *histogram) add(d time.Duration) {
	at, _ := slices.BinarySearch(h.bounds, d.Seconds())
	h.counts[at]++
	h.sum += d.Seconds()
}

func newMetrics() *metrics {
	return &metrics{
		requests: map[[2]string]uint64{}, prompt: map[string]uint64{}, generated: map[string]uint64{}, abstained: map[string]uint64{},
		firstToken: newHistogram(.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60),
		retrieval:  newHistogram(.0005, .001, .0025, .005, .01, .025, .05, .1, .5),
	}
}

func (m *metrics) request(r *http.Request, status int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pattern := r.Pattern
	if pattern == "" {
		pattern = "none" // no handler: a counter for each path would be unbounded
	}
	if status == 0 {
		status = http.StatusOK
	}
	m.requests[[2]string{pattern, fmt.Sprint(status)}]++
}

func (m *metrics) tokens(model string, prompt, generated int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prompt[model] += uint64(prompt)
	m.generated[model] += uint64(generated)
}

func (m *metrics) answer(reason string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.abstained[reason]++
}

func (m *metrics) observe(h *histogram, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h.add(d)
}

// exposition is a page of metrics in the text format of Prometheus.
type exposition struct{ strings.Builder }

func (e *exposition) family(name, kind, help string) {
	fmt.Fprintf(e, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// label quotes the value of a label.
func label(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(value) + `"`
}

func (e *exposition) byLabel(name, key string, values map[string]uint64) {
	for _, value := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(e, "%s{%s=%s} %d\n", name, key, label(value), values[value])
	}
}

func (e *exposition) histogram(name, help string, h histogram) {
	e.family(name, "histogram", help)
	total := uint64(0)
	for i, count := range h.counts {
		bound := "+Inf"
		if total += count; i < len(h.bounds) {
			bound = fmt.Sprint(h.bounds[i])
		}
		fmt.Fprintf(e, "%s_bucket{le=%q} %d\n", name, bound, total)
	}
	fmt.Fprintf(e, "%s_sum %g\n%s_count %d\n", name, h.sum, name, total)
}

func (s *Service) showMetrics(w http.ResponseWriter, r *http.Request) error {
	e := &exposition{}
	m := s.metrics
	m.mu.Lock()
	e.family("ragft_requests_total", "counter", "Requests by route and status; 499 is a client that went away.")
	for _, key := range slices.SortedFunc(maps.Keys(m.requests), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
		fmt.Fprintf(e, "ragft_requests_total{route=%s,code=%s} %d\n", label(key[0]), label(key[1]), m.requests[key])
	}
	e.family("ragft_prompt_tokens_total", "counter", "Prompt tokens of answered requests, by model.")
	e.byLabel("ragft_prompt_tokens_total", "model", m.prompt)
	e.family("ragft_generated_tokens_total", "counter", "Generated tokens of answered requests, by model.")
	e.byLabel("ragft_generated_tokens_total", "model", m.generated)
	e.family("ragft_answers_total", "counter", "Answers from passages, by the reason for abstaining; empty where answered.")
	e.byLabel("ragft_answers_total", "abstained", m.abstained)
	e.histogram("ragft_time_to_first_token_seconds", "From a request's body being read to its first token.", m.firstToken)
	e.histogram("ragft_retrieval_seconds", "Time of a search for passages.", m.retrieval)
	m.mu.Unlock()
	s.batcherMetrics(e)
	e.family("ragft_start_time_seconds", "gauge", "Unix time of the service's start.")
	fmt.Fprintf(e, "ragft_start_time_seconds %d\n", s.started.Unix())
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	_, _ = w.Write([]byte(e.String())) // the client may have disconnected
	return nil
}

// batcherMetrics writes the counts of each batcher once, labelled with the file of its base model.
func (s *Service) batcherMetrics(e *exposition) {
	type named struct {
		base  string
		stats llama.BatcherStats
	}
	var all []named
	seen := map[*llama.Batcher]bool{}
	for _, m := range s.config.Models {
		if b := m.Local.Batcher(); !seen[b] {
			seen[b] = true
			all = append(all, named{filepath.Base(b.Model().Path()), b.Stats()})
		}
	}
	for _, f := range []struct {
		name, kind, help string
		value            func(llama.BatcherStats) uint64
	}{
		{"ragft_queue_length", "gauge", "Requests in the queue.",
			func(s llama.BatcherStats) uint64 { return uint64(s.Waiting) }},
		{"ragft_running_requests", "gauge", "Requests in the batch.", func(s llama.BatcherStats) uint64 { return uint64(s.Running) }},
		{"ragft_refused_total", "counter", "Requests refused because the queue was full.",
			func(s llama.BatcherStats) uint64 { return s.Refused }},
		{"ragft_batches_total", "counter", "Batches computed.", func(s llama.BatcherStats) uint64 { return s.Batches }},
		{"ragft_batch_tokens_total", "counter", "Tokens computed in batches; divided by the batches, the mean batch size.",
			func(s llama.BatcherStats) uint64 { return s.Rows }},
		{"ragft_started_prompt_tokens_total", "counter", "Prompt tokens of requests that have started.",
			func(s llama.BatcherStats) uint64 { return s.Prompt }},
		{"ragft_reused_prompt_tokens_total", "counter", "Those of the started prompt tokens that were in the cache.",
			func(s llama.BatcherStats) uint64 { return s.Reused }},
	} {
		e.family(f.name, f.kind, f.help)
		for i, b := range all {
			fmt.Fprintf(e, "%s{base=%s,batcher=\"%d\"} %d\n", f.name, label(b.base), i, f.value(b.stats))
		}
	}
}
