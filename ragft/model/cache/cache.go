package cache

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Model answers requests from a folder on disk where it can, and asks the model
// behind it for the others. It implements [model.Model], and [model.As] finds a
// [model.Scorer] in it if the model behind it is one. It is safe for concurrent
// use.
//
// An entry is stored under the SHA-256 of everything that it depends on: the
// model's name, the messages, the sampling parameters, the seed and the number
// of samples, or the text that was scored. So no entry ever has to be
// invalidated.
//
// All entries are held in memory, about the size of their text.
type Model struct {
	model model.Model
	dir   string

	mu      sync.Mutex
	entries map[string]json.RawMessage
	file    *os.File // nil until there is something to write
	unsaved []byte   // complete lines that could not be written so far
	counts  counts
	closed  bool
}

// counts says what a cache did.
type counts struct {
	hits, misses int // requests and scores since the cache was opened
	torn         int // unfinished last lines found when the cache was opened
	corrupt      []*retriever.LineError
}

// Open opens the cache in the folder dir, which is created if it is missing,
// and puts it in front of m. Unreadable lines of the cache are logged with
// [slog.Default]; what they stored is generated again. Close the cache after
// use; m is not closed.
func Open(m model.Model, dir string) (*Model, error) {
	c := &Model{model: m, dir: dir, entries: map[string]json.RawMessage{}}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("ragft: cache: %w", err)
	}
	if err := c.loadAll(); err != nil {
		return nil, fmt.Errorf("ragft: cache: %w", err)
	}
	c.reportDamage()
	return c, nil
}

// reportDamage logs what could not be read.
func (c *Model) reportDamage() {
	if c.counts.torn > 0 {
		slog.Warn("the response cache was cut off mid-write; lost replies are generated again", "folder", c.dir, "files", c.counts.torn)
	}
	if n := len(c.counts.corrupt); n > 0 {
		slog.Warn("the response cache has damaged lines; lost replies are generated again; delete the file to end this warning",
			"folder", c.dir, "lines", n, "first", c.counts.corrupt[0])
	}
}

// Name returns the name of the model behind the cache.
func (c *Model) Name() string { return c.model.Name() }

// Unwrap returns the model behind the cache.
func (c *Model) Unwrap() model.Model { return c.model }

// Close writes what could not be written before, and closes the file. A second
// Close does nothing.
func (c *Model) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	c.closed = true
	err := c.save()
	if c.file != nil {
		err = errors.Join(err, c.file.Close())
		c.file = nil
	}
	if err != nil {
		return fmt.Errorf("ragft: cache: %w", err)
	}
	return nil
}

// Chat answers from the cache and asks the model for the rest, once for
// requests that are equal. Cached text is streamed in one piece. A response that
// [model.Request.OnFirst] has stopped is returned and not stored, nor is one that
// was cut off before MaxTokens, because the context was full: with a larger one,
// which is no part of the key, it goes on. Others are on
// disk before Chat returns. If one cannot be written, Chat returns the
// error and keeps the response in memory: another try in the same process finds it,
// and the next write, or Close, tries again to save it. After Close, Chat
// returns [os.ErrClosed].
func (c *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	keys := make([]string, len(reqs))
	for i, req := range reqs {
		req, err := req.WithDefaults()
		if err != nil {
			return nil, err
		}
		keys[i] = requestKey(c.model.Name(), req)
	}
	watched, unkept := watch(reqs)
	entries, asked, err := c.answer(ctx, keys, func(missing []int) ([]json.RawMessage, error) {
		fresh, err := c.chat(ctx, watched, missing)
		if err != nil {
			return nil, err
		}
		for k, i := range missing {
			if outOfContext(reqs[i], fresh[k]) {
				unkept[i].Store(true)
			}
		}
		return encodeAll(fresh, encodeResponse)
	}, func(i int) bool { return !unkept[i].Load() })
	if err != nil {
		return nil, err
	}
	responses := make([]model.Response, len(reqs))
	for i, entry := range entries {
		if responses[i], err = decodeResponse(entry); err != nil {
			return nil, fmt.Errorf("ragft: cache: entry %s: %w", keys[i], err)
		}
		responses[i].Cached = !asked[i]
		if onText := reqs[i].OnText; onText != nil && !asked[i] {
			onText(responses[i].Samples[0].Text)
		}
	}
	return responses, nil
}

