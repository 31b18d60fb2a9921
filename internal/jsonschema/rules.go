// Package jsonschema turns JSON Schemas into grammars that a model can be held to.
package jsonschema

import "strings"

// Grammar turns a JSON schema into a grammar in llama.cpp's GBNF, of texts that are JSON and fit the schema.
// Known: type, properties, required, additionalProperties, items, minItems, maxItems, minLength, maxLength,
// enum, const, anyOf, oneOf, and $ref into $defs or definitions. Properties come in the schema's order, those that
// it does not name do not come at all but for an object without properties. A keyword that would be broken is an error,
// as are keywords beside each other of which only one could be kept. The schema is bounded before anything is built,
// as the cost of each token grows with the grammar.
func Grammar(schema []byte) (string, error) {
	var r Rules
	body, err := r.Add(schema)
	if err != nil {
		return "", err
	}
	return "root ::= " + body + "\n" + r.String(), nil
}

// Rules are the rules of a grammar with the texts of several schemas in it. The bounds hold for all of them together. The
// zero value has no schema.
type Rules struct {
	root        []byte // the schema that is added
	bytes       int    // of all schemas
	rules       []string
	refs        map[string]string // rule of each $ref of the root
	widths      map[string]int    // alternatives of each of these rules
	repetitions int
	made        int // rules but for those of values
	values      int // of enums
	literal     int // bytes
	width       int // alternatives of what value returned last
}

// Add adds the rules for a schema, and returns what matches its texts.
func (g *Rules) Add(schema []byte) (body string, err error) {
	if g.bytes += len(schema); g.bytes > maxSchemaBytes {
		return "", errTooLarge
	}
	if g.widths == nil {
		g.widths = map[string]int{}
	}
	g.root, g.refs = schema, map[string]string{}
	return g.value(schema, 0)
}

// String returns the rules.
func (g *Rules) String() string { return strings.Join(g.rules, "") + jsonRules }
