package cache

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/ragft/ragft/retriever"
)

// loadAll reads all files of the log.
func (c *Model) loadAll() error {
	paths, err := filepath.Glob(filepath.Join(globEscape(c.dir), "responses-*.jsonl"))
	if err != nil {
		return err
	}
	slices.Sort(paths)
	for _, path := range paths {
		if err := c.load(path); err != nil {
			return err
		}
	}
	return nil
}

// globEscape keeps a folder whose name contains * or [ from being a pattern.
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
			// A line without its end is complete only if the checksum matches.
			key, raw, err := parseLogLine(line)
			if err != nil {
				c.counts.torn++
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
			c.counts.corrupt = append(c.counts.corrupt, bad)
			continue
		}
		c.entries[key] = raw
	}
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
	var entry storedEntry
	if err := json.Unmarshal(raw, &entry); err != nil {
		return "", nil, err
	}
	if len(entry.Samples) == 0 && entry.Score == nil {
		return "", nil, errors.New("neither a response nor a score")
	}
	return key, raw, nil
}
