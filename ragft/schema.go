package ragft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrSchema means that a JSON Schema cannot be turned into a grammar.
var ErrSchema = errors.New("unusable JSON Schema")

// maxRepeat bounds maxLength and maxItems, as llama.cpp's grammars do.
const maxRepeat = 1000

// schemaGrammar turns a JSON Schema into a grammar in llama.cpp's GBNF whose
// texts are JSON values that meet the schema. It knows type (object, array,
// string, number, integer, boolean, null), enum, const, properties, items,
// minItems, maxItems, maxLength and anyOf. Every property is written, required
// or not, in the order of the schema, which every reader of the schema has to
// accept. Any other keyword that would restrict the value is an [ErrSchema]
// rather than passed over.
func schemaGrammar(schema json.RawMessage) (string, error) {
	b := grammarBuilder{}
	root, err := b.value(schema)
	if err != nil {
		return "", fmt.Errorf("ragft: %w: %w", ErrSchema, err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "root ::= %s\n", root)
	for i, rule := range b.rules {
		fmt.Fprintf(&out, "r%d ::= %s\n", i, rule)
	}
	out.WriteString(`gap ::= " "?
char ::= [^"\\\x7F\x00-\x1F] | "\\" (["\\/bfnrt] | "u" [0-9a-fA-F]{4})
whole ::= "-"? ("0" | [1-9] [0-9]{0,15})
real ::= whole ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
`)
	return out.String(), nil
}

type grammarBuilder struct{ rules []string }

// add makes a rule and returns its name.
func (b *grammarBuilder) add(rule string) string {
	b.rules = append(b.rules, rule)
	return fmt.Sprintf("r%d", len(b.rules)-1)
}

// jsonSchema is what a schema may say. Properties stay raw, since their order counts.
type jsonSchema struct {
	Type       string            `json:"type"`
	Enum       []json.RawMessage `json:"enum"`
	Const      json.RawMessage   `json:"const"`
	Properties json.RawMessage   `json:"properties"`
	Required   []string          `json:"required"`
	Items      json.RawMessage   `json:"items"`
	MinItems   int               `json:"minItems"`
	MaxItems   *int              `json:"maxItems"`
	MaxLength  *int              `json:"maxLength"`
	AnyOf      []json.RawMessage `json:"anyOf"`

	Closed      json.RawMessage `json:"additionalProperties"` // nothing but Properties is ever written
	Schema      string          `json:"$schema"`
	Title       string          `json:"title"`
	Description string          `json:"description"`
	Default     json.RawMessage `json:"default"`
	Examples    json.RawMessage `json:"examples"`
}

func (b *grammarBuilder) value(raw json.RawMessage) (string, error) {
	var s jsonSchema
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		return "", err
	}
	switch {
	case s.Const != nil:
		return b.literals([]json.RawMessage{s.Const})
	case s.Enum != nil:
		return b.literals(s.Enum)
	case s.AnyOf != nil:
		return b.anyOf(s.AnyOf)
	}
	switch s.Type {
	case "object":
		return b.object(s)
	case "array":
		return b.array(s)
	case "string":
		if s.MaxLength == nil {
			return b.add(`"\"" char* "\""`), nil
		}
		if *s.MaxLength < 0 || *s.MaxLength > maxRepeat {
			return "", fmt.Errorf("maxLength is %d: it may be 0 to %d", *s.MaxLength, maxRepeat)
		}
		return b.add(fmt.Sprintf(`"\"" char{0,%d} "\""`, *s.MaxLength)), nil
	case "integer":
		return "whole", nil
	case "number":
		return "real", nil
	case "boolean":
		return b.add(`"true" | "false"`), nil
	case "null":
		return b.add(`"null"`), nil
	}
	return "", fmt.Errorf("type %q: it must be object, array, string, number, integer, boolean or null", s.Type)
}

// literals are values as they are written in the schema, without blank space.
func (b *grammarBuilder) literals(values []json.RawMessage) (string, error) {
	if len(values) == 0 {
		return "", errors.New("an enum without values")
	}
	var rules []string
	for _, v := range values {
		var compact bytes.Buffer
		if err := json.Compact(&compact, v); err != nil {
			return "", err
		}
		rules = append(rules, quoteGBNF(compact.String()))
	}
	return b.add(strings.Join(rules, " | ")), nil
}

// quoteGBNF quotes text for GBNF.
func quoteGBNF(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(text) + `"`
}

func (b *grammarBuilder) anyOf(schemas []json.RawMessage) (string, error) {
	var names []string
	for _, s := range schemas {
		name, err := b.value(s)
		if err != nil {
			return "", err
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return "", errors.New("an anyOf without schemas")
	}
	return b.add(strings.Join(names, " | ")), nil
}

func (b *grammarBuilder) object(s jsonSchema) (string, error) {
	names, schemas, err := orderedFields(s.Properties)
	if err != nil {
		return "", fmt.Errorf("properties: %w", err)
	}
	for _, name := range s.Required {
		if !slices.Contains(names, name) {
			return "", fmt.Errorf("%q is required, but not among the properties", name)
		}
	}
	var rule strings.Builder
	rule.WriteString(`"{" gap`)
	for i, name := range names {
		if i > 0 {
			rule.WriteString(` "," gap`)
		}
		value, err := b.value(schemas[i])
		if err != nil {
			return "", fmt.Errorf("property %q: %w", name, err)
		}
		key, err := json.Marshal(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&rule, ` %s ":" gap %s`, quoteGBNF(string(key)), value)
	}
	rule.WriteString(` gap "}"`)
	return b.add(rule.String()), nil
}

// orderedFields reads a JSON object with the order of its fields.
func orderedFields(raw json.RawMessage) (names []string, values []json.RawMessage, err error) {
	if len(raw) == 0 {
		return nil, nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if token, err := d.Token(); err != nil || token != json.Delim('{') {
		return nil, nil, errors.Join(errors.New("not an object"), err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values, nil
}

func (b *grammarBuilder) array(s jsonSchema) (string, error) {
	item, err := b.value(s.Items)
	if err != nil {
		return "", fmt.Errorf("items: %w", err)
	}
	most := ""
	switch {
	case s.MinItems < 0 || s.MinItems > maxRepeat:
		return "", fmt.Errorf("minItems is %d: it may be 0 to %d", s.MinItems, maxRepeat)
	case s.MaxItems == nil:
	case *s.MaxItems < max(1, s.MinItems) || *s.MaxItems > maxRepeat:
		return "", fmt.Errorf("maxItems is %d: it may be %d to %d", *s.MaxItems, max(1, s.MinItems), maxRepeat)
	default:
		most = fmt.Sprint(*s.MaxItems - 1)
	}
	some := fmt.Sprintf(`%s ("," gap %s){%d,%s}`, item, item, max(0, s.MinItems-1), most)
	if s.MinItems == 0 {
		some = "(" + some + ")?"
	}
	return b.add(fmt.Sprintf(`"[" gap %s gap "]"`, some)), nil
}
