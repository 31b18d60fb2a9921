package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// CheckStrict returns an error for what OpenAI's strict mode does not allow in a schema: a root that is no object, an object
// with properties beyond those that it names, a property that is not required, and a value of any kind.
func CheckStrict(schema []byte) error {
	if len(schema) > maxSchemaBytes {
		return errTooLarge
	}
	root, err := strictNode(schema)
	if err != nil {
		return err
	}
	if types, err := typesOf(root.Type); err != nil || len(types) != 1 || types[0] != "object" || root.AnyOf != nil || root.Ref != "" {
		return errors.New(`in a strict schema the type of the root must be "object"`)
	}
	return root.check("", 0)
}

// strictSchema is what strict mode looks at.
type strictSchema struct {
	Type        json.RawMessage            `json:"type"`
	Properties  map[string]json.RawMessage `json:"properties"`
	Required    []string                   `json:"required"`
	Additional  json.RawMessage            `json:"additionalProperties"`
	Items       json.RawMessage            `json:"items"`
	AnyOf       []json.RawMessage          `json:"anyOf"`
	OneOf       []json.RawMessage          `json:"oneOf"`
	Enum        []json.RawMessage          `json:"enum"`
	Const       json.RawMessage            `json:"const"`
	Ref         string                     `json:"$ref"`
	Defs        map[string]json.RawMessage `json:"$defs"`
	Definitions map[string]json.RawMessage `json:"definitions"`
}

func strictNode(schema []byte) (*strictSchema, error) {
	var n *strictSchema
	if err := json.Unmarshal(schema, &n); err != nil || n == nil {
		return nil, errors.New("a strict schema must be an object")
	}
	return n, nil
}

// check checks the schema at a path, and all in it.
func (n *strictSchema) check(path string, depth int) error {
	in := func(format string, args ...any) error {
		err := fmt.Errorf(format, args...)
		if path != "" {
			err = fmt.Errorf("%.100s: %w", path, err)
		}
		return err
	}
	if depth > maxSchemaDepth {
		return in("the schema is more than %d levels deep", maxSchemaDepth)
	}
	types, err := typesOf(n.Type)
	if err != nil {
		return in("%w", err)
	}
	if types == nil && n.Properties == nil && n.AnyOf == nil && n.OneOf == nil && n.Enum == nil && n.Const == nil && n.Ref == "" {
		return in("a strict schema must say of which type a value is")
	}
	if n.Properties != nil || slices.Contains(types, "object") {
		if string(n.Additional) != "false" {
			return in("additionalProperties must be false in a strict schema")
		}
		for _, name := range slices.Sorted(maps.Keys(n.Properties)) {
			if !slices.Contains(n.Required, name) {
				return in("all properties must be required in a strict schema, and %.100q is not", name)
			}
		}
	}
	if slices.Contains(types, "array") && n.Items == nil {
		return in("items must say in a strict schema of which type they are")
	}
	return n.each(path, func(path string, schema json.RawMessage) error {
		inner, err := strictNode(schema)
		if err != nil {
			return fmt.Errorf("%.100s: %w", path, err)
		}
		return inner.check(path, depth+1)
	})
}

// each calls a function with the schemas directly in this one, in a fixed order.
func (n *strictSchema) each(path string, call func(path string, schema json.RawMessage) error) error {
	if path != "" {
		path += "."
	}
	for _, named := range []struct {
		name    string
		schemas map[string]json.RawMessage
	}{{"properties", n.Properties}, {"$defs", n.Defs}, {"definitions", n.Definitions}} {
		for _, name := range slices.Sorted(maps.Keys(named.schemas)) {
			if err := call(path+named.name+"."+name, named.schemas[name]); err != nil {
				return err
			}
		}
	}
	for _, listed := range []struct {
		name    string
		schemas []json.RawMessage
	}{{"anyOf", n.AnyOf}, {"oneOf", n.OneOf}} {
		for i, schema := range listed.schemas {
			if err := call(fmt.Sprintf("%s%s[%d]", path, listed.name, i), schema); err != nil {
				return err
			}
		}
	}
	if n.Items != nil {
		return call(path+"items", n.Items)
	}
	return nil
}
