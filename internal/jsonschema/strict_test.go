package jsonschema

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckStrict(t *testing.T) {
	const closed = `,"additionalProperties":false}`
	for _, schema := range []string{
		`{"type":"object","properties":{}` + closed,
		`{"type":"object","properties":{"a":{"type":["string","null"]}},"required":["a"]` + closed,
		`{"type":"object","properties":{"a":{"$ref":"#/$defs/b"}},"required":["a"],"$defs":{"b":{"type":"number"}}` + closed,
	} {
		require.NoError(t, CheckStrict([]byte(schema)), schema)
	}
	for schema, want := range map[string]string{
		`{"type":"object"}`:                               "additionalProperties must be false",
		`{"type":"object","properties":{}}`:               "additionalProperties must be false",
		`{"type":"object","additionalProperties":true}`:   "additionalProperties must be false",
		`{"type":"object","properties":{"a":{}}` + closed: `all properties must be required in a strict schema, and "a" is not`,
		`{"type":"string"}`:                               `the type of the root must be "object"`,
		`{"anyOf":[{"type":"object"}]}`:                   `the type of the root must be "object"`,
		`{"type":5}`:                                      `the type of the root must be "object"`,
		`[]`:                                              "must be an object",
		`null`:                                            "must be an object",
		`true`:                                            "must be an object",
	} {
		require.ErrorContains(t, CheckStrict([]byte(schema)), want, schema)
	}
	for inner, want := range map[string]string{
		`{"type":"object","properties":{}}`:             "properties.a: additionalProperties must be false",
		`{"type":["object","null"],"properties":{}}`:    "properties.a: additionalProperties must be false",
		`{"type":"array","items":{"type":"object"}}`:    "properties.a.items: additionalProperties must be false",
		`{"type":"array"}`:                              "properties.a: items must say",
		`{"anyOf":[{"type":"null"},{"type":"object"}]}`: "properties.a.anyOf[1]: additionalProperties must be false",
		`{}`:   "properties.a: a strict schema must say of which type",
		`true`: "properties.a: a strict schema must be an object",
		strings.Repeat(`{"type":"array","items":`, 40) + `{"type":"null"}` + strings.Repeat(`}`, 40): "levels deep",
	} {
		schema := `{"type":"object","properties":{"a":` + inner + `},"required":["a"]` + closed
		require.ErrorContains(t, CheckStrict([]byte(schema)), want, inner)
	}
	require.ErrorIs(t, CheckStrict([]byte(`{"title":"`+strings.Repeat("a", maxSchemaBytes)+`"}`)), errTooLarge)
}

// Several schemas can share a grammar: references of each lead into it, and the bounds hold for all of them.
func TestRulesOfSeveralSchemas(t *testing.T) {
	var rules Rules
	first, err := rules.Add([]byte(`{"$ref":"#/$defs/a","$defs":{"a":{"type":"boolean"}}}`))
	require.NoError(t, err)
	second, err := rules.Add([]byte(`{"$ref":"#/$defs/a","$defs":{"a":{"type":"null"}}}`))
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	require.Contains(t, rules.String(), first+" ::= (boolean)\n")
	require.Contains(t, rules.String(), second+" ::= (null)\n")

	var many Rules
	large := []byte(`{"type":"array","maxItems":900,"items":{"type":"string"}}`)
	for range 20 {
		if _, err = many.Add(large); err != nil {
			break
		}
	}
	require.ErrorIs(t, err, errTooLarge)
}
