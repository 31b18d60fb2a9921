package export

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHostileSafetensors(t *testing.T) {
	file := func(header string, body int) []byte {
		data := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
		return append(append(data, header...), make([]byte, body)...)
	}
	one := `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	tensors, err := parseSafetensors(file(one, 8))
	require.NoError(t, err)
	require.Len(t, tensors, 1)
	for name, data := range map[string][]byte{
		"empty":         {},
		"no header":     binary.LittleEndian.AppendUint64(nil, 0),
		"huge header":   binary.LittleEndian.AppendUint64(nil, math.MaxUint64),
		"long header":   binary.LittleEndian.AppendUint64(nil, 1000),
		"no object":     file(`[1]`, 0),
		"not JSON":      file(`{"a"`, 0),
		"text after it": file(one+"{}", 8),
		"twice": file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],`+
			`"data_offsets":[0,8]}}`, 8),
		"beyond the end": file(one, 4),
		"unused data":    file(one, 12),
		"overlap": file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],`+
			`"data_offsets":[4,12]}}`, 12),
		"gap":            file(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8),
		"backwards":      file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8),
		"negative":       file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 8),
		"one offset":     file(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[8]}}`, 8),
		"shape":          file(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8),
		"negative shape": file(`{"a":{"dtype":"F32","shape":[-2,-1],"data_offsets":[0,8]}}`, 8),
		"overflow":       file(fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d,%d,4],"data_offsets":[0,0]}}`, int64(1)<<31, int64(1)<<31), 0),
		"type":           file(`{"a":{"dtype":"I8","shape":[8],"data_offsets":[0,8]}}`, 8),
		"no type":        file(`{"a":{}}`, 8),
		"no entry":       file(`{"a":7}`, 8),
	} {
		_, err := parseSafetensors(data)
		require.Error(t, err, name)
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("PK"), 0o644))
	_, err = readSafetensors(path)
	require.ErrorIs(t, err, ErrSafetensors)
}

func FuzzSafetensors(f *testing.F) {
	header := `{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`
	f.Add(append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), 1, 2, 3, 4, 5, 6, 7, 8))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := parseSafetensors(data)
		total := 0
		for _, tensor := range tensors {
			total += len(tensor.data)
		}
		if err == nil && total > len(data) {
			t.Fatal("more data than the file has")
		}
	})
}
