package dense

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"unsafe"

	"github.com/ragft/ragft/internal/atomicfile"
)

// The file is a header and a record for each vector:
//
//	header  "RAGFTVEC", version (4 bytes), dimensions (4), SHA-256 of the embedder's ID (32), CRC-32C of these (4)
//	record  length of the passage's ID (2), the ID, hash of what was embedded (16), step (4, a float), the numbers (1 each),
//	        CRC-32C of these (4)
//
// All numbers are little-endian. Records are appended; of several with one ID the last counts. What follows the last whole
// record was being written when a program died, and is not read.
const (
	magic      = "RAGFTVEC"
	version    = 1
	headerSize = len(magic) + 4 + 4 + sha256.Size + 4
	maxDims    = 1 << 16
	maxID      = math.MaxUint16
)

// ErrFormat is returned for a file that holds no vectors of this version. [Update] replaces such a file.
var ErrFormat = errors.New("dense: not a file of vectors, or one of another version")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// content is the hash of what of a passage is embedded.
type content [16]byte

// rows are vectors in memory.
type rows struct {
	model    [sha256.Size]byte // hash of the embedder's ID
	dims     int               // 0 while there is no file
	at       map[string]int    // rows by ID
	ids      []string
	contents []content
	steps    []float32
	values   []int8 // dims for each row
	end      int64  // offset after the last whole record that was read
	replaced int    // records that a later one replaces
}

func hashOf(id string) [sha256.Size]byte { return sha256.Sum256([]byte(id)) }

// put adds a row, or replaces that with the ID.
func (r *rows) put(id string, c content, step float32, values []int8) {
	if r.at == nil {
		r.at = map[string]int{}
	}
	if i, ok := r.at[id]; ok {
		r.contents[i], r.steps[i] = c, step
		copy(r.values[i*r.dims:], values)
		r.replaced++
		return
	}
	r.at[id] = len(r.ids)
	r.ids, r.contents, r.steps = append(r.ids, id), append(r.contents, c), append(r.steps, step)
	r.values = append(r.values, values...)
}

// row returns the numbers of a row.
func (r *rows) row(i int) []int8 { return r.values[i*r.dims : (i+1)*r.dims : (i+1)*r.dims] }

// header returns the header of a file with the rows.
func (r *rows) header() []byte {
	b := append(make([]byte, 0, headerSize), magic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(r.dims))
	b = append(b, r.model[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// record appends the record of a row.
func (r *rows) record(b []byte, i int) []byte {
	begin := len(b)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(r.ids[i])))
	b = append(b, r.ids[i]...)
	b = append(b, r.contents[i][:]...)
	b = binary.LittleEndian.AppendUint32(b, math.Float32bits(r.steps[i]))
	b = append(b, bytesOf(r.row(i))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[begin:], castagnoli))
}

// bytesOf is the same memory as bytes.
func bytesOf(v []int8) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v))
}

// signed is the same memory as signed numbers.
func signed(b []byte) []int8 {
	return unsafe.Slice((*int8)(unsafe.Pointer(unsafe.SliceData(b))), len(b))
}

// readHeader reads the header of a file.
func (r *rows) readHeader(f io.Reader) error {
	b := make([]byte, headerSize)
	if _, err := io.ReadFull(f, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return ErrFormat
		}
		return fmt.Errorf("dense: %w", err)
	}
	sum := b[headerSize-4:]
	rest := b[len(magic):]
	dims := binary.LittleEndian.Uint32(rest[4:])
	if !bytes.HasPrefix(b, []byte(magic)) || binary.LittleEndian.Uint32(rest) != version || dims < 1 || dims > maxDims ||
		binary.LittleEndian.Uint32(sum) != crc32.Checksum(b[:headerSize-4], castagnoli) {
		return ErrFormat
	}
	r.dims, r.end = int(dims), int64(headerSize)
	copy(r.model[:], rest[8:])
	return nil
}

// readRecords reads what follows in the file after the last record that was read.
func (r *rows) readRecords(f io.ReadSeeker) error {
	if _, err := f.Seek(r.end, io.SeekStart); err != nil {
		return fmt.Errorf("dense: %w", err)
	}
	in := bufio.NewReaderSize(f, 1<<20)
	var b []byte
	for {
		size, err := in.Peek(2)
		if err == nil {
			n := 2 + int(binary.LittleEndian.Uint16(size)) + len(content{}) + 4 + r.dims + 4
			b = slices.Grow(b[:0], n)[:n]
			_, err = io.ReadFull(in, b)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("dense: %w", err)
		}
		whole := b[:len(b)-4]
		if binary.LittleEndian.Uint32(b[len(whole):]) != crc32.Checksum(whole, castagnoli) {
			return nil
		}
		r.take(whole)
		r.end += int64(len(b))
	}
}

// take adds the row of a record.
func (r *rows) take(b []byte) {
	n := int(binary.LittleEndian.Uint16(b))
	id, b := string(b[2:2+n]), b[2+n:]
	c := content(b)
	b = b[len(c):]
	r.put(id, c, math.Float32frombits(binary.LittleEndian.Uint32(b)), signed(b[4:]))
}

// readFile reads a file. One that does not exist has no rows.
func readFile(path string) (*rows, os.FileInfo, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &rows{}, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("dense: %w", err)
	}
	defer f.Close()
	return readRows(f)
}

// readRows reads a file that was opened.
func readRows(f *os.File) (*rows, os.FileInfo, error) {
	r := &rows{}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, fmt.Errorf("dense: %w", err)
	}
	if err := r.readHeader(f); err != nil {
		return nil, info, fmt.Errorf("%w: %s", err, f.Name())
	}
	return r, info, r.readRecords(f)
}

// writeFile replaces the file by one with these rows, which nobody else can read: vectors give away much of the text.
func (r *rows) writeFile(path string) error {
	size := int64(0)
	err := atomicfile.WritePrivate(path, func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 1<<20)
		b := r.header()
		for i := 0; ; i++ {
			if _, err := out.Write(b); err != nil {
				return err
			}
			if size += int64(len(b)); i == len(r.ids) {
				return out.Flush()
			}
			b = r.record(b[:0], i)
		}
	})
	if err != nil {
		return fmt.Errorf("dense: %w", err)
	}
	r.end, r.replaced = size, 0
	return nil
}
