package cache

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// CachedModel answers requests from a folder on disk where it can, and asks
// the model behind it for the others. It meets [model.Model] and is safe for
// concurrent use.
//
// An answer is stored under the SHA-256 of everything that it depends on: the
// model's name, the messages, the sampling parameters, the seed and the number
// of samples. So nothing ever has to be invalidated.
//
// On disk the cache is a log: files of lines that are only ever appended to,
// each line with its own checksum, written and synced once for each call of
// the model. A file an entry would cost thousands of small files and a
// directory sync for each; a database would be one more format that only it
// can read. Every process appends to a file of its own, so several may share
// a folder without locks. A kill during a write can only tear the last line of
// one file; opening skips it. A broken line anywhere else is damage, which
// [Stats] reports; the entries around it stay in use.
//
// All entries are held in memory, about the size of their text.
type Model struct {
	model model.Model
	dir   string

	mu      sync.Mutex
	entries map[string]json.RawMessage
	file    *os.File // nil until there is something to write
	unsaved []byte   // whole lines that could not be written so far
	stats   Stats
	closed  bool
}

// CacheStats counts what a cache did.
type Stats struct {
	Hits, Misses int // requests since the cache was opened
	Entries      int // responses stored
	Torn         int // unfinished last lines found when the cache was opened
	Corrupt      []*retriever.LineError
}

// ErrClosed means that the value was closed before.
var ErrClosed = errors.New("already closed")

// NewCachedModel opens the cache in dir, which is created if it is missing,
// and puts it in front of m. Close releases the file; m is not closed.
func Open(m model.Model, dir string) (*Model, error) {
	c := &Model{model: m, dir: dir, entries: map[string]json.RawMessage{}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("ragft: cache: %w", err)
	}
	paths, err := filepath.Glob(filepath.Join(globEscape(dir), "responses-*.jsonl"))
	if err != nil {
		return nil, fmt.Errorf("ragft: cache: %w", err)
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := c.load(path); err != nil {
			return nil, fmt.Errorf("ragft: cache: %w", err)
		}
	}
	c.reportDamage()
	return c, nil
}

// reportDamage says once what of the folder could not be read, and that it
// costs no more than asking again.
func (c *Model) reportDamage() {
	if c.stats.Torn > 0 {
		slog.Warn("the response cache ends in an unfinished write, as after a kill; nothing is to be done: what it held is asked for again", "folder", c.dir, "files", c.stats.Torn)
	}
	if n := len(c.stats.Corrupt); n > 0 {
		slog.Warn("the response cache has damaged lines; what they held is asked for again; deleting the file ends this warning",
			"folder", c.dir, "lines", n, "first", c.stats.Corrupt[0])
	}
}

// globEscape keeps a folder whose name holds * or [ from being a pattern.
func globEscape(dir string) string {
	var b bytes.Buffer
	for i := range len(dir) {
		switch dir[i] {
		case '*', '?', '[':
			b.WriteByte('[')
			b.WriteByte(dir[i])
			b.WriteByte(']')
			continue
		}
		b.WriteByte(dir[i])
	}
	return b.String()
}

// Name is the name of the model behind the cache.
func (c *Model) Name() string { return c.model.Name() }

// Unwrap returns the model behind the cache.
func (c *Model) Unwrap() model.Model { return c.model }

// Stats returns the counts so far.
func (c *Model) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	stats := c.stats
	stats.Entries = len(c.entries)
	stats.Corrupt = slices.Clone(stats.Corrupt)
	return stats
}

// Close writes what an earlier error kept from being written, and closes the
// file. A second Close does nothing.
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
// requests that are equal. A response is on disk before Chat returns. When it
// cannot be written, Chat returns the error and keeps the response in memory:
// another try in the same process finds it, and the next write, or Close, tries
// again to save it.
func (c *Model) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	keys := make([]string, len(reqs))
	for i, req := range reqs {
		keys[i] = requestKey(c.model.Name(), req)
	}
	responses := make([]model.Response, len(reqs))
	missing, err := c.lookUp(keys, responses)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		if err := c.ask(ctx, reqs, keys, missing, responses); err != nil {
			return nil, err
		}
	}
	asked := map[int]bool{}
	for _, i := range missing {
		asked[i] = true
	}
	for i, req := range reqs {
		if req.OnText != nil && !asked[i] {
			req.OnText(responses[i].Samples[0].Text)
		}
	}
	return responses, nil
}

