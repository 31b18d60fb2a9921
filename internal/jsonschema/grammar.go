package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

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
	maxSchemaBytes  = 256 << 10
	maxSchemaDepth  = 32
	maxSchemaRules  = 1000
	maxRepetition   = 1000  // llama.cpp unrolls it
	maxRepetitions  = 8000  // of all that the schema has, together
	maxValues       = 2000  // of all enums
	maxLiteralBytes = 64000 // of these and of the names of properties
	maxAlternatives = 300   // that are open at one place: llama.cpp compares the whole vocabulary with each
)

var errTooLarge = errors.New("the schema is too large")

func (g *Rules) rule(body string) (string, error) {
	if g.made++; g.made > maxSchemaRules {
		return "", errTooLarge
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
func (g *Rules) value(schema []byte, depth int) (string, *node, error) {
	if depth > maxSchemaDepth {
		return "", nil, fmt.Errorf("the schema is more than %d levels deep", maxSchemaDepth)
	}
	switch text := strings.TrimSpace(string(schema)); text {
	case "true", "{}", "":
		return "any", g.leaf(allKinds), nil
	case "false":
		return "", nil, errors.New("a schema that is false has no values")
	}
	var n schemaNode
	d := json.NewDecoder(bytes.NewReader(schema))
	d.DisallowUnknownFields()
	if err := d.Decode(&n); err != nil {
		return "", nil, keywordError(err)
	}
	if err := checkKeywords(schema); err != nil {
		return "", nil, err
	}
	if err := n.check(); err != nil {
		return "", nil, err
	}
	types, err := typesOf(n.Type)
	switch {
	case err != nil:
		return "", nil, err
	case n.Ref != "":
		return g.ref(n.Ref, depth)
	case n.Const != nil:
		return g.literals([]json.RawMessage{n.Const}, types)
	case n.Enum != nil:
		return g.literals(n.Enum, types)
	case n.AnyOf != nil || n.OneOf != nil:
		return g.alternatives(&n, depth)
	case n.Type == nil && n.Properties == nil:
		return "any", g.leaf(allKinds), nil
	case n.Type == nil:
		types = []string{"object"}
	}
	one := &node{}
	var out []string
	for _, t := range types {
		body, of, err := g.typed(t, &n, depth)
		if err != nil {
			return "", nil, err
		}
		out, one.either = append(out, body), append(one.either, of)
	}
	return "(" + strings.Join(out, " | ") + ")", one, nil
}

// keywordError says in the words of JSON why a schema cannot be read, and names the keyword if one is at fault.
func keywordError(err error) error {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) && typed.Field != "" {
		return fmt.Errorf("%s: %w", typed.Field, Readable(err))
	}
	return errors.New(strings.Replace(Readable(err).Error(), "unknown field", "unsupported keyword", 1))
}

// typed returns what matches the values of one of the schema's types, which are known.
func (g *Rules) typed(kind string, n *schemaNode, depth int) (string, *node, error) {
	switch kind {
	case "integer", "number", "boolean", "null":
		return kind, g.leaf(kindOf(kind)), nil
	case "string":
		if n.MinLength == 0 && n.MaxLength == nil {
			return kind, g.leaf(kindOf(kind)), nil
		}
		times, err := g.repetition(n.MinLength, n.MaxLength)
		return `"\"" char` + times + ` "\""`, g.leaf(kindOf(kind)), err
	case "array":
		return g.array(n, depth)
	}
	if n.Properties != nil {
		return g.object(n, depth)
	}
	switch {
	case len(n.Required) > 0 || !n.open() && string(n.Additional) != "false":
		return "", nil, errors.New("an object without properties can neither bound others nor require any")
	case !n.open(): // it has no members, as a tool without parameters
		n.Properties = json.RawMessage("{}")
		return g.object(n, depth)
	}
	return kind, g.leaf(kindOf(kind)), nil
}

// repetition are the bounds of a repetition, and what they cost.
func (g *Rules) repetition(least int, most *int) (string, error) {
	times, err := repetition(least, most)
	if g.repetitions += least; most != nil {
		g.repetitions += *most - least
	}
	if err == nil && g.repetitions > maxRepetitions {
		return "", fmt.Errorf("%w: its lengths and numbers of items add up to more than %d", errTooLarge, maxRepetitions)
	}
	return times, err
}

func repetition(least int, most *int) (string, error) {
	switch {
	case least < 0 || least > maxRepetition || most != nil && (*most < 0 || *most > maxRepetition):
		return "", fmt.Errorf("lengths and numbers of items are bounded by 0 to %d", maxRepetition)
	case most != nil && *most < least:
		return "", fmt.Errorf("a length or number of items cannot be at least %d and at most %d", least, *most)
	}
	if most == nil {
		return fmt.Sprintf("{%d,}", least), nil
	}
	return fmt.Sprintf("{%d,%d}", least, *most), nil
}

func (g *Rules) array(n *schemaNode, depth int) (string, *node, error) {
	one := g.leaf(arrayKind)
	item := "any"
	if n.Items != nil {
		var err error
		if item, one.items, err = g.value(n.Items, depth+1); err != nil {
			return "", nil, fmt.Errorf("items: %w", err)
		}
	}
	if _, err := repetition(n.MinItems, n.MaxItems); err != nil {
		return "", nil, err
	}
	if n.MaxItems != nil && *n.MaxItems == 0 {
		return `"[" ws "]"`, one, nil
	}
	more := *n
	more.MinItems = max(0, n.MinItems-1)
	if n.MaxItems != nil {
		rest := *n.MaxItems - 1
		more.MaxItems = &rest
	}
	times, err := g.repetition(more.MinItems, more.MaxItems)
	if err != nil {
		return "", nil, err
	}
	name, err := g.rule(item)
	body := fmt.Sprintf(`%s (ws "," ws %s)%s`, name, name, times)
	if n.MinItems == 0 {
		body = "(" + body + ")?"
	}
	return `"[" ws ` + body + ` ws "]"`, one, err
}

// object has the properties in order. after is what can follow when one was there already, first when none was;
// "" is nothing.
func (g *Rules) object(n *schemaNode, depth int) (string, *node, error) {
	names, schemas, err := members(n.Properties)
	if err != nil {
		return "", nil, fmt.Errorf("properties: %w", err)
	}
	required := map[string]bool{}
	for _, name := range n.Required {
		required[name] = true
	}
	one := g.leaf(objectKind)
	one.members = make([]member, len(names))
	after, first := "", ""
	for i := len(names) - 1; i >= 0; i-- {
		value, of, err := g.value(schemas[i], depth+1)
		if err != nil {
			return "", nil, fmt.Errorf("%.100s: %w", names[i], err)
		}
		if g.literal += len(names[i]); g.literal > maxLiteralBytes {
			return "", nil, errTooLarge
		}
		named, err := g.rule(Literal(mustJSON(names[i])) + ` ws ":" ws ` + value)
		if err != nil {
			return "", nil, err
		}
		one.members[i] = member{names[i], required[names[i]], of}
		alone, more := "("+named+" "+after+")", `ws "," ws `+named
		switch {
		case required[names[i]]:
			delete(required, names[i])
		case first == "":
			alone, more = alone+"?", "("+more+")?"
		default:
			alone, more = alone+" | "+first, "("+more+")?"
		}
		if first, err = g.rule(alone); err != nil {
			return "", nil, err
		}
		if after, err = g.rule(more + " " + after); err != nil {
			return "", nil, err
		}
	}
	for _, name := range n.Required {
		if required[name] {
			return "", nil, fmt.Errorf("the required property %q is not among the properties", name)
		}
	}
	return `"{" ws ` + first + ` ws "}"`, one, nil
}

// members reads an object in the order in which it is written, each name once.
func members(object []byte) (names []string, values []json.RawMessage, err error) {
	seen := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, nil, errors.New("not an object")
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		if seen[name.(string)] {
			return nil, nil, fmt.Errorf("%.100q occurs twice", name)
		}
		seen[name.(string)] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
		names, values = append(names, name.(string)), append(values, value)
	}
	return names, values, nil
}

