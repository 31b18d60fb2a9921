//go:build cgo

package llama

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
)

const shipped = "../examples/basemodel/ragft-base-f16.gguf"

// peakMemory is the most memory that this process has held, in MiB, or 0 where the system does not say.
func peakMemory(t *testing.T) int {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(data), "VmHWM:")
	require.True(t, found)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	require.NoError(t, err)
	return n >> 10
}

// mutated damages the header at one to four places: bits, bytes, lengths and counts of all sizes, pieces of it elsewhere.
func mutated(data []byte, header int, random *rand.Rand) []byte {
	out := bytes.Clone(data)
	for range 1 + random.IntN(4) {
		at := random.IntN(header - 8)
		if random.IntN(2) == 0 {
			at = random.IntN(min(4096, header-8)) // where the hyperparameters are
		}
		switch random.IntN(5) {
		case 0:
			out[at] ^= 1 << random.IntN(8)
		case 1:
			out[at] = byte(random.Uint32())
		case 2:
			binary.LittleEndian.PutUint32(out[at:], []uint32{0, 1, 2, 7, 1 << 16, 1 << 31, 1<<32 - 1}[random.IntN(7)])
		case 3:
			binary.LittleEndian.PutUint64(out[at:], []uint64{0, 1, 1 << 20, 1 << 40, 1 << 62, 1<<64 - 1}[random.IntN(6)])
		case 4:
			from, n := random.IntN(header-64), 1+random.IntN(64)
			copy(out[at:header], data[from:from+n])
		}
	}
	return out
}

// A thousand damaged copies of the shipped model neither end the process nor take more than 2 GiB.
func TestThousandHostileFiles(t *testing.T) {
	data, err := os.ReadFile(shipped)
	require.NoError(t, err)
	f, err := gguf.Open(shipped)
	require.NoError(t, err)
	header := int(f.DataOffset())
	require.NoError(t, f.Close())
	n := 1000
	if testing.Short() {
		n = 100
	}
	path := filepath.Join(t.TempDir(), "hostile.gguf")
	loaded := 0
	for seed := range n {
		require.NoError(t, os.WriteFile(path, mutated(data, header, rand.New(rand.NewPCG(uint64(seed), 15))), 0o600))
		m, err := Load(context.Background(), path, ModelOptions{})
		if err != nil {
			continue
		}
		loaded++
		_, _ = m.Tokenize("The mill of 1832 is <think> blue.", TokenizeOptions{AddSpecial: true})
		if tokens, err := m.TokenizeChat(conversation, ChatOptions{}); err == nil && seed%8 == 0 {
			if c, err := m.NewContext(ContextOptions{Size: 256, Threads: 1}); err == nil {
				_, _ = c.Generate(context.Background(), []Request{{Prompt: tokens, MaxTokens: 2}})
			}
		}
		require.NoError(t, m.Close(), seed)
	}
	require.Less(t, peakMemory(t), 2<<10)
	t.Logf("%d of %d files load; at most %d MiB", loaded, n, peakMemory(t))
}
