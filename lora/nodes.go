//go:build cgo

package lora

// #include "engine.h"
import "C"

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"unsafe"

	"github.com/ragft/ragft/internal/gguf"
)

// graphTensor is the shape of a tensor in a graph; ne and nb as in ggml: elements, and bytes from one to the next.
type graphTensor struct {
	typ gguf.Type
	ne  [4]int64
	nb  [4]uint64
}

// graphNode is one operation of the training graph.
type graphNode struct {
	op, description, name string // description tells unary and gated ops apart
	params                [16]int32
	result                graphTensor
	sources               []graphTensor
	supported             bool // by a device that holds layers, or without any by the CPU
}

// isView says whether the node computes nothing.
func (n graphNode) isView() bool {
	return slices.Contains([]string{"NONE", "RESHAPE", "VIEW", "PERMUTE", "TRANSPOSE"}, n.op)
}

// trainingNodes plans a step for a window with this many rows of logits and lists what it computes.
func (e *engine) trainingNodes(ctx context.Context, rows int) ([]graphNode, error) {
	var n C.int32_t
	var list []C.rft_node
	for range 2 { // first to know how many
		list = make([]C.rft_node, n)
		err := e.call(ctx, func() C.int {
			return C.rft_training_nodes(e.c, C.int32_t(rows), n, unsafe.SliceData(list), &n)
		})
		if err != nil {
			return nil, err
		}
	}
	tensor := func(t C.rft_tensor) graphTensor {
		out := graphTensor{typ: gguf.Type(t._type)}
		for k := range out.ne {
			out.ne[k], out.nb[k] = int64(t.ne[k]), uint64(t.nb[k])
		}
		return out
	}
	nodes := make([]graphNode, len(list))
	for i, c := range list {
		node := graphNode{op: C.GoString(&c.op[0]), description: C.GoString(&c.description[0]), name: C.GoString(&c.name[0]),
			result: tensor(c.result), supported: bool(c.supported)}
		for k, p := range c.params {
			node.params[k] = int32(p)
		}
		for _, s := range c.sources[:c.n_sources] {
			node.sources = append(node.sources, tensor(s))
		}
		nodes[i] = node
	}
	return nodes, nil
}

// lacking lists, the most frequent first, the operations that are not supported: how often, what, and on which types.
func lacking(nodes []graphNode, supported func(graphNode) bool) []string {
	count := map[string]int{}
	for _, n := range nodes {
		if n.isView() || supported(n) {
			continue
		}
		var types []string
		for _, s := range n.sources {
			types = append(types, s.typ.String())
		}
		count[fmt.Sprintf("%s(%s)", n.description, strings.Join(types, ", "))]++
	}
	what := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	for i, w := range what {
		what[i] = fmt.Sprintf("%d x %s", count[w], w)
	}
	return what
}

// checkDevices says before the start what the devices of the engine cannot compute.
func checkDevices(ctx context.Context, e *engine) ([]string, error) {
	if e.options.gpuLayers == 0 {
		return nil, nil
	}
	nodes, err := e.trainingNodes(ctx, 64)
	if err != nil {
		return nil, err
	}
	found := lacking(nodes, func(n graphNode) bool { return n.supported })
	if len(found) > 0 {
		slog.WarnContext(ctx, "lora: the GPU lacks some operations of this model's training; the CPU computes them", "operations", found)
	}
	return found, nil
}
