package jsonschema

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

var errTooManyAlternatives = fmt.Errorf("%w: more than %d alternatives are open at one place", errTooLarge, maxAlternatives)

// known are the keywords of a schemaNode.
var known = func() map[string]bool {
	names := map[string]bool{}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[schemaNode]()) {
		names[f.Tag.Get("json")] = true
	}
	return names
}()

// checkKeywords refuses what package json takes in silence: a keyword in other case, the first of two that are the same, and null in
// place of a schema.
func checkKeywords(schema []byte) error {
	names, _, err := members(schema)
	if err != nil {
		return fmt.Errorf("a schema is an object, true or false: %w", err)
	}
	for _, name := range names {
		if !known[name] {
			return fmt.Errorf("unsupported keyword %.100q", name)
		}
	}
	return nil
}

// open reports whether an object may have members beyond its properties.
func (n *schemaNode) open() bool {
	switch strings.TrimSpace(string(n.Additional)) {
	case "", "true", "{}", "null":
		return true
	}
	return false
}

// check refuses keywords beside each other of which a grammar could keep only one.
func (n *schemaNode) check() error {
	var kinds []string
	add := func(name string, there bool) {
		if there {
			kinds = append(kinds, name)
		}
	}
	add("$ref", n.Ref != "")
	add("const", n.Const != nil)
	add("enum", n.Enum != nil)
	add("anyOf", n.AnyOf != nil)
	add("oneOf", n.OneOf != nil)
	alone := len(kinds) // of these, one can hold
	add("properties", n.Properties != nil)
	add("required", len(n.Required) > 0)
	add("additionalProperties", !n.open())
	add("items", n.Items != nil)
	add("minItems", n.MinItems != 0)
	add("maxItems", n.MaxItems != nil)
	add("minLength", n.MinLength != 0)
	add("maxLength", n.MaxLength != nil)
	switch {
	case alone > 0 && len(kinds) > 1:
		return fmt.Errorf("%s beside %s is not supported", kinds[0], kinds[1])
	case alone > 0 && n.Type != nil && n.Const == nil && n.Enum == nil:
		return fmt.Errorf("%s beside type is not supported", kinds[0])
	case alone == 0 && n.Type == nil && n.Properties == nil && len(kinds) > 0:
		return fmt.Errorf("%s needs a type", kinds[0])
	}
	return nil
}

// literals are values as they are written, those of other types than the schema's left out. Many of them share their
// beginnings, so that only few are open at one place. Without types, there are values of all.
func (g *Rules) literals(values []json.RawMessage, types []string) (string, *node, error) {
	if len(values) == 0 {
		return "", nil, errors.New("an empty enum has no values")
	}
	if g.values += len(values); g.values > maxValues {
		return "", nil, fmt.Errorf("%w: more than %d values", errTooLarge, maxValues)
	}
	var texts []string
	for _, value := range values {
		var b bytes.Buffer
		if err := json.Compact(&b, value); err != nil {
			return "", nil, err
		}
		if g.literal += b.Len(); g.literal > maxLiteralBytes {
			return "", nil, fmt.Errorf("%w: its values have more than %d bytes", errTooLarge, maxLiteralBytes)
		}
		if types == nil || isOf(types, b.Bytes()) {
			texts = append(texts, b.String())
		}
	}
	if len(texts) == 0 {
		return "", nil, errors.New("none of the values has the type of the schema")
	}
	const few = 8
	if len(texts) <= few {
		var out []string
		for _, text := range texts {
			out = append(out, Literal(text))
		}
		return "(" + strings.Join(out, " | ") + ")", g.enum(texts, len(texts)), nil
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	body, ways, err := g.shared(texts)
	return body, g.enum(texts, ways), err
}

// typesOf reads a type, or a list of different types; nil if there is none.
func typesOf(raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var list []string
	if json.Unmarshal(raw, &list) != nil {
		list = make([]string, 1)
		if err := json.Unmarshal(raw, &list[0]); err != nil {
			return nil, errors.New("type is neither a text nor a list of texts")
		}
	}
	if len(list) == 0 {
		return nil, errors.New("type is an empty list")
	}
	for i, one := range list {
		if kindOf(one) == 0 {
			return nil, fmt.Errorf("the type %.100q is not known", one)
		}
		if slices.Contains(list[:i], one) {
			return nil, fmt.Errorf("the type %q occurs twice", one)
		}
	}
	return list, nil
}

// isOf reports whether a value is of one of a list of types.
func isOf(types []string, value []byte) bool {
	number, err := strconv.ParseFloat(string(value), 64)
	whole := err == nil && number == math.Trunc(number) // 2.0 is one of the integers, too
	return slices.ContainsFunc(types, func(name string) bool {
		return kindOf(name) == kindOfText(string(value)) && (name != "integer" || whole)
	})
}

// shared returns what matches one of several different texts, which are sorted, and how many of its alternatives are open at one
// place. Their common beginnings are written once.
func (g *Rules) shared(texts []string) (body string, open int, err error) {
	same := len(texts[0])
	for _, text := range texts[1:] {
		n := 0
		for n < min(same, len(text)) && texts[0][n] == text[n] {
			n++
		}
		same = n
	}
	for same > 0 && same < len(texts[0]) && !utf8.RuneStart(texts[0][same]) {
		same--
	}
	if len(texts) == 1 {
		return Literal(texts[0]), 1, nil
	}
	var ways []string
	for i := 0; i < len(texts); {
		_, size := utf8.DecodeRuneInString(texts[i][same:])
		end := i + 1
		for end < len(texts) && strings.HasPrefix(texts[end][same:], texts[i][same:same+size]) && size > 0 {
			end++
		}
		group := slices.Clone(texts[i:end])
		for k := range group {
			group[k] = group[k][same:]
		}
		way, inner, err := g.shared(group)
		if err != nil {
			return "", 0, err
		}
		ways, i, open = append(ways, way), end, max(open, inner)
	}
	if len(ways) > maxAlternatives {
		return "", 0, errTooManyAlternatives
	}
	name := fmt.Sprintf("l%d", len(g.rules))
	g.rules = append(g.rules, name+" ::= "+strings.Join(ways, " | ")+"\n")
	if same > 0 {
		name = Literal(texts[0][:same]) + " " + name
	}
	return name, max(open, len(ways)), nil
}
