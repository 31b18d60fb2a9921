//go:build cgo

package lora

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"
	"sync"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/llamacpp"
	"github.com/ragft/ragft/lora/internal/engine"
)

// band is the number of weights that are held at a time.
const band = 4 << 20

// copy writes a tensor as it is.
func (m *merge) copy(ctx context.Context, out io.Writer, t gguf.TensorInfo) error {
	r, err := m.base.TensorReader(t.Name)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, contextReader{ctx, r}); err != nil {
		return err
	}
	m.progress(t.Size)
	return nil
}

func (m *merge) progress(n int64) {
	m.done += n
	if m.MergeOptions.Progress != nil {
		m.MergeOptions.Progress(m.done, m.total)
	}
}

// encode writes a tensor in the type given, with the adapter's change if there is one: band by band, the rows of each
// shared among threads.
func (m *merge) encode(ctx context.Context, out io.Writer, t gguf.TensorInfo, typ gguf.Type, change adapterPair) error {
	var d *delta
	if change.target != "" {
		var err error
		if d, err = m.newDelta(change); err != nil {
			return err
		}
	}
	r, err := m.base.TensorReader(t.Name)
	if err != nil {
		return err
	}
	in, rows := t.Dims[0], t.Elements()/t.Dims[0]
	perRow := t.Size / rows
	for from := int64(0); from < rows; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n := min(max(band/in, int64(m.Threads)), rows-from)
		data := make([]byte, n*perRow)
		if _, err := io.ReadFull(r, data); err != nil {
			return fmt.Errorf("%s: %w", m.Base, err)
		}
		parts, err := m.encodeRows(data, t, typ, d, from, n)
		if err != nil {
			return err
		}
		for _, p := range parts {
			if _, err := out.Write(p); err != nil {
				return err
			}
			m.progress(int64(len(p)))
		}
		from += n
	}
	return nil
}

// encodeRows encodes n rows from the row given, in as many parts as there are threads.
func (m *merge) encodeRows(data []byte, t gguf.TensorInfo, typ gguf.Type, d *delta, from, n int64) ([][]byte, error) {
	workers := min(int64(m.Threads), n)
	parts, errs := make([][]byte, workers), make([]error, workers)
	perRow := int64(len(data)) / n
	var wait sync.WaitGroup
	for k := range workers {
		first, last := n*k/workers, n*(k+1)/workers
		wait.Go(func() { parts[k], errs[k] = encodePart(data[first*perRow:last*perRow], t, typ, d, from+first) })
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return parts, nil
}

func encodePart(data []byte, t gguf.TensorInfo, typ gguf.Type, d *delta, from int64) ([]byte, error) {
	in := t.Dims[0]
	n := int64(len(data)) / int64(t.Type.BlockBytes()) * int64(t.Type.BlockSize())
	values, err := llamacpp.Dequantize(t.Type, data, int(n))
	if err != nil {
		return nil, err
	}
	if d != nil {
		d.add(values, from)
	}
	limit := float32(math.MaxFloat32)
	if typ != gguf.F32 && typ != gguf.BF16 {
		limit = 65504 // of halves, which also are the scales of blocks
	}
	if i := slices.IndexFunc(values, func(x float32) bool { return !(x >= -limit && x <= limit) }); i >= 0 {
		return nil, fmt.Errorf("a weight of row %d is %v, which %s cannot hold", from+int64(i)/in, values[i], typ)
	}
	return llamacpp.Quantize(typ, values, int(in))
}

// delta is an adapter's change of one weight: row j changes by the sum over k of b[j, k] * a[k], a being that of the
// row's plane.
type delta struct {
	a        []float32 // [planes][rank][in]
	b        []float32 // [rows of all planes][rank], scaled
	rank, in int64
	rows     int64 // of a plane
}

func (m *merge) newDelta(p adapterPair) (*delta, error) {
	a, err := m.adapter.floats(p.a)
	if err != nil {
		return nil, err
	}
	b, err := m.adapter.floats(p.b)
	if err != nil {
		return nil, err
	}
	d := &delta{a: a, b: b, rank: p.rank(), in: p.a.Dims[0], rows: p.b.Dims[1]}
	if p.embedding() {
		d.in, d.rows = p.b.Dims[1], p.a.Dims[1]
		d.a, d.b = transposed(b, d.rank), a
	}
	scale := m.Scale * m.adapter.scale(p)
	for i, x := range d.b {
		d.b[i] = float32(scale * float64(x))
	}
	return d, nil
}

// transposed returns the rows of the given width as columns.
func transposed(v []float32, width int64) []float32 {
	height := int64(len(v)) / width
	out := make([]float32, len(v))
	for i := range height {
		for j := range width {
			out[j*height+i] = v[i*width+j]
		}
	}
	return out
}

// add adds the change of the rows from the one given to them.
func (d *delta) add(values []float32, from int64) {
	sum := make([]float32, d.in)
	for n := int64(len(values)) / d.in; n > 0; {
		rows := min(n, d.rows-from%d.rows) // of one plane
		a, b := d.a[from/d.rows*d.rank*d.in:], d.b[from*d.rank:]
		engine.AddProduct(values, a, b, rows, d.rank, d.in, sum)
		values, from, n = values[rows*d.in:], from+rows, n-rows
	}
}
