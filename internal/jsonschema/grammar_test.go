//go:build cgo

package jsonschema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// TestGrammar has a model of random weights write values of schemas: whatever ends is a value.
func TestGrammar(t *testing.T) {
	model, err := llama.Load(t.Context(), testmodel.New(t, testmodel.Spec{}), llama.ModelOptions{})
	require.NoError(t, err)
	defer model.Close()
	c, err := model.NewContext(llama.ContextOptions{Size: 4096, Sequences: 8, Threads: 1})
	require.NoError(t, err)
	for schema, fits := range map[string]func(v any) bool{
		`{"type":"boolean"}`: func(v any) bool { _, ok := v.(bool); return ok },
		`{"enum":["a\"b\\\n", "ü", 1, null]}`: func(v any) bool {
			return slices.Contains([]any{"a\"b\\\n", "ü", 1.0, nil}, v)
		},
		`{"type":["integer","null"]}`: func(v any) bool { _, ok := v.(float64); return ok || v == nil },
		`{"type":"string","maxLength":5,"minLength":2}`: func(v any) bool {
			n := len([]rune(v.(string)))
			return n >= 2 && n <= 5
		},
		`{"type":"array","items":{"const":7},"minItems":2,"maxItems":3}`: func(v any) bool {
			n := len(v.([]any))
			return n >= 2 && n <= 3
		},
		`{"type":"array","items":{"const":7},"maxItems":1}`: func(v any) bool { return len(v.([]any)) <= 1 },
		`{"properties":{"a":{"const":1},"b":{"const":2},"c":{"const":3}},"required":["b"]}`: func(v any) bool {
			return v.(map[string]any)["b"] == 2.0
		},
		`{"type":"object","properties":{"a":{"const":1},"b":{"const":2}}}`: func(v any) bool { return len(v.(map[string]any)) <= 2 },
		`{"$ref":"#/$defs/node","$defs":{"node":{"type":"object","properties":{"x":{"type":"boolean"},"next":{` +
			`"$ref":"#/$defs/node"}},"required":["x"]}}}`: func(v any) bool {
			_, ok := v.(map[string]any)["x"].(bool)
			return ok
		},
		`{"anyOf":[{"const":"yes"},{"type":"object","properties":{"no":{"type":"null"}},"required":["no"]}]}`: func(v any) bool {
			_, ok := v.(map[string]any)
			return ok || v == "yes"
		},
		`{"type":"object"}`: func(v any) bool { _, ok := v.(map[string]any); return ok },
	} {
		grammar, err := Grammar([]byte(schema))
		require.NoError(t, err, schema)
		results, err := c.Generate(t.Context(), []llama.Request{{
			Prompt: []llama.Token{1}, Samples: 8, MaxTokens: 80, Sampling: llama.Sampling{Temperature: 1, Grammar: grammar},
		}})
		require.NoError(t, err, "%s\n%s", schema, grammar)
		for _, s := range results[0].Samples {
			if s.Stop != llama.StopEnd || strings.ContainsRune(s.Text, '\uFFFD') { // bytes that are no UTF-8 count as they come
				continue
			}
			var value any
			require.NoError(t, json.Unmarshal([]byte(s.Text), &value), "%s: %q", schema, s.Text)
			require.True(t, fits(value), "%s: %s", schema, s.Text)
		}
	}
}

// TestUnusable has schemas whose values a grammar cannot be held to.
func TestUnusable(t *testing.T) {
	deep := strings.Repeat(`{"type":"array","items":`, 40) + "{}" + strings.Repeat("}", 40)
	wide := `{"properties":{`
	for i := range 2000 {
		wide += fmt.Sprintf(`"a%d":{"type":"null"},`, i)
	}
	wide = strings.TrimSuffix(wide, ",") + `}}`
	for schema, message := range map[string]string{
		deep:                                       "levels deep",
		wide:                                       "too large",
		`{"type":"string","pattern":"a"}`:          `unsupported keyword "pattern"`,
		`{"type":"whole"}`:                         `type "whole"`,
		`{"$ref":"http://x"}`:                      "leads out",
		`{"$ref":"#/a/b"}`:                         "leads nowhere",
		`{"$ref":"#"}`:                             "is itself",
		`{"enum":[]}`:                              "empty enum",
		`false`:                                    "no values",
		`3`:                                        "it cannot be a number; it must be an object",
		`{"type":"array","minItems":1.5}`:          "minItems: it cannot be a number 1.5; it must be a whole number",
		`{"properties":{},"required":"a"}`:         "required: it cannot be a string; it must be a list",
		`{"type":"string","maxLength":-1}`:         "bounded by 0 to",
		`{"type":"string","maxLength":5000}`:       "bounded by 0 to",
		`{"type":"array","maxItems":1000000}`:      "bounded by 0 to",
		`{"type":"array","items":{"type":"no"}}`:   `type "no"`,
		`{"type":[]}`:                              "empty list",
		`{"type":["null","null"]}`:                 `"null" occurs twice`,
		`{"properties":{"a":{},"a":{}}}`:           `"a" occurs twice`,
		`{`:                                        "unexpected EOF",
		`{"minimum":3,"type":"integer"}`:           `unsupported keyword "minimum"`,
		`{"type":"object","required":["a"]}`:       "without properties",
		`{"required":["x"],"properties":{"y":{}}}`: `property "x"`,
	} {
		_, err := Grammar([]byte(schema))
		require.ErrorContains(t, err, message, schema)
		require.NotContains(t, err.Error(), "Go ", schema)
		require.NotContains(t, err.Error(), "schemaNode", schema)
	}
}

// TestFirstMissingProperty holds the error to the first of several missing properties, whatever the order of a map.
func TestFirstMissingProperty(t *testing.T) {
	for range 20 {
		_, err := Grammar([]byte(`{"required":["d","c","b","a"],"properties":{"d":{}}}`))
		require.ErrorContains(t, err, `property "c"`)
	}
}
