//go:build cgo

package lora

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/opt"
)

// readMetrics returns the lines of a metrics file.
func readMetrics(t *testing.T, path string) []map[string]any {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	var lines []map[string]any
	for line := range strings.Lines(string(data)) {
		var l map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &l), line)
		lines = append(lines, l)
	}
	return lines
}

// scalars are TensorBoard's curves: tag -> step -> value.
type scalars map[string]map[int64]float64

// readEvents decodes a folder's event files as TensorBoard does, on its own: it checks every checksum, and forgets at a
// start what lies at its step or later. The last record of a file whose writer was killed may be torn.
func readEvents(t *testing.T, dir string) scalars {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*tfevents*"))
	require.NoError(t, err)
	require.NotEmpty(t, names)
	slices.Sort(names)
	curves := scalars{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		for len(data) >= 12 && uint64(len(data)) >= 16+binary.LittleEndian.Uint64(data) {
			n := binary.LittleEndian.Uint64(data)
			requireMasked(t, data[:8], data[8:])
			requireMasked(t, data[12:12+n], data[12+n:])
			curves.event(t, data[12:12+n])
			data = data[16+n:]
		}
	}
	return curves
}

// requireMasked computes the CRC-32C bit by bit.
func requireMasked(t *testing.T, data, stored []byte) {
	t.Helper()
	crc := ^uint32(0)
	for _, b := range data {
		crc ^= uint32(b)
		for range 8 {
			crc = crc>>1 ^ 0x82f63b78&-(crc&1)
		}
	}
	crc = ^crc
	require.Equal(t, crc, crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
	require.Equal(t, (crc>>15|crc<<17)+0xa282ead8, binary.LittleEndian.Uint32(stored))
}

// fields splits a protocol buffer message; numbers come as their 8 or 4 bytes or as an encoded varint.
func fields(t *testing.T, b []byte, each func(field int, content []byte, varint uint64)) {
	t.Helper()
	for len(b) > 0 {
		key, k := binary.Uvarint(b)
		require.Positive(t, k)
		b = b[k:]
		var content []byte
		var number uint64
		switch key & 7 {
		case 0:
			number, k = binary.Uvarint(b)
			b = b[k:]
		case 1:
			content, b = b[:8], b[8:]
		case 2:
			n, k := binary.Uvarint(b)
			content, b = b[k:k+int(n)], b[k+int(n):]
		case 5:
			content, b = b[:4], b[4:]
		default:
			require.Fail(t, "unknown wire type")
		}
		each(int(key>>3), content, number)
	}
}

func (s scalars) event(t *testing.T, event []byte) {
	var step int64
	fields(t, event, func(field int, content []byte, number uint64) {
		switch field {
		case 2:
			step = int64(number)
		case 5:
			fields(t, content, func(_ int, value []byte, _ uint64) {
				var tag string
				fields(t, value, func(field int, content []byte, _ uint64) {
					if field == 1 {
						tag = string(content)
						return
					}
					if s[tag] == nil {
						s[tag] = map[int64]float64{}
					}
					require.NotContains(t, s[tag], step, "%s is there twice", tag)
					s[tag][step] = float64(math.Float32frombits(binary.LittleEndian.Uint32(content)))
				})
			})
		case 7: // a session that starts at this step
			for _, curve := range s {
				for old := range curve {
					if old >= step {
						delete(curve, old)
					}
				}
			}
		}
	})
}

// The metrics of a run that is cancelled again and again are those of one that is not.
func TestMetrics(t *testing.T) {
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	dir := t.TempDir()
	examples, held := counting(40), counting(8)
	for i := range examples {
		examples[i].Source = []string{"a", "b"}[i%2]
	}
	held[0].Source = "a"
	examples = append(examples, preferences(100)...)
	train := func(name string, interrupted bool) []Progress {
		c := testConfig()
		c.WindowsPerStep, c.EvaluateEvery, c.CheckpointEvery = 1, 2, opt.Of(3)
		c.MetricsFile, c.TensorBoard = filepath.Join(dir, name+".jsonl"), filepath.Join(dir, name)
		for {
			var seen []Progress
			ctx, cancel := context.WithCancel(context.Background())
			c.Progress = func(p Progress) {
				seen = append(seen, p)
				if interrupted && len(seen) == 2 {
					cancel()
				}
			}
			_, err := Train(ctx, model, filepath.Join(dir, name+".gguf"), c, examples, held)
			cancel()
			if err == nil {
				return seen
			}
			require.ErrorIs(t, err, context.Canceled)
			f, err := os.OpenFile(c.MetricsFile, os.O_APPEND|os.O_WRONLY, 0)
			require.NoError(t, err) // what a killed run would have left beyond its checkpoint
			_, err = f.WriteString(strings.Replace(lastLine(t, c.MetricsFile), `"step":`, `"step":9`, 1) + `{"run": "half`)
			require.NoError(t, err)
			require.NoError(t, f.Close())
		}
	}
	seen := train("whole", false)
	train("parts", true)

	whole, parts := readMetrics(t, filepath.Join(dir, "whole.jsonl")), readMetrics(t, filepath.Join(dir, "parts.jsonl"))
	curves, again := readEvents(t, filepath.Join(dir, "whole")), readEvents(t, filepath.Join(dir, "parts"))
	require.Equal(t, len(whole), len(parts))
	for i, l := range whole {
		for _, key := range []string{"run", "event", "step", "loss", "loss_by_source", "gradient_norm", "learning_rate", "pairs_won", "margin"} {
			require.Equal(t, l[key], parts[i][key], "%s of line %d", key, i)
		}
	}
	require.Equal(t, "evaluation", whole[0]["event"], "of the base")
	steps := 0
	for _, l := range whole {
		step := int64(l["step"].(float64))
		if l["event"] == "evaluation" {
			require.InDelta(t, l["loss"], curves["held_out/loss"][step], 1e-5)
			continue
		}
		p := seen[steps]
		steps++
		require.Equal(t, float64(p.Step), l["step"])
		require.Equal(t, p.Loss, l["loss"])
		require.Equal(t, p.GradientNorm, l["gradient_norm"])
		require.Equal(t, p.LearningRate, l["learning_rate"])
		require.Positive(t, l["tokens_per_second"])
		require.Equal(t, len(p.BySource), len(l["loss_by_source"].(map[string]any)))
		require.InDelta(t, p.Loss, curves["train/loss"][step], 1e-5)
		for source, loss := range p.BySource {
			require.InDelta(t, loss, curves["train/loss/"+source][step], 1e-5)
		}
		if p.Pairs > 0 {
			require.Equal(t, p.Margin, l["margin"])
			require.InDelta(t, p.Margin, curves["train/margin"][step], 1e-5)
		}
	}
	require.Equal(t, len(seen), steps)
	delete(curves, "train/tokens_per_second")
	delete(again, "train/tokens_per_second")
	require.Equal(t, curves, again)

	// another run's lines stay
	require.NoError(t, os.WriteFile(filepath.Join(dir, "shared.jsonl"), []byte(`{"run":"other","event":"step","step":7}`+"\n"), 0o644))
	train("shared", false)
	lines := readMetrics(t, filepath.Join(dir, "shared.jsonl"))
	require.Equal(t, "other", lines[0]["run"])
	require.Len(t, lines, len(whole)+1)
}

func lastLine(t *testing.T, path string) string {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data = bytes.TrimSuffix(data, []byte("\n"))
	return string(data[bytes.LastIndexByte(data, '\n')+1:]) + "\n"
}