// outOfContext reports a sample that ended for want of room in the context. Of one whose length is not known, that is not
// known either.
func outOfContext(req model.Request, response model.Response) bool {
	req, err := req.WithDefaults()
	return err == nil && slices.ContainsFunc(response.Samples, func(s model.Sample) bool {
		return s.Truncated && s.Tokens > 0 && s.Tokens < req.MaxTokens
	})
}

// watch returns requests that note at their place in stopped that their OnFirst has stopped a sample.
func watch(reqs []model.Request) (watched []model.Request, stopped []atomic.Bool) {
	watched, stopped = slices.Clone(reqs), make([]atomic.Bool, len(reqs))
	for i, req := range reqs {
		if req.OnFirst == nil {
			continue
		}
		watched[i].OnFirst = func(excluded float64) bool {
			goesOn := req.OnFirst(excluded)
			if !goesOn {
				stopped[i].Store(true)
			}
			return goesOn
		}
	}
	return watched, stopped
}

// chat sends the missing requests to the model.
func (c *Model) chat(ctx context.Context, reqs []model.Request, missing []int) ([]model.Response, error) {
	send := make([]model.Request, len(missing))
	for i, at := range missing {
		send[i] = reqs[at]
	}
	start := time.Now()
	fresh, err := model.Chat(ctx, c.model, send)
	if err != nil {
		return nil, err
	}
	shareSeconds(fresh, time.Since(start).Seconds())
	return fresh, nil
}

// shareSeconds divides the time of a call among its responses by their tokens, because a call may have requests with documents
// and without.
func shareSeconds(responses []model.Response, seconds float64) {
	tokens := func(r model.Response) int {
		n := r.PromptTokens + 1
		for _, s := range r.Samples {
			n += s.Tokens
		}
		return n
	}
	all := 0
	for _, r := range responses {
		all += tokens(r)
	}
	for i, r := range responses {
		responses[i].Seconds = seconds * float64(tokens(r)) / float64(all)
	}
}

// answer returns the entry of each key, and whether it was asked for. For the
// first item of each key that is not stored it calls ask, once for all of them,
// and stores what that returns where keeps allows it: a reply that the caller of
// one request has stopped is no answer to another. Items that are equal to one
// whose entry was not kept are asked for in turn.
func (c *Model) answer(ctx context.Context, keys []string, ask func(missing []int) ([]json.RawMessage, error),
	keeps func(i int) bool) (entries []json.RawMessage, asked []bool, err error) {
	entries, asked = make([]json.RawMessage, len(keys)), make([]bool, len(keys))
	for {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		missing, err := c.fill(entries, keys)
		if err != nil || len(missing) == 0 {
			return entries, asked, err
		}
		fresh, err := ask(missing)
		if err != nil {
			return nil, nil, err
		}
		for k, i := range missing {
			entries[i], asked[i] = fresh[k], true
		}
		if err := c.store(keys, entries, slices.DeleteFunc(missing, func(i int) bool { return !keeps(i) })); err != nil {
			return nil, nil, err
		}
	}
}

// fill sets the entries that are stored and not set yet, and returns the first
// item of every key that is not stored.
func (c *Model) fill(entries []json.RawMessage, keys []string) (missing []int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fmt.Errorf("ragft: cache: %w", os.ErrClosed)
	}
	first := map[string]bool{}
	for i, key := range keys {
		if entries[i] != nil || first[key] {
			continue
		}
		if stored, ok := c.entries[key]; ok {
			entries[i] = stored
			c.counts.hits++
			continue
		}
		first[key] = true
		c.counts.misses++
		missing = append(missing, i)
	}
	return missing, nil
}

// store keeps the entries of some items in memory and appends them to the log.
func (c *Model) store(keys []string, entries []json.RawMessage, items []int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("ragft: cache: %w", os.ErrClosed)
	}
	for _, i := range items {
		c.entries[keys[i]] = entries[i]
		c.unsaved = append(c.unsaved, logLine(keys[i], entries[i])...)
	}
	if err := c.save(); err != nil {
		return fmt.Errorf("ragft: cache: %w", err)
	}
	return nil
}

func encodeAll[T any](fresh []T, encode func(T) (json.RawMessage, error)) (out []json.RawMessage, err error) {
	out = make([]json.RawMessage, len(fresh))
	for i, f := range fresh {
		if out[i], err = encode(f); err != nil {
			return nil, fmt.Errorf("ragft: cache: %w", err)
		}
	}
	return out, nil
}
