//go:build cgo

package jsonschema

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
)

// Keywords that stand beside each other both hold, or are an error.
func TestKeywordsAreNotDropped(t *testing.T) {
	for schema, message := range map[string]string{
		`{"type":"object","properties":{"a":{}},"anyOf":[{"properties":{"b":{}}}]}`: "anyOf beside properties",
		`{"type":"object","anyOf":[{"type":"null"}]}`:                               "anyOf beside type",
		`{"anyOf":[{"type":"null"}],"oneOf":[{"type":"null"}]}`:                     "anyOf beside oneOf",
		`{"$ref":"#/$defs/a","maxLength":3,"$defs":{"a":{"type":"string"}}}`:        "$ref beside maxLength",
		`{"$ref":"#/$defs/a","enum":[1],"$defs":{"a":{"type":"string"}}}`:           "$ref beside enum",
		`{"type":"string","enum":["abcd"],"maxLength":3}`:                           "enum beside maxLength",
		`{"const":1,"enum":[2]}`:                                                    "const beside enum",
		`{"oneOf":[{"type":"array"}],"items":{}}`:                                   "oneOf beside items",
		`{"maxLength":3}`:                         "maxLength needs a type",
		`{"required":["a"]}`:                      "required needs a type",
		`{"type":"string","enum":[1,2]}`:          "none of the values has the type",
		`{"type":["null","boolean"],"const":"a"}`: "none of the values has the type",
	} {
		_, err := Grammar([]byte(schema))
		require.ErrorContains(t, err, message, schema)
	}
	for schema, message := range map[string]string{
		`{"type":"string","maxlength":3}`:                                 `unsupported keyword "maxlength"`,
		`{"TYPE":"string"}`:                                               `unsupported keyword "TYPE"`,
		`{"type":"array","items":{"type":"string","Enum":["a"]}}`:         `items: unsupported keyword "Enum"`,
		`{"type":"string","maxLength":3,"maxLength":9}`:                   `"maxLength" occurs twice`,
		`{"type":"object","properties":{"a":null}}`:                       "a: a schema is an object, true or false",
		`{"type":"array","items":null}`:                                   "items: a schema is an object, true or false",
		`{"$ref":"#/$defs/a","$defs":{"a":null}}`:                         "a schema is an object, true or false",
		`{"type":"array","items":[{"type":"string"}]}`:                    "items: it cannot be an array",
		`{"type":"string","minLength":3,"maxLength":2}`:                   "at least 3 and at most 2",
		`{"type":"object","additionalProperties":{"type":"string"}}`:      "an object without properties",
		`{"type":"object","additionalProperties":false,"required":["a"]}`: "an object without properties",
	} {
		_, err := Grammar([]byte(schema))
		require.ErrorContains(t, err, message, schema)
	}
	for schema, want := range map[string]string{
		`{"type":"string","enum":["a",1,"b"],"title":"t","description":"d"}`: `("\"a\"" | "\"b\"")`,
		`{"type":["integer","null"],"enum":["a",1,1.5,null]}`:                `("1" | "null")`,
		`{"type":"number","const":1}`:                                        `("1")`,
		`{"type":"integer","enum":[1,2.0,3e2,2.5,1e-1]}`:                     `("1" | "2.0" | "3e2")`,
		`{"type":"object","additionalProperties":{}}`:                        `(object)`,
		`{"type":"object","additionalProperties":false}`:                     `("{" ws  ws "}")`,
	} {
		got, err := Grammar([]byte(schema))
		require.NoError(t, err, schema)
		require.Contains(t, got, "root ::= "+want+"\n", schema)
	}
}