// lookUp fills in what is known and returns the requests to be asked: the
// first of every key that is not.
func (c *Model) lookUp(keys []string, responses []model.Response) (missing []int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fmt.Errorf("ragft: cache: %w", ErrClosed)
	}
	first := map[string]bool{}
	for i, key := range keys {
		raw, ok := c.entries[key]
		switch {
		case ok:
			c.stats.Hits++
			if responses[i], err = decodeResponse(raw); err != nil {
				return nil, fmt.Errorf("ragft: cache: entry %s: %w", key, err)
			}
			responses[i].Cached = true
		case first[key]:
			c.stats.Hits++
		default:
			first[key] = true
			c.stats.Misses++
			missing = append(missing, i)
		}
	}
	return missing, nil
}

// ask sends the missing requests, stores the responses and hands them to every
// request with the same key.
func (c *Model) ask(ctx context.Context, reqs []model.Request, keys []string, missing []int, responses []model.Response) error {
	send := make([]model.Request, len(missing))
	for i, at := range missing {
		send[i] = reqs[at]
	}
	start := time.Now()
	fresh, err := model.Chat(ctx, c.model, send)
	if err != nil {
		return err
	}
	for i := range fresh {
		fresh[i].Seconds = time.Since(start).Seconds() / float64(len(fresh))
	}
	byKey := make(map[string]int, len(fresh)) // place in fresh
	stored := make([]string, len(fresh))
	raws := make([]json.RawMessage, len(fresh))
	for i, at := range missing {
		byKey[keys[at]] = i
		stored[i] = keys[at]
		if raws[i], err = encodeResponse(fresh[i]); err != nil {
			return fmt.Errorf("ragft: cache: %w", err)
		}
	}
	for i, key := range keys {
		if at, ok := byKey[key]; ok {
			responses[i] = fresh[at]
			responses[i].Cached = i != missing[at] // an equal request of the same call
		}
	}
	return c.store(stored, raws)
}

// store keeps responses in memory and appends them to the log.
func (c *Model) store(keys []string, raws []json.RawMessage) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("ragft: cache: %w", ErrClosed)
	}
	for i, key := range keys {
		c.entries[key] = raws[i]
		c.unsaved = append(c.unsaved, logLine(key, raws[i])...)
	}
	if err := c.save(); err != nil {
		return fmt.Errorf("ragft: cache: %w", err)
	}
	return nil
}

// save appends the unsaved lines and syncs them. After an error the file may
// end in half a line, so that the next save starts another file.
func (c *Model) save() (err error) {
	if len(c.unsaved) == 0 {
		return nil
	}
	if c.file == nil {
		if c.file, err = os.CreateTemp(c.dir, "responses-*.jsonl"); err != nil {
			return err
		}
	}
	if _, err = c.file.Write(c.unsaved); err == nil {
		err = c.file.Sync()
	}
	if err != nil {
		c.file.Close()
		c.file = nil
		return err
	}
	c.unsaved = nil
	return nil
}

// logLine is "crc key json\n", where the checksum covers all that follows it.
func logLine(key string, raw json.RawMessage) string {
	rest := key + " " + string(raw)
	return fmt.Sprintf("%08x %s\n", crc32.ChecksumIEEE([]byte(rest)), rest)
}

// parseLogLine undoes logLine; the line comes without its end.
func parseLogLine(line []byte) (key string, raw json.RawMessage, err error) {
	const sumLen, keyLen = 8, 2 * sha256.Size
	if len(line) < sumLen+1+keyLen+1 || line[sumLen] != ' ' || line[sumLen+1+keyLen] != ' ' {
		return "", nil, errors.New("not a line of a response cache")
	}
	sum, err := strconv.ParseUint(string(line[:sumLen]), 16, 32)
	if err != nil || uint32(sum) != crc32.ChecksumIEEE(line[sumLen+1:]) {
		return "", nil, errors.New("checksum does not match")
	}
	key = string(line[sumLen+1 : sumLen+1+keyLen])
	raw = bytes.Clone(line[sumLen+1+keyLen+1:])
	if _, err := decodeResponse(raw); err != nil {
		return "", nil, err
	}
	return key, raw, nil
}

