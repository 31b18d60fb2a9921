//go:build cgo

package lora

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
)

// Activations that are computed again are the same numbers, and so are the gradients, to the bit.
func TestRecomputedEqualsStored(t *testing.T) {
	for _, arch := range []string{"llama", "qwen3"} {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/all=%v", arch, all), func(t *testing.T) {
				base := testmodel.New(t, testSpec(arch, gguf.F32))
				o := engine.Options{Model: base}
				if !all {
					o.Adapter = testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
				}
				var want [][]float32
				for recomputed := range 5 {
					e := openTest(t, o)
					require.NoError(t, enginetest.SetLayout(e, engine.Layout{Recomputed: recomputed}))
					w := testWindowOf(e, testExamples(random(2), e.Vocab(), 5))
					got := gradients(t, e, w)
					if want == nil {
						want = got
						continue
					}
					require.Equal(t, want, got, "%d segments", recomputed)
				}
			})
		}
	}
}

// The loss of every label and the gradients do not depend on how many rows of logits are computed together.
func TestChunkedEqualsWhole(t *testing.T) {
	for _, composed := range []bool{false, true} {
		for _, all := range []bool{false, true} {
			t.Run(fmt.Sprintf("composed=%v/all=%v", composed, all), func(t *testing.T) {
				s := testSpec("llama", gguf.F32)
				s.Tied = true
				base := testmodel.New(t, s)
				o := engine.Options{Model: base, Composed: composed}
				if !all {
					o.Adapter = testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
				}
				var want [][]float32
				var wantLosses []float32
				for _, rows := range []int{0, 64, 63, 10} {
					e := openTest(t, o)
					require.NoError(t, enginetest.SetLayout(e, engine.Layout{ChunkRows: rows}))
					w := testWindowOf(e, testExamples(random(2), e.Vocab(), 5))
					require.Len(t, w.Rows, 64)
					got := gradients(t, e, w)
					losses, err := e.LabelLosses(&w.Batch)
					require.NoError(t, err)
					loss, err := e.Forward(context.Background(), &w.Batch)
					require.NoError(t, err)
					sum := 0.0
					for _, l := range losses {
						sum += float64(l)
					}
					require.InEpsilon(t, loss, sum, 1e-5)
					if want == nil {
						want, wantLosses = got, losses
						continue
					}
					requireSameGradients(t, e, want, got, 1e-5)
					require.Less(t, distance(losses, wantLosses), 1e-6)
				}
			})
		}
	}
}

// Under a budget as much is recomputed as it takes, and no more; the gradients stay, and what was estimated is what is held.
func TestBudgetIsKept(t *testing.T) {
	s := testSpec("llama", gguf.F32)
	s.Layers, s.Tied = 6, true
	base := testmodel.New(t, s)
	o := engine.Options{Model: base, Adapter: testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3}), Window: 512}
	free := openTest(t, o)
	w := testWindowOf(free, testExamples(random(2), free.Vocab(), 16))
	require.Greater(t, len(w.Rows), 100)
	want := gradients(t, free, w)
	whole := Memory(free.Memory())
	require.Zero(t, whole.Recomputed)
	require.Zero(t, whole.ChunkRows)
	require.Equal(t, 2*6, whole.Segments, "two a layer")
	require.Greater(t, whole.Logits, uint64(0))

	least := openTest(t, o)
	require.NoError(t, enginetest.SetLayout(least, engine.Layout{ChunkRows: 64, Recomputed: whole.Segments}))
	found, err := least.EstimateMemory(context.Background(), len(w.Rows), true)
	require.NoError(t, err)
	smallest := Memory(found)
	require.Less(t, smallest.Total(), whole.Total()*3/4)

	last := Memory{}
	for _, share := range []float64{1, 0.75, 0.5, 0.25, 0} {
		o.MemoryBudget = int64(share*float64(whole.Total()) + (1-share)*float64(smallest.Total()))
		e := openTest(t, o)
		found, err := e.EstimateMemory(context.Background(), len(w.Rows), true)
		require.NoError(t, err)
		estimate := Memory(found)
		requireSameGradients(t, e, want, gradients(t, e, w), 1e-5)
		held := Memory(e.Memory())
		t.Log(share, held)
		require.LessOrEqual(t, held.Total(), uint64(o.MemoryBudget))
		require.InEpsilon(t, float64(estimate.Total()), float64(held.Total()), 0.02)
		require.Equal(t, estimate.Recomputed, held.Recomputed)
		require.GreaterOrEqual(t, held.Recomputed, last.Recomputed)
		last = held
	}
	require.Greater(t, last.Recomputed, 4)

	o.MemoryBudget = int64(smallest.Total() / 2)
	e := openTest(t, o)
	_, err = e.EstimateMemory(context.Background(), len(w.Rows), true)
	require.ErrorIs(t, err, ErrMemory)
	require.Regexp(t, `needs \d+ MiB .* more than the budget; use a smaller window`, err.Error())
	_, err = e.Backward(context.Background(), &w.Batch)
	require.ErrorIs(t, err, ErrMemory)
}

