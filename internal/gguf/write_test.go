package gguf

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// newWriter returns a writer without a file, to encode into memory.
func newWriter() *Writer {
	return &Writer{keys: map[string]int{}, names: map[string]bool{}}
}

func encode(tb testing.TB, w *Writer) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, w.encode(&b))
	return b.Bytes()
}

// everyValue has one metadata value of each type.
func everyValue() []KV {
	return []KV{
		{"u8", uint8(200)}, {"i8", int8(-7)}, {"u16", uint16(60000)}, {"i16", int16(-30000)},
		{"u32", uint32(1 << 31)}, {"i32", int32(-1 << 31)}, {"u64", uint64(1 << 63)}, {"i64", int64(-1 << 63)},
		{"f32", float32(1.5)}, {"f64", math.Pi}, {"yes", true}, {"no", false},
		{"text", "a\x00ü"}, {"empty", ""},
		{"u8s", []uint8{1, 2, 3}}, {"i8s", []int8{-1}}, {"u16s", []uint16{1}}, {"i16s", []int16{-2, 2}},
		{"u32s", []uint32{1, 2}}, {"i32s", []int32{-1, 1}}, {"u64s", []uint64{9}}, {"i64s", []int64{-9}},
		{"f32s", []float32{0.5, -0.5}}, {"f64s", []float64{1e300}}, {"bools", []bool{true, false}},
		{"texts", []string{"", "x", "yz"}}, {"none", []string{}}, {"nothing", []float32{}},
		{"nested", []any{[]uint32{1}, []string{"a"}, []any{[]bool{true}}}},
	}
}

// sampleWriter describes a file with all kinds of metadata and a few tensors.
func sampleWriter(tb testing.TB) *Writer {
	tb.Helper()
	w := newWriter()
	for _, kv := range everyValue() {
		require.NoError(tb, w.SetMeta(kv.Key, kv.Value))
	}
	require.NoError(tb, w.AddTensor("scalar", F32, nil, FloatBytes([]float32{42})))
	require.NoError(tb, w.AddTensor("a.weight", F32, []int64{3, 2}, FloatBytes([]float32{1, 2, 3, 4, 5, 6})))
	require.NoError(tb, w.AddTensor("q.weight", Q8_0, []int64{32, 2}, bytes.Repeat([]byte{7}, 68)))
	require.NoError(tb, w.AddTensor("hollow", F16, []int64{4, 0}, nil))
	require.NoError(tb, w.AddTensor("last", I8, []int64{5}, []byte("hello")))
	return w
}

func TestRoundTrip(t *testing.T) {
	b := encode(t, sampleWriter(t))
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Equal(t, everyValue(), f.Metadata())
	require.Equal(t, uint32(3), f.version)
	require.Equal(t, int64(32), f.alignment)
	require.Equal(t, int64(len(b)), f.Size())

	a, ok := f.Tensor("a.weight")
	require.True(t, ok)
	require.Equal(t, []int64{3, 2}, a.Dims)
	require.Equal(t, int64(6), a.Elements())
	v, err := f.ReadFloats("a.weight")
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, v)
	last, err := f.ReadTensor("last")
	require.NoError(t, err)
	require.Equal(t, "hello", string(last))
	for _, info := range f.Tensors() {
		require.Zero(t, info.Offset%32, info.Name)
		r, err := f.TensorReader(info.Name)
		require.NoError(t, err)
		require.Equal(t, info.Size, r.Size())
	}
	require.Zero(t, f.DataOffset()%32)

	_, err = f.ReadTensor("b.weight")
	require.ErrorIs(t, err, ErrNoTensor)
	_, err = f.TensorReader("b.weight")
	require.ErrorIs(t, err, ErrNoTensor)
	_, err = f.ReadFloats("last")
	require.ErrorIs(t, err, ErrUnsupportedType)
}

func TestAccessors(t *testing.T) {
	b := encode(t, sampleWriter(t))
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	s, ok := f.Text("text")
	require.True(t, ok)
	require.Equal(t, "a\x00ü", s)
	_, ok = f.Text("u8")
	require.False(t, ok)
	texts, ok := f.Texts("texts")
	require.True(t, ok)
	require.Equal(t, []string{"", "x", "yz"}, texts)
	yes, ok := f.Bool("yes")
	require.True(t, ok && yes)
	for key, want := range map[string]uint64{"u8": 200, "u16": 60000, "u32": 1 << 31, "u64": 1 << 63} {
		got, ok := f.Uint(key)
		require.True(t, ok, key)
		require.Equal(t, want, got, key)
	}
	for _, key := range []string{"i8", "f32", "text", "yes", "u32s", "absent"} {
		_, ok := f.Uint(key)
		require.False(t, ok, key)
	}
	x, ok := f.Float("f64")
	require.True(t, ok)
	require.Equal(t, math.Pi, x)
	_, ok = f.Float("u8")
	require.False(t, ok)
}

