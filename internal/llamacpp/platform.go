//go:build cgo

package llamacpp

// #include "ggml-cpu.h"
import "C"

import (
	"runtime"
	"strings"
)

// Platform names the operating system, the architecture, the instructions that llama.cpp was built for and the model of the
// processor, such as "linux-amd64-avx2-fma-f25m33". Two machines of one platform compute the same figures.
func Platform() string {
	parts := []string{runtime.GOOS, runtime.GOARCH}
	for _, i := range []struct {
		name  string
		built C.int
	}{
		{"avx2", C.ggml_cpu_has_avx2()},
		{"fma", C.ggml_cpu_has_fma()},
		{"avx512", C.ggml_cpu_has_avx512()},
		{"vbmi", C.ggml_cpu_has_avx512_vbmi()},
		{"vnni", C.ggml_cpu_has_avx512_vnni()},
		{"bf16", C.ggml_cpu_has_avx512_bf16()},
		{"amx", C.ggml_cpu_has_amx_int8()},
		{"fp16", C.ggml_cpu_has_fp16_va()},
		{"dotprod", C.ggml_cpu_has_dotprod()},
		{"i8mm", C.ggml_cpu_has_matmul_int8()},
		{"sve", C.ggml_cpu_has_sve()},
		{"sme", C.ggml_cpu_has_sme()},
	} {
		if i.built != 0 {
			parts = append(parts, i.name)
		}
	}
	if model := processorModel(); model != "" {
		parts = append(parts, model)
	}
	return strings.Join(parts, "-")
}