func (g *Rules) alternatives(n *schemaNode, depth int) (string, *node, error) {
	schemas := slices.Concat(n.AnyOf, n.OneOf) // one of the two is empty
	if len(schemas) > maxAlternatives {
		return "", nil, errTooManyAlternatives
	}
	one := &node{}
	var out []string
	for _, schema := range schemas {
		body, of, err := g.value(schema, depth+1)
		if err != nil {
			return "", nil, err
		}
		out, one.either = append(out, body), append(one.either, of)
	}
	if len(out) == 0 {
		return "", nil, errors.New("anyOf and oneOf need alternatives")
	}
	if n.OneOf != nil {
		g.oneOf = append(g.oneOf, one.either)
	}
	return "(" + strings.Join(out, " | ") + ")", one, nil
}

// ref makes one rule of what is referred to, which may refer to itself.
func (g *Rules) ref(ref string, depth int) (string, *node, error) {
	if one := g.refs[ref]; one != nil {
		return one.rule, one, nil
	}
	at := g.root
	path, ok := strings.CutPrefix(ref, "#")
	if !ok {
		return "", nil, fmt.Errorf("$ref %q leads out of the schema", ref)
	}
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		var object map[string]json.RawMessage
		part = strings.NewReplacer("~1", "/", "~0", "~").Replace(part)
		if path != "" && (json.Unmarshal(at, &object) != nil || object[part] == nil) {
			return "", nil, fmt.Errorf("$ref %q leads nowhere", ref)
		}
		if path != "" {
			at = object[part]
		}
	}
	one := &node{ref: ref, rule: "ref" + strconv.Itoa(g.referred)}
	g.referred++
	g.refs[ref] = one
	body, of, err := g.value(at, depth+1)
	if err != nil {
		return "", nil, err
	}
	if g.made++; g.made > maxSchemaRules {
		return "", nil, errTooLarge
	}
	one.either = []*node{of}
	g.rules = append(g.rules, one.rule+" ::= "+body+"\n")
	return one.rule, one, nil
}

func mustJSON(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text always can be
	return strings.TrimSpace(b.String())
}

// Literal returns what matches a text alone.
func Literal(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `"`
}
