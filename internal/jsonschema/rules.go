// Package jsonschema turns JSON Schemas into grammars that a model can be held to.
package jsonschema

import "strings"

// Grammar turns a JSON schema into a grammar in llama.cpp's GBNF, of texts that are JSON and fit the schema.
// Known: type, properties, required, additionalProperties, items, minItems, maxItems, minLength, maxLength,
// enum, const, anyOf, oneOf if no value can fit two of its alternatives, and $ref into $defs or definitions. Properties
// come in the schema's order, those that it does not name do not come at all but for an object without properties. A keyword
// that would be broken is an error, as are keywords beside each other of which only one could be kept. The schema is bounded
// before anything is built, and so are the alternatives that a text may leave open, as the cost of each token grows with both.
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
	refs        map[string]*node // of each $ref of the root
	referred    int              // refs of all schemas
	leaves      int              // nodes that have no alternatives
	repetitions int
	made        int       // rules but for those of values
	values      int       // of enums
	literal     int       // bytes
	oneOf       [][]*node // the alternatives of each oneOf of the root
	compared    int       // of them, with each other
}

// Add adds the rules for a schema, and returns what matches its texts.
func (g *Rules) Add(schema []byte) (string, error) {
	if g.bytes += len(schema); g.bytes > maxSchemaBytes {
		return "", errTooLarge
	}
	g.root, g.refs, g.oneOf = schema, map[string]*node{}, nil
	body, root, err := g.value(schema, 0)
	if err != nil {
		return "", err
	}
	if err := follow(root); err != nil {
		return "", err
	}
	for _, alternatives := range g.oneOf {
		if err := g.checkOneOf(alternatives); err != nil {
			return "", err
		}
	}
	return body, nil
}

// String returns the rules.
func (g *Rules) String() string { return strings.Join(g.rules, "") + jsonRules }
