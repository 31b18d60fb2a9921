package ragft

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSchemaGrammar(t *testing.T) {
	g, err := schemaGrammar(json.RawMessage(`{"type": "object", "properties": {
		"b": {"type": "string", "maxLength": 3}, "a": {"enum": ["x\"", 1, null]}, "c": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 4}
	}, "required": ["b"], "additionalProperties": false}`))
	require.NoError(t, err)
	require.Contains(t, g, `root ::= r3
r0 ::= "\"" char{0,3} "\""
r1 ::= "\"x\\\"\"" | "1" | "null"
r2 ::= "[" gap whole ("," gap whole){0,3} gap "]"
r3 ::= "{" gap "\"b\"" ":" gap r0 "," gap "\"a\"" ":" gap r1 "," gap "\"c\"" ":" gap r2 gap "}"
`, "properties in the schema's order")
	for schema, message := range map[string]string{
		`{"type": "string", "pattern": "a+"}`:                         "pattern",
		`{"type": "object", "required": ["a"]}`:                       `"a" is required`,
		`{"type": "list"}`:                                            `type "list"`,
		`{"type": "string", "maxLength": 5000}`:                       "maxLength is 5000",
		`{"type": "array", "items": {"type": "no"}}`:                  "items",
		`{"type": "array", "items": {"type": "null"}, "maxItems": 0}`: "maxItems is 0",
		`{"enum": []}`: "without values",
		`{`:            "unexpected EOF",
	} {
		_, err := schemaGrammar(json.RawMessage(schema))
		require.ErrorIs(t, err, ErrSchema, schema)
		require.ErrorContains(t, err, message)
	}
}

// A key of a cache stays what it was for requests without a schema.
func TestSchemaIsPartOfTheKey(t *testing.T) {
	req := ask("a")
	plain := requestKey("m", req)
	req.Schema = json.RawMessage(`{"type": "null"}`)
	require.NotEqual(t, plain, requestKey("m", req))
}
