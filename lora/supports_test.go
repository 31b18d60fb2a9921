//go:build cgo

package lora

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

// What Metal and CUDA can compute, read off the functions that answer for them in this release of llama.cpp. A new release
// makes TestSupportIsThatOfTheSource fail: then read the functions again, change what has changed here, and the hashes.
var supportSources = []struct{ file, begin, hash string }{
	{"ggml-metal/ggml-metal-device.m", "static bool ggml_metal_supports_mul_mat_op(",
		"cf4f0ff32552649c8b9c4b28d0af1b81f6307013f364197e45e5e5fac1cf0cbb"},
	{"ggml-metal/ggml-metal-device.m", "bool ggml_metal_device_supports_op(",
		"27f2fb41b6b71352e40561be63e16fdeae5f53ebec0aba70c6cfff67808ee40e"},
	{"ggml-cuda/ggml-cuda.cu", "static bool ggml_backend_cuda_device_supports_op(",
		"e55f354c56dbd840c07df216e294bca456f8a044ba4d3e0cc143147e347aeb3d"},
}

func TestSupportIsThatOfTheSource(t *testing.T) {
	for _, s := range supportSources {
		data, err := os.ReadFile("../third_party/llama.cpp/ggml/src/" + s.file)
		if os.IsNotExist(err) {
			t.Skip("the source of llama.cpp is not below third_party: " + (&fs.PathError{Op: "open", Path: s.file, Err: os.ErrNotExist}).Error())
		}
		require.NoError(t, err)
		_, text, ok := strings.Cut(string(data), "\n"+s.begin)
		require.True(t, ok, s.begin)
		text, _, ok = strings.Cut(text, "\n}\n")
		require.True(t, ok, s.begin)
		sum := sha256.Sum256([]byte(s.begin + text + "\n}\n"))
		require.Equal(t, s.hash, hex.EncodeToString(sum[:]), "%s in %s has changed: read it again", s.begin, s.file)
	}
}

// graphTensor is an operand with the predicates of ggml.
type graphTensor engine.Tensor

// operands returns the first two sources of a node, or zero where it has none, and its result.
func operands(n engine.Node) (a, b, result graphTensor) {
	if len(n.Sources) > 0 {
		a = graphTensor(n.Sources[0])
	}
	if len(n.Sources) > 1 {
		b = graphTensor(n.Sources[1])
	}
	return a, b, graphTensor(n.Result)
}

// rows, contiguous and contiguousFrom are ggml_is_contiguous_rows, ggml_is_contiguous and ggml_is_contiguous_n.
func (t graphTensor) rows() bool {
	return t.NE[0] == int64(t.Type.BlockSize()) || t.NB[0] == t.elementBytes()
}

func (t graphTensor) elementBytes() uint64 { return uint64(t.Type.BlockBytes()) }

func (t graphTensor) contiguous() bool { return t.contiguousFrom(0) }

func (t graphTensor) contiguousFrom(n int) bool {
	next := t.elementBytes()
	if t.NE[0] != int64(t.Type.BlockSize()) && t.NB[0] != next {
		return false
	}
	next *= uint64(t.NE[0] / int64(t.Type.BlockSize()))
	for i := 1; i < 4; i++ {
		switch {
		case t.NE[i] == 1:
		case i > n && t.NB[i] != next:
			return false
		case i > n:
			next *= uint64(t.NE[i])
		default:
			next = uint64(t.NE[i]) * t.NB[i]
		}
	}
	return true
}

func (t graphTensor) is(types ...gguf.Type) bool { return slices.Contains(types, t.Type) }

func isOneOf(s string, list string) bool { return slices.Contains(strings.Fields(list), s) }