// What would take long to build or to follow is refused before it is built, and quickly.
func TestBounds(t *testing.T) {
	list := func(n int, each func(i int) string) string {
		var out []string
		for i := range n {
			out = append(out, each(i))
		}
		return strings.Join(out, ",")
	}
	name := func(i int) string { return fmt.Sprintf("%q", fmt.Sprint("value ", i)) }
	alternatives := func(n int, of string) string {
		return `{"anyOf":[` + list(n, func(int) string { return of }) + `]}`
	}
	arrays := func(n int) string {
		return `{"properties":{` + list(n, func(i int) string {
			return name(i) + `:{"type":"array","items":{"type":"null"},"maxItems":1000}`
		}) + `}}`
	}
	for what, schema := range map[string]string{
		"anyOf of strings":   alternatives(9000, `{"type":"string"}`),
		"an enum":            `{"enum":[` + list(60000, name) + `]}`,
		"arrays":             arrays(160),
		"anyOf within anyOf": alternatives(50, alternatives(50, `{"type":"string"}`)),
		"a reference used often": `{"$defs":{"a":` + alternatives(160, `{"type":"string"}`) +
			`},"anyOf":[{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}]}`,
		"long strings": `{"properties":{` + list(20, func(i int) string {
			return name(i) + `:{"type":"string","maxLength":1000}`
		}) + `}}`,
		"long values":              `{"enum":["` + strings.Repeat("x", 100000) + `"]}`,
		"long names of properties": `{"properties":{"` + strings.Repeat("x", 100000) + `":{}}}`,
		"much of everything":       `{"description":"` + strings.Repeat("x", 300000) + `"}`,
	} {
		begin := time.Now()
		_, err := Grammar([]byte(schema))
		require.ErrorIs(t, err, errTooLarge, what)
		require.Less(t, time.Since(begin), 5*time.Second, what)
		require.Less(t, len(err.Error()), 300, what)
	}
	for what, schema := range map[string]string{
		"arrays": arrays(7), "alternatives": alternatives(100, `{"type":"string"}`), "an enum": `{"enum":[` + list(2000, name) + `]}`,
	} {
		_, err := Grammar([]byte(schema))
		require.NoError(t, err, what)
	}
}

// A long enum shares beginnings, and still gives each of its values and no other text.
func TestLongEnum(t *testing.T) {
	model, err := llama.Load(t.Context(), testmodel.New(t, testmodel.Spec{}), llama.ModelOptions{})
	require.NoError(t, err)
	defer model.Close()
	c, err := model.NewContext(llama.ContextOptions{Size: 4096, Sequences: 8, Threads: 1})
	require.NoError(t, err)
	values := []any{"a", "ab", "abc", "abd", "ü", "ua", "é", "\"", "\\", "x\ny", 1.0, 12.0, 123.0, true, nil, "mill", "mills"}
	data, err := json.Marshal(map[string]any{"enum": values})
	require.NoError(t, err)
	grammar, err := Grammar(data)
	require.NoError(t, err)
	results, err := c.Generate(t.Context(), []llama.Request{{
		Prompt: []llama.Token{1}, Samples: 64, MaxTokens: 40, Sampling: llama.Sampling{Temperature: 3, Grammar: grammar},
	}})
	require.NoError(t, err, grammar)
	seen := map[string]bool{}
	for _, s := range results[0].Samples {
		if s.Stop != llama.StopEnd || strings.ContainsRune(s.Text, '\uFFFD') {
			continue
		}
		var value any
		require.NoError(t, json.Unmarshal([]byte(s.Text), &value), s.Text)
		require.True(t, slices.Contains(values, value), s.Text)
		seen[s.Text] = true
	}
	require.Greater(t, len(seen), 5, "of all beginnings")

	// The largest schema that is allowed costs its own request little.
	large := `{"enum":["a0"`
	for i := range 1999 {
		large += fmt.Sprintf(`,"value %d"`, i)
	}
	if grammar, err = Grammar([]byte(large + `]}`)); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	_, err = c.Generate(t.Context(), []llama.Request{{Prompt: []llama.Token{1}, Samples: 8, MaxTokens: 8,
		Sampling: llama.Sampling{Temperature: 1, Grammar: grammar}}})
	require.NoError(t, err)
	require.Less(t, time.Since(begin), 30*time.Second)
	t.Log("8 samples under an enum of 2000 values:", time.Since(begin))
}
