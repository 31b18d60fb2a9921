package tfevents

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The checksum of nine digits is the CRC-32C's published check value; masking is as TFRecord's documentation gives it.
func TestChecksum(t *testing.T) {
	const check = 0xe3069283
	require.Equal(t, uint32(check), crc32.Checksum([]byte("123456789"), crc32.MakeTable(crc32.Castagnoli)))
	rotated := uint32(check&0x7fff)<<17 | uint32(check)>>15
	require.Equal(t, uint32((uint64(rotated)+0xa282ead8)%(1<<32)), checksum([]byte("123456789")))
}

// TestBytes compares a file with one that was encoded by hand from the definitions of the protocol buffers.
func TestBytes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made")
	before := float64(time.Now().UnixMicro()) / 1e6
	w, err := Create(dir, 3)
	require.NoError(t, err)
	require.NoError(t, w.Scalars(300, []Scalar{{"a/b", 0.5}, {"c", -2}}))
	require.NoError(t, w.Sync())
	require.NoError(t, w.Close())
	names, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	data, err := os.ReadFile(names[0])
	require.NoError(t, err)

	want := [][]byte{
		append([]byte{0x10, 0, 0x1a, 13}, "brain.Event:2"...),
		{0x10, 3, 0x3a, 2, 0x08, 1},
		{0x10, 0xac, 0x02, 0x2a, 25,
			0x0a, 10, 0x0a, 3, 'a', '/', 'b', 0x15, 0, 0, 0, 0x3f,
			0x0a, 8, 0x0a, 1, 'c', 0x15, 0, 0, 0, 0xc0},
	}
	want[2][4] = byte(len(want[2]) - 5)
	for _, event := range want {
		n := int(binary.LittleEndian.Uint64(data))
		require.Equal(t, checksum(data[:8]), binary.LittleEndian.Uint32(data[8:]))
		body := data[12 : 12+n]
		require.Equal(t, checksum(body), binary.LittleEndian.Uint32(data[12+n:]))
		require.Equal(t, byte(0x09), body[0])
		wall := math.Float64frombits(binary.LittleEndian.Uint64(body[1:]))
		require.InDelta(t, before, wall, 60)
		require.Equal(t, event, body[9:])
		data = data[16+n:]
	}
	require.Empty(t, data)
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := Create(filepath.Join(file, "events"), 0)
	require.ErrorContains(t, err, "folder of the event files")
}