// metalHas is ggml_metal_device_supports_op for GPUs of Apple's family 7 or later (M1, A14): those have SIMD-group
// reductions and matrices, and bfloat.
func metalHas(n engine.Node) bool {
	a, b, result := operands(n)
	floats := a.is(gguf.F32, gguf.F16)
	switch n.Op {
	case "NONE", "RESHAPE", "VIEW", "TRANSPOSE", "PERMUTE", "REPEAT", "ROPE", "ROPE_BACK", "ARGSORT", "ARGMAX", "TOP_K", "ARANGE", "DIAG",
		"OPT_STEP_ADAMW", "OPT_STEP_SGD":
		return true
	case "SCALE", "FILL", "CLAMP", "SQR", "SQRT", "SIN", "COS", "LOG":
		return a.rows() && floats
	case "UNARY":
		return a.rows() && floats && isOneOf(n.Description, "TANH RELU SIGMOID GELU GELU_ERF GELU_QUICK SILU ELU NEG ABS SGN STEP HARDSWISH"+
			" HARDSIGMOID EXP SOFTPLUS EXPM1 FLOOR CEIL ROUND TRUNC XIELU")
	case "GLU":
		return a.contiguousFrom(1) && floats && isOneOf(n.Description, "REGLU GEGLU SWIGLU SWIGLU_OAI GEGLU_ERF GEGLU_QUICK SWIGLU_CLAMP")
	case "SILU_BACK":
		return a.is(gguf.F32) && b.is(gguf.F32) && result.is(gguf.F32) && a.contiguous() && b.contiguous() && result.contiguous() && a.NE == b.NE
	case "CONCAT":
		return a.Type == b.Type && a.Type == result.Type && a.is(gguf.F32, gguf.F16, gguf.I8, gguf.I16, gguf.I32, gguf.I64, gguf.BF16,
			gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0)
	case "ADD", "SUB", "MUL", "DIV", "ADD_ID":
		return a.rows() && b.rows() && floats && a.Type == b.Type
	case "ACC":
		return a.rows() && b.rows() && a.is(gguf.F32)
	case "SUM":
		return a.contiguous()
	case "SUM_ROWS", "CUMSUM", "MEAN", "SOFT_MAX", "GROUP_NORM", "L2_NORM", "NORM", "RMS_NORM", "TRI":
		return a.rows()
	case "MUL_MAT", "MUL_MAT_ID":
		if a.is(gguf.NVFP4, gguf.TQ1_0) {
			return false
		}
		return !b.is(gguf.F16) || n.Op == "MUL_MAT" && a.is(gguf.F16)
	case "SET", "CPY", "DUP", "CONT":
		return metalCopies(a.Type, result.Type)
	case "GET_ROWS":
		return !a.is(gguf.NVFP4, gguf.TQ1_0)
	case "SET_ROWS":
		if a.is(gguf.F16) {
			return result.is(gguf.F16)
		}
		return a.is(gguf.F32) && result.is(gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1,
			gguf.IQ4_NL, gguf.TQ2_0)
	}
	return false
}

func metalCopies(from, to gguf.Type) bool {
	switch from {
	case gguf.F32:
		return slices.Contains([]gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q1_0, gguf.Q2_0, gguf.Q4_0, gguf.Q4_1,
			gguf.Q5_0, gguf.Q5_1,
			gguf.IQ4_NL, gguf.TQ2_0, gguf.I32}, to)
	case gguf.F16:
		return to == gguf.F32 || to == gguf.F16
	case gguf.BF16:
		return to == gguf.F32 || to == gguf.BF16
	case gguf.Q1_0, gguf.Q2_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0, gguf.TQ2_0:
		return to == gguf.F32 || to == gguf.F16
	case gguf.I32:
		return to == gguf.F32 || to == gguf.I32
	}
	return false
}

// cudaHas is ggml_backend_cuda_device_supports_op.
func cudaHas(n engine.Node) bool {
	a, b, result := operands(n)
	switch n.Op {
	case "NONE", "RESHAPE", "VIEW", "PERMUTE", "TRANSPOSE", "ADD_ID", "ADD1", "SCALE", "SQR", "SQRT", "SIN", "COS", "CLAMP", "LOG", "DUP",
		"ARGMAX",
		"COUNT_EQUAL", "CONT", "DIAG_MASK_INF", "SOFT_MAX", "PAD", "ARANGE", "CROSS_ENTROPY_LOSS", "CROSS_ENTROPY_LOSS_BACK", "OPT_STEP_ADAMW",
		"OPT_STEP_SGD", "FILL", "CUMSUM", "TRI", "DIAG":
		return true
	case "UNARY":
		return a.contiguous() && isOneOf(n.Description, "ABS SGN NEG STEP GELU SILU RELU SIGMOID HARDSIGMOID HARDSWISH GELU_ERF GELU_QUICK TANH"+
			" EXP EXPM1 SOFTPLUS ELU XIELU FLOOR CEIL ROUND TRUNC")
	case "GLU":
		return a.contiguousFrom(1) && isOneOf(n.Description, "REGLU GEGLU SWIGLU SWIGLU_OAI GEGLU_ERF GEGLU_QUICK SWIGLU_CLAMP")
	case "MUL_MAT", "MUL_MAT_ID":
		if a.NB[0] != a.elementBytes() || b.NB[0] != b.elementBytes() || b.is(gguf.F16) && !a.is(gguf.F16) {
			return false
		}
		if n.Op == "MUL_MAT_ID" && n.Params[3] == 10 { // GGML_PREC_F32
			return false
		}
		return !a.is(gguf.I8, gguf.I16, gguf.I32, gguf.I64, gguf.F64, gguf.TQ1_0, gguf.TQ2_0, gguf.Q8_1)
	case "OUT_PROD":
		return result.is(gguf.F32) && a.is(gguf.F32) && b.is(gguf.F32)
	case "GET_ROWS":
		if a.is(gguf.IQ4_NL, gguf.MXFP4) {
			return a.NE[0]%256 == 0
		}
		return a.is(gguf.F16, gguf.F32, gguf.BF16, gguf.I32, gguf.Q1_0, gguf.Q2_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0,
			gguf.Q2_K, gguf.Q3_K, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ2_XXS, gguf.IQ2_XS, gguf.IQ2_S, gguf.IQ3_XXS, gguf.IQ3_S,
			gguf.IQ1_S, gguf.IQ1_M, gguf.IQ4_XS)
	case "SET_ROWS":
		quant := result.is(gguf.F32, gguf.F16, gguf.BF16, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1, gguf.Q8_0, gguf.IQ4_NL)
		return (quant && a.is(gguf.F32) || result.is(gguf.F16) && a.is(gguf.F16)) && b.is(gguf.I64, gguf.I32)
	case "CPY":
		return cudaCopies(a, b)
	case "SET":
		return result.is(gguf.F32, gguf.I32) && result.Type == a.Type && a.Type == b.Type
	case "ACC":
		return a.contiguous() && b.contiguous()
	case "SOFT_MAX_BACK":
		return n.Params[1] == 0 // max_bias
	case "GET_ROWS_BACK":
		return result.is(gguf.F32) && a.is(gguf.F32) && result.NE[2] == 1 && result.NE[3] == 1
	case "REPEAT":
		return a.is(gguf.F32, gguf.F16)
	case "REPEAT_BACK":
		return result.is(gguf.F32) && a.NE[2]*a.NE[3] <= 1<<15
	case "CONCAT":
		return a.Type == b.Type && a.Type == result.Type && a.Type.BlockSize() == 1
	case "SILU_BACK":
		return a.contiguous() && a.is(gguf.F32)
	case "NORM", "RMS_NORM", "L2_NORM", "SUM":
		return a.rows()
	case "RMS_NORM_BACK":
		return a.contiguous()
	case "ADD", "SUB", "MUL", "DIV":
		return a.is(gguf.F32, gguf.F16) && b.is(gguf.F32, gguf.F16) && result.is(gguf.F32, gguf.F16)
	case "ROPE", "ROPE_BACK":
		return a.NB[0] == a.elementBytes() && a.contiguousFrom(2)
	case "SUM_ROWS", "MEAN":
		return a.is(gguf.F32) && result.is(gguf.F32) && a.rows()
	case "ARGSORT":
		return a.NE[0] <= 1024
	}
	return false
}

