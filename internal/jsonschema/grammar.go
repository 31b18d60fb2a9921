// Package jsonschema turns JSON Schemas into grammars that a model can be held to.
package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Grammar turns a JSON schema into a grammar in llama.cpp's GBNF, of texts that are JSON and fit the schema.
// Known: type, properties, required, additionalProperties, items, minItems, maxItems, minLength, maxLength,
// enum, const, anyOf, oneOf, and $ref into $defs or definitions. Properties come in the schema's order, those that
// it does not name do not come at all but for an object without properties. A keyword that would be broken is an error.
func Grammar(schema []byte) (string, error) {
	g := &grammar{root: schema, refs: map[string]string{}}
	body, err := g.value(schema, 0)
	if err != nil {
		return "", err
	}
	return "root ::= " + body + "\n" + strings.Join(g.rules, "") + jsonRules, nil
}

// jsonRules are the parts of JSON. White space is bounded: a model must not go on with nothing else.
const jsonRules = `ws ::= | " " | "\n" [ \t]{0,20}
char ::= [^"\\\x7F\x00-\x1F] | [\\] (["\\bfnrt/] | "u" [0-9a-fA-F]{4})
string ::= "\"" char* "\""
integer ::= "-"? ("0" | [1-9] [0-9]{0,15})
number ::= integer ("." [0-9]{1,16})? ([eE] [-+]? [0-9]{1,3})?
boolean ::= "true" | "false"
null ::= "null"
object ::= "{" ws (member (ws "," ws member)*)? ws "}"
member ::= string ws ":" ws any
array ::= "[" ws (any (ws "," ws any)*)? ws "]"
any ::= string | number | boolean | null | object | array
`

const (
	maxSchemaDepth = 32
	maxSchemaRules = 1000
	maxRepetition  = 1000 // llama.cpp unrolls it
)

type grammar struct {
	root  []byte
	rules []string
	refs  map[string]string // rule of each $ref
}

func (g *grammar) rule(body string) (string, error) {
	if len(g.rules) >= maxSchemaRules {
		return "", errors.New("the schema is too large")
	}
	name := "r" + strconv.Itoa(len(g.rules))
	g.rules = append(g.rules, name+" ::= "+body+"\n")
	return name, nil
}

// schemaNode is a schema's keywords, those that say nothing about a value left out.
type schemaNode struct {
	Type          json.RawMessage   `json:"type"`
	Properties    json.RawMessage   `json:"properties"`
	Required      []string          `json:"required"`
	Additional    json.RawMessage   `json:"additionalProperties"`
	Items         json.RawMessage   `json:"items"`
	MinItems      int               `json:"minItems"`
	MaxItems      *int              `json:"maxItems"`
	MinLength     int               `json:"minLength"`
	MaxLength     *int              `json:"maxLength"`
	Enum          []json.RawMessage `json:"enum"`
	Const         json.RawMessage   `json:"const"`
	AnyOf         []json.RawMessage `json:"anyOf"`
	OneOf         []json.RawMessage `json:"oneOf"`
	Ref           string            `json:"$ref"`
	Defs          json.RawMessage   `json:"$defs"`
	Definitions   json.RawMessage   `json:"definitions"`
	Title         any               `json:"title"`
	Description   any               `json:"description"`
	Default       any               `json:"default"`
	Examples      any               `json:"examples"`
	Schema        any               `json:"$schema"`
	ID            any               `json:"$id"`
	Comment       any               `json:"$comment"`
	Deprecated    any               `json:"deprecated"`
	ReadOnly      any               `json:"readOnly"`
	WriteOnly     any               `json:"writeOnly"`
	PropertyOrder any               `json:"propertyOrdering"`
}

// value returns what matches the schema's values.
func (g *grammar) value(schema []byte, depth int) (string, error) {
	if depth > maxSchemaDepth {
		return "", fmt.Errorf("the schema is more than %d levels deep", maxSchemaDepth)
	}
	switch text := strings.TrimSpace(string(schema)); text {
	case "true", "{}", "":
		return "any", nil
	case "false":
		return "", errors.New("a schema that is false has no values")
	}
	var n schemaNode
	d := json.NewDecoder(bytes.NewReader(schema))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return "", errors.New(strings.Replace(strings.TrimPrefix(err.Error(), "json: "), "unknown field", "unsupported keyword", 1))
	}
	switch {
	case n.Ref != "":
		return g.ref(n.Ref, depth)
	case n.Const != nil:
		return literals([]json.RawMessage{n.Const})
	case n.Enum != nil:
		return literals(n.Enum)
	case n.AnyOf != nil || n.OneOf != nil:
		return g.alternatives(append(n.AnyOf, n.OneOf...), depth)
	}
	var types []string
	if json.Unmarshal(n.Type, &types) != nil {
		var one string
		if n.Type == nil && n.Properties != nil {
			one = "object"
		} else if n.Type == nil {
			return "any", nil
		} else if err := json.Unmarshal(n.Type, &one); err != nil {
			return "", errors.New("type is neither a text nor a list of texts")
		}
		types = []string{one}
	}
	var out []string
	for _, t := range types {
		body, err := g.typed(t, &n, depth)
		if err != nil {
			return "", err
		}
		out = append(out, body)
	}
	if len(out) == 0 {
		return "", errors.New("type is an empty list")
	}
	return "(" + strings.Join(out, " | ") + ")", nil
}

