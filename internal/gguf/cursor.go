package gguf

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// cursor reads the header from front to back and knows how much is left, so
// that no length is believed before it is checked.
type cursor struct {
	r      *bufio.Reader
	off    int64 // bytes consumed
	end    int64 // bytes that the header may use: the file, or the limit on headers
	capped bool  // end is the limit, not the end of the file
	buf    [8]byte
}

func newCursor(r io.ReaderAt, size int64) *cursor {
	c := &cursor{end: size}
	if size > maxHeader {
		c.end, c.capped = maxHeader, true
	}
	c.r = bufio.NewReaderSize(io.NewSectionReader(r, 0, c.end), 1<<16)
	return c
}

// need fails unless count things of at least size bytes each are left.
func (c *cursor) need(count, size uint64, what string) error {
	left := uint64(c.end - c.off)
	if size == 0 || count <= left/size {
		return nil
	}
	if c.capped {
		return fmt.Errorf("%w: %s at byte %d makes the header larger than %d MB", ErrMalformed, what, c.off, maxHeader>>20)
	}
	return fmt.Errorf("%w: %s at byte %d needs %d × %d bytes, %d are left", ErrTruncated, what, c.off, count, size, left)
}

// fill reads len(p) bytes.
func (c *cursor) fill(p []byte, what string) error {
	if err := c.need(1, uint64(len(p)), what); err != nil {
		return err
	}
	n, err := io.ReadFull(c.r, p)
	c.off += int64(n)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %s ends at byte %d", ErrTruncated, what, c.off)
	}
	if err != nil {
		return fmt.Errorf("reading %s at byte %d: %w", what, c.off, err)
	}
	return nil
}

func (c *cursor) u32(what string) (uint32, error) {
	err := c.fill(c.buf[:4], what)
	return binary.LittleEndian.Uint32(c.buf[:4]), err
}

func (c *cursor) u64(what string) (uint64, error) {
	err := c.fill(c.buf[:8], what)
	return binary.LittleEndian.Uint64(c.buf[:8]), err
}

// text reads a string of at most limit bytes.
func (c *cursor) text(limit uint64, what string) (string, error) {
	n, err := c.u64(what)
	if err != nil {
		return "", err
	}
	if n > limit {
		return "", fmt.Errorf("%w: %s at byte %d has %d bytes, more than %d", ErrMalformed, what, c.off, n, limit)
	}
	if err := c.need(n, 1, what); err != nil {
		return "", err
	}
	b := make([]byte, n)
	if err := c.fill(b, what); err != nil {
		return "", err
	}
	return string(b), nil
}
