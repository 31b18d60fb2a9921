//go:build cgo

package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// A model in Q4_1 is used and trained like any other; where the type is slow, commands say so and how to convert.
func TestConvert(t *testing.T) {
	dir := workplace(t)
	own := copyOfShipped(t, dir)
	r := object[ragft.ConvertResult](t, "convert", own, "slow.gguf", "--type", "q4_1")
	require.Equal(t, "Q4_1", r.Type)
	require.Less(t, 2*r.Bytes, r.Before)
	require.Contains(t, must(t, "convert", "slow.gguf", "fast.gguf"), "fast.gguf: Q8_0, ")
	types := map[string]string{}
	for _, m := range object[modelsResult](t, "models", ".", "--ollama", "http://127.0.0.1:1").Models {
		types[m.Name] = m.Type
	}
	require.Equal(t, map[string]string{"own.gguf": "F16", "slow.gguf": "Q4_1", "fast.gguf": "Q8_0"}, types)

	must(t, "index")
	must(t, "demonstrate", "-m", "slow.gguf")
	for model, slow := range map[string]bool{"slow.gguf": runtime.GOARCH == "amd64", "fast.gguf": false} {
		code, _, stderr := ragftRun(t, "", "train", "--force", "-m", model)
		require.Equal(t, exitOK, code, stderr)
		hasGPU := true
		told := false
		for _, f := range object[struct{ Findings []finding }](t, "doctor", "-m", model).Findings {
			hasGPU = hasGPU && !(f.Name == "gpu" && f.Status == note)
			told = told || f.Name == "model" && f.Status == note && f.Do != ""
		}
		require.Equal(t, slow && !hasGPU, told)
		if told {
			require.Contains(t, stderr, "ragft convert slow.gguf OUTPUT --type q8_0")
		} else {
			require.NotContains(t, stderr, "ragft convert")
		}
		code, _, stderr = ragftRun(t, "", "ask", "-m", model, "Who is the miller?")
		require.Equal(t, exitOK, code, stderr)
	}
}