// load reads one file of the log.
func (c *Model) load(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	reader := bufio.NewReaderSize(f, 64<<10)
	for number := 1; ; number++ {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			if len(line) == 0 {
				return nil
			}
			// Without its end the line is whole only if the checksum says so.
			key, raw, err := parseLogLine(line)
			if err != nil {
				c.stats.Torn++
				return nil
			}
			c.entries[key] = raw
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		key, raw, err := parseLogLine(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			bad := &retriever.LineError{Path: path, Line: number, Err: err}
			c.stats.Corrupt = append(c.stats.Corrupt, bad)
			continue
		}
		c.entries[key] = raw
	}
}

// requestKey is the hash of all that a response depends on. Fields that mean
// the same get one form: a greedy request has no seed, and 0 stands for the
// default.
func requestKey(m string, req model.Request) string {
	key := struct {
		Model       string
		Messages    []model.Message
		Samples     int
		MaxTokens   int
		Temperature float64
		TopP        float64
		TopK        int
		Seed        uint64
		Stop        []string
		Schema      json.RawMessage `json:",omitempty"`
	}{m, req.Messages, max(req.Samples, 1), req.MaxTokens, req.Temperature, req.TopP, req.TopK, req.Seed, req.Stop, req.Schema}
	if key.MaxTokens == 0 {
		key.MaxTokens = model.DefaultMaxTokens
	}
	if key.Temperature <= 0 {
		key.Temperature, key.TopP, key.TopK, key.Seed = 0, 0, 0, 0
	}
	if key.TopP >= 1 {
		key.TopP = 0
	}
	if len(key.Stop) == 0 {
		key.Stop = nil
	}
	h := sha256.New()
	// The types above cannot fail to encode, but for a number that is none.
	if err := json.NewEncoder(h).Encode(key); err != nil {
		fmt.Fprintf(h, "%#v", key)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// storedResponse is ChatResponse as it is written: JSON has no NaN.
type storedResponse struct {
	Samples      []storedSample `json:"samples"`
	PromptTokens int            `json:"prompt_tokens"`
	Seconds      float64        `json:"seconds,omitempty"`
}

type storedSample struct {
	Text        []byte   `json:"text"` // base64: a model may stop inside a character
	Tokens      int      `json:"tokens"`
	MeanLogProb *float64 `json:"mean_logprob,omitempty"`
	Truncated   bool     `json:"truncated,omitempty"`
}

func encodeResponse(response model.Response) (json.RawMessage, error) {
	stored := storedResponse{PromptTokens: response.PromptTokens, Seconds: response.Seconds}
	for _, sample := range response.Samples {
		s := storedSample{Text: []byte(sample.Text), Tokens: sample.Tokens, Truncated: sample.Truncated}
		if !math.IsNaN(sample.MeanLogProb) && !math.IsInf(sample.MeanLogProb, 0) {
			s.MeanLogProb = &sample.MeanLogProb
		}
		stored.Samples = append(stored.Samples, s)
	}
	return json.Marshal(stored)
}

func decodeResponse(raw json.RawMessage) (model.Response, error) {
	var stored storedResponse
	if err := json.Unmarshal(raw, &stored); err != nil {
		return model.Response{}, err
	}
	if len(stored.Samples) == 0 {
		return model.Response{}, errors.New("a response without samples")
	}
	response := model.Response{PromptTokens: stored.PromptTokens, Seconds: stored.Seconds}
	for _, s := range stored.Samples {
		sample := model.Sample{Text: string(s.Text), Tokens: s.Tokens, MeanLogProb: math.NaN(), Truncated: s.Truncated}
		if s.MeanLogProb != nil {
			sample.MeanLogProb = *s.MeanLogProb
		}
		response.Samples = append(response.Samples, sample)
	}
	return response, nil
}
