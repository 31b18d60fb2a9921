//go:build cgo

package main

import (
	"context"
	"fmt"

	"github.com/ragft/ragft/llama"
)

func (a *app) checkNative(ctx context.Context, f *findings, o doctorFlags) {
	gpu := false
	for _, d := range llama.Devices() {
		detail := fmt.Sprintf("%s (%s)", d.Description, d.Kind)
		if d.Total > 0 && d.Kind != "cpu" {
			detail += fmt.Sprintf(", %s of %s free", sizeText(d.Free), sizeText(d.Total))
		}
		gpu = gpu || d.Kind == "gpu" || d.Kind == "integrated gpu"
		f.add(d.Name, fine, detail, "")
	}
	if !gpu {
		f.add("gpu", note, "llama.cpp was built without one, or finds none", "./build.sh --cuda where there is an NVIDIA card; on Apple Silicon build.sh takes Metal by itself")
	}
	if len(o.rpc) > 0 {
		a.checkServers(ctx, f, o)
	}
}

// checkServers connects to each as a model would. A server tells nothing before it holds a model, so the model is loaded.
func (a *app) checkServers(ctx context.Context, f *findings, o doctorFlags) {
	path, err := o.file(ctx)
	if err != nil {
		f.add("rpc", note, "servers can be tried with a model only", "--model FILE")
		return
	}
	m, err := llama.Load(ctx, path, llama.ModelOptions{Servers: o.rpc})
	if err != nil {
		f.add("rpc", missing, err.Error(), "start ggml-rpc-server of the same llama.cpp there (./build.sh --tools builds it)")
		return
	}
	m.Close()
	f.add("rpc", fine, fmt.Sprint(o.rpc), "")
}
