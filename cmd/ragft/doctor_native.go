//go:build cgo

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model/local"
)

func checkNative(ctx context.Context, f *findings, p *ragft.Project) {
	gpu := false
	for _, d := range llama.Devices() {
		detail := fmt.Sprintf("%s (%s)", d.Description, d.Kind)
		if d.Total > 0 && d.Kind != "cpu" {
			detail += fmt.Sprintf(", %s of %s free", plural.Bytes(d.Free), plural.Bytes(d.Total))
		}
		gpu = gpu || d.Kind == "gpu" || d.Kind == "integrated gpu"
		f.add(d.Name, fine, detail, "")
	}
	if !gpu {
		f.add(
			"gpu",
			note,
			"none found, or llama.cpp was built without support for it",
			"./build.sh --cuda for an NVIDIA card; on Apple Silicon, build.sh uses Metal by itself",
		)
	}
	checkAttention(f, p)
	if len(p.Config().RPC) > 0 {
		checkServers(ctx, f, p)
	}
}

// checkAttention shows how the models of the project compute attention.
func checkAttention(f *findings, p *ragft.Project) {
	if how := p.Config().Attention; how == "flash" || how == "plain" {
		f.add("attention", fine, how+", as the project file or an option says", "")
		return
	}
	file := p.Path("attention.json")
	choices, err := local.ReadAttention(file)
	if err != nil {
		f.add("attention", note, err.Error(), "delete the file")
		return
	}
	if len(choices) == 0 {
		f.add("attention", note, "not chosen yet: the first use of a model does it", "")
	}
	for _, model := range slices.Sorted(maps.Keys(choices)) {
		f.add("attention", fine, fmt.Sprintf("model %.16s: %s", model, choices[model]), "")
		for _, t := range choices[model].Times {
			if t.Rows == 1 && t.Cells == 2048 {
				with := map[bool]string{true: "with", false: "without"}[t.Flash]
				f.add("attention", fine, fmt.Sprintf("one layer, one token after 2,048: %.2f ms %s flash attention", 1000*t.Seconds, with), "")
			}
		}
	}
}

// checkServers connects to the RPC servers as a model would. A server reports nothing before it holds a model, so it is loaded.
func checkServers(ctx context.Context, f *findings, p *ragft.Project) {
	servers := p.Config().RPC
	path, err := p.ModelFile(ctx)
	if err != nil {
		f.add("rpc", note, "RPC servers can only be checked with a model", "--model FILE")
		return
	}
	m, err := llama.Load(ctx, path, llama.ModelOptions{Servers: servers})
	if err != nil {
		f.add("rpc", missing, err.Error(), "start ggml-rpc-server of the same llama.cpp there (./build.sh --tools builds it)")
		return
	}
	m.Close()
	f.add("rpc", fine, strings.Join(servers, ", "), "")
}