func TestAlignment(t *testing.T) {
	w := newWriter()
	require.NoError(t, w.SetMeta("general.alignment", uint32(128)))
	require.NoError(t, w.AddTensor("a", I8, []int64{1}, []byte{1}))
	require.NoError(t, w.AddTensor("b", I8, []int64{1}, []byte{2}))
	b := encode(t, w)
	f, err := Read(bytes.NewReader(b), int64(len(b)))
	require.NoError(t, err)
	require.Equal(t, int64(128), f.alignment)
	info, _ := f.Tensor("b")
	require.Equal(t, f.DataOffset()+128, info.Offset)
	for _, bad := range []any{uint32(0), uint32(24), uint32(1 << 31), int32(32)} {
		require.Error(t, w.SetMeta("general.alignment", bad))
	}
}

func TestCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "m.gguf")
	w, err := Create(path)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("k", "old"))
	require.NoError(t, w.SetMeta("l", uint8(1)))
	require.NoError(t, w.SetMeta("k", "new"))
	require.NoError(t, w.AddTensorFunc("t", F32, []int64{2}, func(out io.Writer) error {
		for range 2 {
			if _, err := out.Write(FloatBytes([]float32{3})); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoFileExists(t, path)
	require.NoError(t, w.Commit())
	require.ErrorIs(t, w.Commit(), os.ErrClosed)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	onlyFile(t, dir, "m.gguf")

	f, err := Open(path)
	require.NoError(t, err)
	require.Equal(t, []KV{{"k", "new"}, {"l", uint8(1)}}, f.Metadata())
	v, err := f.ReadFloats("t")
	require.NoError(t, err)
	require.Equal(t, []float32{3, 3}, v)
	require.NoError(t, f.Close())
	require.NoError(t, f.Close())
	_, err = f.ReadTensor("t")
	require.ErrorIs(t, err, os.ErrClosed)
}

func onlyFile(t *testing.T, dir, name string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, name, entries[0].Name())
}

func TestFailedCommitKeepsOldFile(t *testing.T) {
	short := func(out io.Writer) error { _, err := out.Write([]byte{1}); return err }
	for name, write := range map[string]func(io.Writer) error{
		"full disk":  func(io.Writer) error { return syscall.ENOSPC },
		"too short":  short,
		"too long":   func(out io.Writer) error { _, err := out.Write(make([]byte, 5)); return err },
		"no content": func(io.Writer) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "m.gguf")
			require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
			w, err := Create(path)
			require.NoError(t, err)
			require.NoError(t, w.AddTensorFunc("t", F32, []int64{1}, write))
			err = w.Commit()
			require.ErrorContains(t, err, `tensor "t"`)
			require.Equal(t, name == "full disk", errors.Is(err, syscall.ENOSPC))
			onlyFile(t, dir, "m.gguf")
			old, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "old", string(old))
		})
	}
}

func TestCloseDropsFile(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "m.gguf"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, w.Close())
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestCreateFailsEarly(t *testing.T) {
	dir := t.TempDir()
	_, err := Create(dir)
	require.ErrorIs(t, err, syscall.EISDIR)
	_, err = Create(filepath.Join(dir, "absent", "m.gguf"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestWriterRefuses(t *testing.T) {
	w := newWriter()
	for _, bad := range []any{nil, 1, uint(1), []int{1}, map[string]string{}, struct{}{}, complex64(1), &w} {
		require.Error(t, w.SetMeta("k", bad), "%T", bad)
	}
	require.Error(t, w.SetMeta("", uint8(1)))
	require.NoError(t, w.AddTensor("t", F32, []int64{1}, make([]byte, 4)))
	require.ErrorContains(t, w.AddTensor("t", F32, []int64{1}, make([]byte, 4)), "already")
	require.ErrorContains(t, w.AddTensor("u", F32, []int64{2}, make([]byte, 4)), "needs 8")
	require.Error(t, w.AddTensor("", F32, []int64{1}, make([]byte, 4)))
	require.Error(t, w.AddTensor(string(make([]byte, 64)), F32, []int64{1}, make([]byte, 4)))
	require.Error(t, w.AddTensor("v", Type(4), []int64{1}, make([]byte, 4)))
	require.Len(t, w.tensors, 1)

	for _, bad := range []any{
		[]any{uint8(1)}, []any{nil}, []any{[]any{[]any{[]any{[]uint8{1}}}}},
	} {
		w := newWriter()
		require.NoError(t, w.SetMeta("k", bad))
		require.Error(t, w.encode(io.Discard))
	}
}

// A file that is refused when it is finished must never stand under its name.
func TestCommitChecked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.gguf")
	require.NoError(t, os.WriteFile(path, []byte("before"), 0o644))
	refused := errors.New("refused")
	for _, want := range []error{refused, nil} {
		w, err := Create(path)
		require.NoError(t, err)
		require.NoError(t, w.SetMeta("key", "value"))
		err = w.CommitChecked(func(temporary string) error {
			f, err := Open(temporary)
			require.NoError(t, err)
			value, _ := f.Text("key")
			require.Equal(t, "value", value)
			require.NoError(t, f.Close())
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "before", string(data))
			return want
		})
		require.ErrorIs(t, err, want)
		entries, err := os.ReadDir(filepath.Dir(path))
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
	f, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

func TestParseType(t *testing.T) {
	for _, typ := range []Type{F32, Q4_K, IQ4_NL, BF16} {
		got, ok := ParseType(strings.ToLower(typ.String()))
		require.True(t, ok)
		require.Equal(t, typ, got)
	}
	for _, name := range []string{"", "Q9", "type 4"} {
		_, ok := ParseType(name)
		require.False(t, ok, name)
	}
}
