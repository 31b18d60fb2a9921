//go:build cgo

package lora

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/rpctest"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora/internal/engine"
	"github.com/ragft/ragft/lora/internal/engine/enginetest"
	"github.com/ragft/ragft/ragft/opt"
)

// onDevice opens the same model and adapter on the CPU and with layers on servers, which take the place of GPUs.
func onDevice(t *testing.T, s testmodel.Spec, layers int, servers ...string) (cpu, device *engine.Engine) {
	base := testmodel.New(t, s)
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
	o := engine.Options{Model: base, Adapter: adapter, Composed: true}
	cpu = openTest(t, o)
	o.Composed, o.GPULayers, o.Servers = false, layers, servers
	return cpu, openTest(t, o)
}

// What a device computes must be what the CPU computes with the same ops: logits, gradients and optimiser steps, with
// all layers on one device, on two, and with some of them on the CPU.
func TestDeviceEqualsCPU(t *testing.T) {
	a, b := rpctest.Start(t), rpctest.Start(t)
	for _, c := range []struct {
		name    string
		arch    string
		typ     gguf.Type
		layers  int
		servers []string
	}{
		{"llama F32", "llama", gguf.F32, -1, []string{a.Addr}},
		{"qwen3 Q8_0", "qwen3", gguf.Q8_0, -1, []string{a.Addr}},
		{"qwen2 F16, two devices", "qwen2", gguf.F16, -1, []string{a.Addr, b.Addr}},
		{"llama Q4_0, one layer on the CPU", "llama", gguf.Q4_0, 2, []string{a.Addr}},
		{"qwen3 F32, only the output on the device", "qwen3", gguf.F32, 1, []string{a.Addr}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cpu, device := onDevice(t, testSpec(c.arch, c.typ), c.layers, c.servers...)
			require.Len(t, device.Params(), len(cpu.Params()))
			ctx := context.Background()
			for seed := range uint64(2) { // the second window takes the graph of the first
				w := testWindowOf(cpu, testExamples(random(seed), cpu.Vocab(), 5))
				want, err := enginetest.Logits(ctx, cpu, &w.Batch)
				require.NoError(t, err)
				got, err := enginetest.Logits(ctx, device, &w.Batch)
				require.NoError(t, err)
				require.Less(t, distance(got, want), 1e-5)
				decoded, err := enginetest.Decode(ctx, device, &w.Batch)
				require.NoError(t, err)
				require.Less(t, distance(decoded, want), 1e-5)

				requireSameGradients(t, cpu, gradients(t, cpu, w), gradients(t, device, w), 1e-4)
				n, err := cpu.GradientNorm()
				require.NoError(t, err)
				m, err := device.GradientNorm()
				require.NoError(t, err)
				require.InEpsilon(t, n, m, 1e-4)
				step := adamW(1e-3, 0.9, 0.99, 1e-8, 0.1, 0.7, int64(seed)+1)
				require.NoError(t, cpu.AdamWStep(step))
				require.NoError(t, device.AdamWStep(step))
				for i, p := range cpu.Params() {
					x, err := cpu.Get(i, engine.Value)
					require.NoError(t, err)
					y, err := device.Get(i, engine.Value)
					require.NoError(t, err)
					require.Less(t, distance(y, x), 1e-3, p.Name)
				}
			}
		})
	}
}

func TestTrainOnDevice(t *testing.T) {
	server := rpctest.Start(t)
	model := testmodel.New(t, testSpec("llama", gguf.Q8_0))
	train := func(c Config) *Result {
		r, err := Train(context.Background(), model, filepath.Join(t.TempDir(), "adapter.gguf"), c, counting(40), counting(10))
		require.NoError(t, err)
		return r
	}
	c := testConfig()
	c.Epochs = 2
	want := train(c)
	c.Servers = []string{server.Addr}
	got := train(c)
	require.Less(t, got.HeldOutLoss, 0.9*got.BaseLoss)
	require.InEpsilon(t, want.BaseLoss, got.BaseLoss, 1e-3)
	require.InEpsilon(t, want.HeldOutLoss, got.HeldOutLoss, 0.02)
}

// A training whose device goes away ends with an error, and goes on from its last checkpoint.
func TestDeviceGoesAway(t *testing.T) {
	server := rpctest.Start(t)
	model := testmodel.New(t, testSpec("llama", gguf.F32))
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	c := testConfig()
	c.Servers, c.CheckpointEvery = []string{server.Addr}, opt.Of(2)
	c.Progress = func(p Progress) {
		if p.Step == 3 {
			server.Kill()
		}
	}
	_, err := Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorIs(t, err, llama.ErrServer)
	require.NoFileExists(t, adapter)
	_, err = Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorIs(t, err, llama.ErrServer)

	rpctest.StartAt(t, server.Addr)
	c.Progress = nil
	r, err := Train(context.Background(), model, adapter, c, counting(60), nil)
	require.NoError(t, err)
	require.Equal(t, 2, r.Resumed)

	c.GPULayers = opt.Of(0)
	_, err = Train(context.Background(), model, adapter, c, counting(60), nil)
	require.ErrorContains(t, err, "0 GPULayers")
}

// What the tables of Metal and CUDA need: no op of the CPU's alone in the graph of a device, and nothing to report.
func TestDeviceGraphHasNoCPUKernels(t *testing.T) {
	server := rpctest.Start(t)
	_, device := onDevice(t, testSpec("llama", gguf.Q4_0), -1, server.Addr)
	nodes, err := device.TrainingNodes(context.Background(), 64, engine.Layout{})
	require.NoError(t, err)
	for _, n := range nodes {
		require.NotEqual(t, "CUSTOM", n.Op, n.Name)
	}
	found, err := checkDevices(context.Background(), device)
	require.NoError(t, err)
	require.Empty(t, found)
}
