//go:build cgo

package llamacpp

// #include <cpuid.h>
// #include "ggml-cpu.h"
//
// static unsigned signature(void) {
//   unsigned a = 0, b, c, d;
//   __get_cpuid(1, &a, &b, &c, &d);
//   return a;
// }
import "C"

import (
	"fmt"

	"golang.org/x/sys/cpu"
)

// checkProcessor says whether this processor has the instructions that the library was compiled with, which would
// otherwise end the process at the first of them.
func checkProcessor() error {
	for _, i := range []struct {
		name  string
		built C.int
		has   bool
	}{
		{"AVX", C.ggml_cpu_has_avx(), cpu.X86.HasAVX},
		{"AVX2", C.ggml_cpu_has_avx2(), cpu.X86.HasAVX2},
		{"FMA", C.ggml_cpu_has_fma(), cpu.X86.HasFMA},
		{"BMI2", C.ggml_cpu_has_bmi2(), cpu.X86.HasBMI2},
		{"AVX-512", C.ggml_cpu_has_avx512(), cpu.X86.HasAVX512F && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL},
		{"AVX-512 VBMI", C.ggml_cpu_has_avx512_vbmi(), cpu.X86.HasAVX512VBMI},
		{"AVX-512 VNNI", C.ggml_cpu_has_avx512_vnni(), cpu.X86.HasAVX512VNNI},
		{"AVX-512 BF16", C.ggml_cpu_has_avx512_bf16(), cpu.X86.HasAVX512BF16},
		{"AMX INT8", C.ggml_cpu_has_amx_int8(), cpu.X86.HasAMXInt8},
	} {
		if i.built != 0 && !i.has {
			return fmt.Errorf("llama.cpp was built for processors with %s, which this one lacks: build it on this machine, "+
				"or with build.sh --portable", i.name)
		}
	}
	return nil
}

// processorModel is the family and model of this processor, such as "f25m33": a native build is tuned for it, and adds in
// another order than one for another model with the same instructions.
func processorModel() string {
	id := uint32(C.signature())
	family, model := id>>8&0xf, id>>4&0xf
	if family == 6 || family == 15 {
		model += id >> 16 & 0xf << 4
	}
	if family == 15 {
		family += id >> 20 & 0xff
	}
	return fmt.Sprintf("f%dm%d", family, model)
}