func TestTrainRefusesSmallBudget(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	path := t.TempDir() + "/adapter.gguf"
	examples := testExamples(random(2), 200, 10)
	_, err := Train(context.Background(), base, path, Config{Rank: 2, MemoryBudget: 1 << 20}, examples, nil)
	require.ErrorIs(t, err, ErrMemory)
	require.NoFileExists(t, path)
	_, err = EstimateMemory(context.Background(), base, Config{Rank: 2, MemoryBudget: 1 << 20}, examples, examples)
	require.ErrorIs(t, err, ErrMemory)
	m, err := EstimateMemory(context.Background(), base, Config{Rank: 2}, examples, examples)
	require.NoError(t, err)
	r, err := Train(context.Background(), base, path, Config{Rank: 2}, examples, examples)
	require.NoError(t, err)
	require.InEpsilon(t, float64(m.Total()), float64(r.Memory.Total()), 0.02)
}

// The best adapter, which is kept beside the one that is trained, is a part of what a training holds and of its budget.
func TestBestAdapterIsCounted(t *testing.T) {
	base := testmodel.New(t, testSpec("llama", gguf.F32))
	examples := testExamples(random(2), 200, 10)
	estimate := func(c Config) (Memory, error) {
		return EstimateMemory(context.Background(), base, c, examples, examples)
	}
	c := Config{Rank: 16}
	one, err := estimate(c)
	require.NoError(t, err)
	c.KeepBest = true
	two, err := estimate(c)
	require.NoError(t, err)
	require.Equal(t, 2*one.Adapter, two.Adapter)
	require.Equal(t, one.Total()+one.Adapter, two.Total())

	c.MemoryBudget = int64(two.Total())
	m, err := estimate(c)
	require.NoError(t, err)
	require.Zero(t, m.Recomputed)
	c.MemoryBudget = int64(one.Total())
	m, err = estimate(c)
	require.NoError(t, err)
	require.LessOrEqual(t, m.Total(), one.Total())
	require.True(t, m.Recomputed > 0 || m.ChunkRows > 0)
	c.MemoryBudget = int64(one.Adapter)
	_, err = estimate(c)
	require.ErrorIs(t, err, ErrMemory)
}

func TestMemoryMustFit(t *testing.T) {
	m, held := Memory{Weights: 100, Adapter: 5, Activations: 20}, Memory{Weights: 100, Adapter: 5}
	require.NoError(t, fits(m, held, 120))
	err := fits(m, held, 119)
	require.ErrorIs(t, err, ErrMemory)
	require.ErrorContains(t, err, "set Config.MemoryBudget")
}

// measurement is what a process of its own found about the memory of a training.
type measurement struct {
	Model          string
	Window, Rows   int
	Budget         int64
	Estimate, Held Memory
	Before, Peak   uint64 // resident set in bytes: before the model was loaded but after one step of a tiny model, and the highest
	Seconds        float64
}

// measureMemory takes two steps in a process of its own, whose resident set is then that of the training.
func measureMemory(tb testing.TB, m measurement) measurement {
	tb.Helper()
	if _, err := os.Stat("/proc/self/status"); err != nil {
		tb.Skip("the peak of a process's memory is read from /proc/self/status, which is not here")
	}
	given, err := json.Marshal(m)
	require.NoError(tb, err)
	exe, err := os.Executable()
	require.NoError(tb, err)
	cmd := exec.Command(exe, "-test.run", "^TestMeasureMemoryHere$", "-test.v")
	cmd.Env = append(os.Environ(), "RAGFT_MEASURE_MEMORY="+string(given))
	out, err := cmd.CombinedOutput()
	require.NoError(tb, err, "%s", out)
	_, result, found := bytes.Cut(out, []byte("measured: "))
	require.True(tb, found, "%s", out)
	require.NoError(tb, json.NewDecoder(bytes.NewReader(result)).Decode(&m))
	return m
}

