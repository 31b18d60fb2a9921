package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/retriever"
)

// number is a float64 that is null in JSON where it is not a number.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); !math.IsNaN(f) && !math.IsInf(f, 0) {
		return json.Marshal(f)
	}
	return []byte("null"), nil
}

func (n *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = number(math.NaN())
		return nil
	}
	return json.Unmarshal(data, (*float64)(n))
}

// counts is a map of counts in words, the most first.
func counts[K ~string](m map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(x, y K) int { return cmp.Or(cmp.Compare(m[y], m[x]), cmp.Compare(x, y)) })
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%d %s", m[k], string(k)))
	}
	return strings.Join(parts, ", ")
}

// orNegative is what options take for zero whose own zero stands for a default.
func orNegative[N int | float64](x N) N {
	if x == 0 {
		return -1
	}
	return x
}

func writeJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

// writeDocuments writes documents as JSONL, as 'ragft index' reads it.
func writeDocuments(path string, documents []retriever.Document) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		for _, d := range documents {
			if err := e.Encode(map[string]string{"title": d.Title, "text": d.Text}); err != nil {
				return err
			}
		}
		return nil
	})
}
