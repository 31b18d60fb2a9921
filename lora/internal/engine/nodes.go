//go:build cgo

package engine

// #include "engine.h"
import "C"

import (
	"context"
	"slices"
	"unsafe"

	"github.com/ragft/ragft/internal/gguf"
)

// Tensor is the shape of a tensor in a graph; NE and NB as in ggml: elements, and bytes from one to the next.
type Tensor struct {
	Type gguf.Type
	NE   [4]int64
	NB   [4]uint64
}

// Node is one operation of the training graph.
type Node struct {
	Op, Description, Name string // Description tells unary and gated ops apart
	Params                [16]int32
	Result                Tensor
	Sources               []Tensor
	Supported             bool // by a device that holds layers, or without any by the CPU
}

// IsView tells whether the node computes nothing.
func (n Node) IsView() bool {
	return slices.Contains([]string{"NONE", "RESHAPE", "VIEW", "PERMUTE", "TRANSPOSE"}, n.Op)
}

// Layout says how a graph trades time for memory.
type Layout struct {
	ChunkRows  int // rows whose logits are held at a time; 0: all
	Recomputed int // segments of the forward pass, from the first on, that are computed again
}

// TrainingNodes plans a step for a window with this many rows of logits and lists its operations. It computes nothing.
func (e *Engine) TrainingNodes(ctx context.Context, rows int, l Layout) ([]Node, error) {
	var n C.int32_t
	var list []C.rft_node
	for range 2 { // the first call only counts
		list = make([]C.rft_node, n)
		err := e.call(ctx, func() C.int {
			query := C.rft_nodes_query{n_rows: C.int32_t(rows), chunk_rows: C.int32_t(l.ChunkRows), recomputed: C.int32_t(l.Recomputed), room: n}
			return C.rft_training_nodes(e.c, &query, unsafe.SliceData(list), &n)
		})
		if err != nil {
			return nil, err
		}
	}
	tensor := func(t C.rft_tensor) Tensor {
		out := Tensor{Type: gguf.Type(t._type)}
		for k := range out.NE {
			out.NE[k], out.NB[k] = int64(t.ne[k]), uint64(t.nb[k])
		}
		return out
	}
	nodes := make([]Node, len(list))
	for i, c := range list {
		node := Node{Op: C.GoString(&c.op[0]), Description: C.GoString(&c.description[0]), Name: C.GoString(&c.name[0]),
			Result: tensor(c.result), Supported: bool(c.supported)}
		for k, p := range c.params {
			node.Params[k] = int32(p)
		}
		for _, s := range c.sources[:c.n_sources] {
			node.Sources = append(node.Sources, tensor(s))
		}
		nodes[i] = node
	}
	return nodes, nil
}
