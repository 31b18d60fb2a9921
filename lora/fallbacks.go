//go:build cgo

package lora

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/ragft/ragft/lora/internal/engine"
)

// lacking lists, the most frequent first, the operations that are not supported: how often, what, and on which types.
func lacking(nodes []engine.Node, supported func(engine.Node) bool) []string {
	count := map[string]int{}
	for _, n := range nodes {
		if n.IsView() || supported(n) {
			continue
		}
		var types []string
		for _, s := range n.Sources {
			types = append(types, s.Type.String())
		}
		count[fmt.Sprintf("%s(%s)", n.Description, strings.Join(types, ", "))]++
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
func checkDevices(ctx context.Context, e *engine.Engine) ([]string, error) {
	if e.Options().GPULayers == 0 {
		return nil, nil
	}
	nodes, err := e.TrainingNodes(ctx, 64, engine.Layout{})
	if err != nil {
		return nil, err
	}
	found := lacking(nodes, func(n engine.Node) bool { return n.Supported })
	if len(found) > 0 {
		slog.WarnContext(ctx, "lora: the GPU lacks some operations of this model's training; the CPU computes them", "operations", found)
	}
	return found, nil
}
