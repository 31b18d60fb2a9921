//go:build cgo

package lora

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/lora/internal/engine"
)

var updateTable = flag.Bool("update", false, "make the table of docs/families.md anew")

const familyTable = "../docs/families.md"

type baseType struct {
	name  string
	typ   gguf.Type
	types func(string) gguf.Type
}

func baseTypes() []baseType {
	var out []baseType
	for _, t := range []gguf.Type{
		gguf.F32, gguf.F16, gguf.BF16, gguf.Q8_0, gguf.Q4_0, gguf.Q5_0, gguf.Q4_K, gguf.Q5_K, gguf.Q6_K, gguf.IQ4_NL,
	} {
		out = append(out, baseType{t.String(), t, nil})
	}
	return append(out, baseType{"Q4_K_M", gguf.F32, testmodel.Q4KM})
}

// TestFamilyTable keeps the table of docs/families.md true. With -update it tries every cell, otherwise one of each row.
func TestFamilyTable(t *testing.T) {
	text, err := os.ReadFile(familyTable)
	require.NoError(t, err)
	head, rest, ok := strings.Cut(string(text), "<!-- table -->\n")
	require.True(t, ok)
	old, tail, ok := strings.Cut(rest, "<!-- end -->")
	require.True(t, ok)
	recorded := parseTable(old)

	bases := baseTypes()
	var table strings.Builder
	table.WriteString("| family |")
	for _, b := range bases {
		table.WriteString(" " + b.name + " |")
	}
	table.WriteString("\n|" + strings.Repeat("---|", len(bases)+1) + "\n")
	for i, arch := range testmodel.Families() {
		table.WriteString("| " + arch + " |")
		for j, b := range bases {
			cell := recorded[arch][b.name]
			if *updateTable || j == i%len(bases) {
				t.Run(arch+"/"+b.name, func(t *testing.T) { cell = tryFamily(t, arch, b) })
			}
			table.WriteString(" " + cell + " |")
		}
		table.WriteString("\n")
	}
	if *updateTable && !t.Failed() {
		require.NoError(t, os.WriteFile(familyTable, []byte(head+"<!-- table -->\n"+table.String()+"<!-- end -->"+tail), 0o644))
		return
	}
	require.Equal(t, old, table.String(), "run the test with -update")
}

// parseTable returns the cells of a Markdown table by row and column.
func parseTable(text string) map[string]map[string]string {
	out := map[string]map[string]string{}
	var columns []string
	for line := range strings.Lines(text) {
		var cells []string
		for c := range strings.SplitSeq(strings.Trim(strings.TrimSpace(line), "|"), "|") {
			cells = append(cells, strings.TrimSpace(c))
		}
		if columns == nil {
			columns = cells
			continue
		}
		row := map[string]string{}
		for i := 1; i < min(len(cells), len(columns)); i++ {
			row[columns[i]] = cells[i]
		}
		out[cells[0]] = row
	}
	return out
}

// tryFamily compares gradients and trains a few steps, and says what came of it.
func tryFamily(t *testing.T, arch string, b baseType) string {
	s := familySpec(arch, b.typ) // K-quants want rows of 256
	s.Types, s.Layers, s.Width, s.FeedForward = b.types, 1, 256, 256
	base := testmodel.New(t, s)
	adapter := testmodel.NewAdapter(t, base, testmodel.AdapterSpec{Rank: 4, Seed: 3})
	e, err := engine.Open(context.Background(), engine.Options{Model: base, Adapter: adapter, Window: testWindow, MaxSequences: 32,
		Threads: 2})
	if errors.Is(err, ErrNoRule) {
		return "recurrent states"
	}
	require.NoError(t, err)
	defer e.Close()

	// ggml rounds what it multiplies with quantised experts, which may even change the choice of one
	tolerance := 1e-3
	if testmodel.HasExperts(arch) && b.name != "F32" {
		tolerance = 0.1
	}
	exact := openTest(t, engine.Options{Model: dequantized(t, base), Adapter: adapter, Composed: true})
	w := testWindowOf(e, testExamples(random(4), e.Vocab(), 3))
	want, got := slices.Concat(gradients(t, exact, w)...), slices.Concat(gradients(t, e, w)...)
	require.Greater(t, distance(make([]float32, len(want)), want), 0.5, "gradients must not be all zero")
	require.Less(t, distance(got, want), tolerance)

	first, err := e.Forward(context.Background(), &w.Batch)
	require.NoError(t, err)
	for step := range 4 {
		gradients(t, e, w)
		require.NoError(t, e.AdamWStep(adamW(5e-3, 0.9, 0.999, 1e-8, 0, 1, int64(step+1))))
	}
	last, err := e.Forward(context.Background(), &w.Batch)
	require.NoError(t, err)
	require.Less(t, last, 0.99*first, fmt.Sprintf("the loss fell too little: %g, then %g", first, last))
	return "works"
}