func (g *grammar) typed(kind string, n *schemaNode, depth int) (string, error) {
	switch kind {
	case "integer", "number", "boolean", "null":
		return kind, nil
	case "string":
		if n.MinLength == 0 && n.MaxLength == nil {
			return kind, nil
		}
		times, err := repetition(n.MinLength, n.MaxLength)
		return `"\"" char` + times + ` "\""`, err
	case "array":
		return g.array(n, depth)
	case "object":
		if n.Properties == nil {
			if additional := string(n.Additional); additional != "" && additional != "true" || len(n.Required) > 0 {
				return "", errors.New("an object without properties can neither bound others nor require any")
			}
			return kind, nil
		}
		return g.object(n, depth)
	}
	return "", fmt.Errorf("the type %q is not known", kind)
}

func repetition(least int, most *int) (string, error) {
	if least < 0 || least > maxRepetition || most != nil && (*most < least || *most > maxRepetition) {
		return "", fmt.Errorf("lengths and numbers of items are bounded by 0 to %d", maxRepetition)
	}
	if most == nil {
		return fmt.Sprintf("{%d,}", least), nil
	}
	return fmt.Sprintf("{%d,%d}", least, *most), nil
}

func (g *grammar) array(n *schemaNode, depth int) (string, error) {
	item := "any"
	if n.Items != nil {
		var err error
		if item, err = g.value(n.Items, depth+1); err != nil {
			return "", err
		}
	}
	if _, err := repetition(n.MinItems, n.MaxItems); err != nil {
		return "", err
	}
	if n.MaxItems != nil && *n.MaxItems == 0 {
		return `"[" ws "]"`, nil
	}
	more := *n
	more.MinItems = max(0, n.MinItems-1)
	if n.MaxItems != nil {
		rest := *n.MaxItems - 1
		more.MaxItems = &rest
	}
	times, err := repetition(more.MinItems, more.MaxItems)
	if err != nil {
		return "", err
	}
	name, err := g.rule(item)
	body := fmt.Sprintf(`%s (ws "," ws %s)%s`, name, name, times)
	if n.MinItems == 0 {
		body = "(" + body + ")?"
	}
	return `"[" ws ` + body + ` ws "]"`, err
}

// object has the properties in order. after is what can follow when one was there already, first when none was;
// "" is nothing.
func (g *grammar) object(n *schemaNode, depth int) (string, error) {
	names, schemas, err := members(n.Properties)
	if err != nil {
		return "", fmt.Errorf("properties: %w", err)
	}
	required := map[string]bool{}
	for _, name := range n.Required {
		required[name] = true
	}
	after, first := "", ""
	for i := len(names) - 1; i >= 0; i-- {
		value, err := g.value(schemas[i], depth+1)
		if err != nil {
			return "", fmt.Errorf("%s: %w", names[i], err)
		}
		member, err := g.rule(quote(mustJSON(names[i])) + ` ws ":" ws ` + value)
		if err != nil {
			return "", err
		}
		alone, more := "("+member+" "+after+")", `ws "," ws `+member
		switch {
		case required[names[i]]:
			delete(required, names[i])
		case first == "":
			alone, more = alone+"?", "("+more+")?"
		default:
			alone, more = alone+" | "+first, "("+more+")?"
		}
		if first, err = g.rule(alone); err != nil {
			return "", err
		}
		if after, err = g.rule(more + " " + after); err != nil {
			return "", err
		}
	}
	for _, name := range n.Required {
		if required[name] {
			return "", fmt.Errorf("the required property %q is not among the properties", name)
		}
	}
	return `"{" ws ` + first + ` ws "}"`, nil
}

// members reads an object in the order in which it is written.
func members(object []byte) (names []string, values []json.RawMessage, err error) {
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("not an object")
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

func (g *grammar) alternatives(schemas []json.RawMessage, depth int) (string, error) {
	var out []string
	for _, schema := range schemas {
		body, err := g.value(schema, depth+1)
		if err != nil {
			return "", err
		}
		out = append(out, body)
	}
	if len(out) == 0 {
		return "", errors.New("anyOf and oneOf need alternatives")
	}
	return "(" + strings.Join(out, " | ") + ")", nil
}

// ref makes one rule of what is referred to, which may refer to itself.
func (g *grammar) ref(ref string, depth int) (string, error) {
	if name := g.refs[ref]; name != "" {
		return name, nil
	}
	at := g.root
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return "", fmt.Errorf("$ref %q leads out of the schema", ref)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		var object map[string]json.RawMessage
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if path != "" && (json.Unmarshal(at, &object) != nil || object[part] == nil) {
			return "", fmt.Errorf("$ref %q leads nowhere", ref)
		}
		if path != "" {
			at = object[part]
		}
	}
	name := "ref" + strconv.Itoa(len(g.refs))
	g.refs[ref] = name
	body, err := g.value(at, depth+1)
	if err != nil {
		return "", err
	}
	if body == name {
		return "", fmt.Errorf("$ref %q is itself", ref)
	}
	g.rules = append(g.rules, name+" ::= "+body+"\n")
	return name, nil
}

// literals are values as they are written.
func literals(values []json.RawMessage) (string, error) {
	var out []string
	for _, value := range values {
		var b bytes.Buffer
		if err := json.Compact(&b, value); err != nil {
			return "", err
		}
		out = append(out, quote(b.String()))
	}
	if len(out) == 0 {
		return "", errors.New("an empty enum has no values")
	}
	return "(" + strings.Join(out, " | ") + ")", nil
}

func mustJSON(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text always can be
	return strings.TrimSpace(b.String())
}

// quote makes a literal of a grammar.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `"`
}
