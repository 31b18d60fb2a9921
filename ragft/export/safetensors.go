package export

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/gguf"
)

// ErrSafetensors is returned for a file that is not valid safetensors.
var ErrSafetensors = errors.New("export: invalid safetensors file")

// maxHeader is the longest header that the format allows, in bytes.
const maxHeader = 100_000_000

// tensor is one tensor of a safetensors file, in row-major order.
type tensor struct {
	name  string
	dtype string // "F32", "F16", "BF16", ...
	shape []int64
	data  []byte
}

// dtypeBytes are the sizes of the types that adapters have.
var dtypeBytes = map[string]int64{"F32": 4, "F16": 2, "BF16": 2}

// entry is a tensor's description in the header.
type entry struct {
	DType   string  `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// readSafetensors reads a whole file. No length in the file makes it allocate
// more than the file's size.
func readSafetensors(path string) ([]tensor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	tensors, err := parseSafetensors(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrSafetensors, path, err)
	}
	return tensors, nil
}

func parseSafetensors(data []byte) ([]tensor, error) {
	if len(data) < 8 {
		return nil, errors.New("shorter than a header")
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeader || n > uint64(len(data)-8) {
		return nil, fmt.Errorf("the header cannot have %d bytes", n)
	}
	header, body := data[8:8+n], data[8+n:]
	if len(header) == 0 || header[0] != '{' {
		return nil, errors.New("the header is not a JSON object")
	}
	names, entries, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	var tensors []tensor
	for i, e := range entries {
		t, err := e.take(names[i], body)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", names[i], err)
		}
		tensors = append(tensors, t)
	}
	return tensors, checkCover(entries, int64(len(body)))
}

// parseHeader reads the header in order. A name that comes twice is an error.
func parseHeader(header []byte) (names []string, entries []entry, err error) {
	decoder := json.NewDecoder(bytes.NewReader(header))
	if _, err := decoder.Token(); err != nil {
		return nil, nil, err
	}
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := token.(string)
		if seen[name] {
			return nil, nil, fmt.Errorf("%q is in the header twice", name)
		}
		seen[name] = true
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return nil, nil, err
		}
		if name == "__metadata__" {
			continue
		}
		var e entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		names, entries = append(names, name), append(entries, e)
	}
	if _, err := decoder.Token(); err != nil {
		return nil, nil, err
	}
	if rest := bytes.TrimRight(header[decoder.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, errors.New("text after the header")
	}
	return names, entries, nil
}

func (e entry) take(name string, body []byte) (tensor, error) {
	size, known := dtypeBytes[e.DType]
	if !known {
		return tensor{}, fmt.Errorf("type %q; adapters have F32, F16 or BF16", e.DType)
	}
	if len(e.Offsets) != 2 || e.Offsets[0] < 0 || e.Offsets[1] < e.Offsets[0] || e.Offsets[1] > int64(len(body)) {
		return tensor{}, fmt.Errorf("offsets %v in %d bytes of data", e.Offsets, len(body))
	}
	for _, n := range e.Shape {
		if n < 0 || n > 0 && size > math.MaxInt64/n {
			return tensor{}, fmt.Errorf("shape %v", e.Shape)
		}
		size *= n
	}
	if size != e.Offsets[1]-e.Offsets[0] {
		return tensor{}, fmt.Errorf("shape %v needs %d bytes, which the offsets %v do not span", e.Shape, size, e.Offsets)
	}
	return tensor{name, e.DType, e.Shape, body[e.Offsets[0]:e.Offsets[1]]}, nil
}

// checkCover returns an error unless the tensors fill the data without gap or overlap.
func checkCover(entries []entry, size int64) error {
	sorted := slices.SortedFunc(slices.Values(entries), func(a, b entry) int { return slices.Compare(a.Offsets, b.Offsets) })
	at := int64(0)
	for _, e := range sorted {
		if e.Offsets[0] != at {
			return fmt.Errorf("gap or overlap at byte %d of the data", at)
		}
		at = e.Offsets[1]
	}
	if at != size {
		return fmt.Errorf("%d bytes of data belong to no tensor", size-at)
	}
	return nil
}

// writeSafetensors writes a file as the reference implementation does: with the
// header padded to eight bytes, and the metadata that transformers needs.
func writeSafetensors(path string, tensors []tensor) error {
	var header bytes.Buffer
	header.WriteString(`{"__metadata__":{"format":"pt"}`)
	at := int64(0)
	for _, t := range tensors {
		name, err := json.Marshal(t.name)
		if err != nil {
			return err
		}
		description, err := json.Marshal(entry{t.dtype, t.shape, []int64{at, at + int64(len(t.data))}})
		if err != nil {
			return err
		}
		fmt.Fprintf(&header, ",%s:%s", name, description)
		at += int64(len(t.data))
	}
	header.WriteString("}")
	header.WriteString(strings.Repeat(" ", (8-header.Len()%8)%8))
	return replaceFile(path, func(w io.Writer) error {
		if err := binary.Write(w, binary.LittleEndian, uint64(header.Len())); err != nil {
			return err
		}
		if _, err := w.Write(header.Bytes()); err != nil {
			return err
		}
		for _, t := range tensors {
			if _, err := w.Write(t.data); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceFile replaces a file in one step.
func replaceFile(path string, write func(io.Writer) error) error {
	if err := atomicfile.Write(path, write); err != nil {
		return fmt.Errorf("export: write %s: %w", path, err)
	}
	return nil
}

// transpose returns the transpose of a matrix of any type.
func transpose(t tensor) tensor {
	rows, cols := t.shape[0], t.shape[1]
	size := dtypeBytes[t.dtype]
	out := make([]byte, len(t.data))
	for i := range rows {
		for j := range cols {
			copy(out[(j*rows+i)*size:(j*rows+i+1)*size], t.data[(i*cols+j)*size:])
		}
	}
	t.shape, t.data = []int64{cols, rows}, out
	return t
}

// scaled returns the matrix times factor, in F32.
func scaled(t tensor, factor float64) (tensor, error) {
	kind, _ := gguf.ParseType(t.dtype)
	values, err := gguf.Dequantize(kind, t.data)
	if err != nil {
		return t, fmt.Errorf("export: %w", err)
	}
	t.dtype, t.data = "F32", make([]byte, 0, 4*len(values))
	for _, v := range values {
		t.data = binary.LittleEndian.AppendUint32(t.data, math.Float32bits(float32(float64(v)*factor)))
	}
	return t, nil
}