func cudaCopies(a, b graphTensor) bool {
	floats := []gguf.Type{gguf.F32, gguf.BF16, gguf.F16}
	quants := []gguf.Type{gguf.Q8_0, gguf.Q4_0, gguf.Q4_1, gguf.Q5_0, gguf.Q5_1}
	switch {
	case a.is(floats...) && b.is(floats...), a.is(gguf.F32) && b.is(quants...), a.is(quants...) && b.is(gguf.F32),
		a.is(gguf.F32) && b.is(gguf.IQ4_NL, gguf.I32), a.is(gguf.I32) && b.is(gguf.F32, gguf.I32):
		return true
	}
	return a.Type == b.Type && a.contiguous() && b.contiguous()
}

// A training on a GPU uses no operation that Metal or CUDA lacks, whatever the family and the type of the base.
func TestGPUsHaveAllOps(t *testing.T) {
	all := []gguf.Type{gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL}
	for _, arch := range testmodel.Families() {
		types := []gguf.Type{gguf.F32, gguf.Q4_K} // families differ in their forward pass
		if arch == "llama" {
			types = all
		}
		for _, typ := range types {
			t.Run(fmt.Sprintf("%s/%s", arch, typ), func(t *testing.T) {
				s := testSpec(arch, typ)
				s.Width, s.FeedForward = 256, 512 // rows of whole blocks
				if arch == "olmoe" {              // has no grouped queries
					s.HeadsKV = s.Heads
				}
				base := testmodel.New(t, s)
				adapter, err := writeInitialAdapter(context.Background(), base, "", Config{Rank: 4}.withDefaults())
				if errors.Is(err, ErrNoTarget) {
					t.Skip(err)
				}
				require.NoError(t, err)
				defer adapter.remove()
				for _, l := range []engine.Layout{{}, {ChunkRows: 32, Recomputed: 3}} {
					o := engine.Options{Model: base, Adapter: adapter.path, Composed: true}
					nodes, err := openTest(t, o).TrainingNodes(context.Background(), 64, l)
					if errors.Is(err, ErrNoRule) {
						t.Skip(err)
					}
					require.NoError(t, err)
					require.Greater(t, len(nodes), 300)
					require.Empty(t, lacking(nodes, metalHas), "Metal")
					require.Empty(t, lacking(nodes, cudaHas), "CUDA")
				}
			})
		}
	}
}

// Kernels of our own run on the CPU only, which is what the tables would notice.
func TestCPUKernelsAreNotOnGPUs(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.F32), false)
	nodes, err := e.TrainingNodes(context.Background(), 8, engine.Layout{})
	require.NoError(t, err)
	require.Contains(t, strings.Join(lacking(nodes, metalHas), "; "), "CUSTOM")
	require.Empty(t, lacking(nodes, func(n engine.Node) bool { return n.Supported }), "the CPU has them all")
}

func TestLackingCounts(t *testing.T) {
	e := adapted(t, testSpec("llama", gguf.Q8_0), true)
	nodes, err := e.TrainingNodes(context.Background(), 8, engine.Layout{})
	require.NoError(t, err)
	found := lacking(nodes, func(n engine.Node) bool { return n.Op != "ROPE" && n.Op != "LOG" })
	require.Equal(t, []string{"4 x ROPE(F32, I32)", "1 x LOG(F32)"}, found)
}