// TestMeasureMemoryHere is the process of measureMemory.
func TestMeasureMemoryHere(t *testing.T) {
	given := os.Getenv("RAGFT_MEASURE_MEMORY")
	if given == "" {
		t.Skip("runs in a process of its own, started by other tests")
	}
	var m measurement
	require.NoError(t, json.Unmarshal([]byte(given), &m))
	small := adapted(t, testSpec("llama", gguf.F32), false) // brings in what any training needs: code, threads, Go's heap
	gradients(t, small, testWindowOf(small, testExamples(random(2), small.Vocab(), 5)))
	small.Close()
	m.Before = residentSet(t, "VmRSS:")
	tr, err := NewTrainer(context.Background(), m.Model, Config{Rank: 8, Window: m.Window, MemoryBudget: m.Budget})
	require.NoError(t, err)
	defer tr.Close()
	rng := random(1)
	e := Example{Tokens: make([]Token, m.Window), Loss: make([]float32, m.Window)}
	for i := range e.Tokens {
		e.Tokens[i] = Token(rng.IntN(tr.engine.Vocab()))
		if i >= m.Window-m.Rows {
			e.Loss[i] = 1
		}
	}
	m.Estimate, err = tr.EstimateMemory(context.Background(), []Example{e}, nil)
	require.NoError(t, err)
	for range 2 {
		start := time.Now()
		_, err = tr.Step(context.Background(), []Example{e}, 1e-4)
		require.NoError(t, err)
		m.Seconds = time.Since(start).Seconds()
	}
	m.Held = tr.Memory()
	m.Peak = residentSet(t, "VmHWM:")
	out, err := json.Marshal(m)
	require.NoError(t, err)
	fmt.Printf("measured: %s\n", out)
}

func residentSet(t *testing.T, key string) uint64 {
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(status), key)
	require.True(t, found)
	var kib uint64
	_, err = fmt.Sscan(rest, &kib)
	require.NoError(t, err)
	return kib << 10
}

// The estimate is within a tenth of what the process takes at its peak, with and without a budget.
func TestEstimateMatchesProcess(t *testing.T) {
	base := testmodel.New(t, testmodel.Spec{Layers: 6, Width: 512, Heads: 8, HeadsKV: 4, FeedForward: 1536, Type: gguf.Q8_0, Tied: true,
		Context: 2048, Seed: 1})
	var budget int64
	for range 2 {
		m := measureMemory(t, measurement{Model: base, Window: 2048, Rows: 256, Budget: budget})
		t.Logf("estimated %v; peak %d MiB, before %d MiB", m.Estimate, m.Peak>>20, m.Before>>20)
		require.InEpsilon(t, float64(m.Peak-m.Before), float64(m.Estimate.Total()), 0.1)
		require.Equal(t, budget > 0, m.Estimate.Recomputed > 0)
		budget = int64(m.Estimate.Total()) * 3 / 4
	}
}

// words are n texts that make as many tokens: each one's beginning is a text too.
func words(n int) []string {
	var all []string
	level := strings.Split("abcdefghijklmnopqrstuvwxyz", "")
	for {
		var next []string
		for _, w := range level {
			for c := 'a'; c <= 'z'; c++ {
				if len(all) == n {
					return all
				}
				next = append(next, w+string(c))
				all = append(all, w+string(c))
			}
		}
		level = next
	}
}

// A model in the shape of Llama 3.2 1B in Q4_K trains on windows of 1,024 tokens, all with a loss, within 4 GiB.
func TestBillionWeightsWithin4GiB(t *testing.T) {
	if os.Getenv("RAGFT_MEMORY_1B") == "" {
		t.Skip("set RAGFT_MEMORY_1B=1 to write a model of a billion weights and train it, in some minutes")
	}
	base := testmodel.New(t, testmodel.Spec{
		Layers: 16, Width: 2048, Heads: 32, HeadsKV: 8, FeedForward: 8192, Type: gguf.Q4_K, Tied: true, Vocab: words(128256 - 261), Context: 2048,
	})
	for _, budget := range []int64{1700 << 20, 3900 << 20} {
		m := measureMemory(t, measurement{Model: base, Window: 1024, Rows: 1023, Budget: budget})
		t.Logf("estimated %v; process %d MiB at the peak, %d MiB before; %.1f s a step", m.Estimate, m.Peak>>20, m.Before>>20, m.Seconds)
		require.Less(t, m.Peak, uint64(4<<30))
		require.InEpsilon(t, float64(m.Peak-m.Before), float64(m.Estimate.Total()), 0.1)
	}
}
