package jsonschema

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A grammar gives the values of any alternative, and oneOf only those of one: it is followed where no value can be of two.
func TestOneOf(t *testing.T) {
	object := func(body string) string { return `{"type":"object",` + body + `}` }
	tagged := func(tag, more string) string {
		return object(`"properties":{"kind":{"const":"` + tag + `"}` + more + `},"required":["kind"]`)
	}
	of := func(alternatives string) string { return `{"oneOf":[` + alternatives + `]}` }
	for _, apart := range []string{
		of(`{"type":"string"}`), of(`{"type":"string"},{"type":"null"}`),
		of(`{"type":["string","boolean"]},{"type":"integer"},{"type":"object"}`),
		of(`{"const":"a"},{"const":"b"},{"enum":["c",1,null]}`), of(`{"const":1},{"type":"string"}`), of(`{"enum":["a","b"]},{"type":"array"}`),
		of(tagged("a", "") + `,` + tagged("b", `,"n":{"type":"integer"}`)),
		of(tagged("a", "") + `,` + tagged("b", "") + `,{"type":"null"}`),
		of(object(`"properties":{"a":{}},"required":["a"]`) + `,` + object(`"properties":{"b":{}},"required":["b"]`)),
		of(object(`"properties":{"a":{"type":"string"}},"required":["a"]`) + `,` +
			object(`"properties":{"a":{"type":"null"}},"required":["a"]`)),
		`{"$defs":{"a":` + tagged("a", "") + `,"b":` + tagged("b", `,"next":{"$ref":"#/$defs/either"}`) + `,"either":` +
			of(`{"$ref":"#/$defs/a"},{"$ref":"#/$defs/b"}`) + `},"$ref":"#/$defs/either"}`,
		of(tagged("a", "") + `,` + object(`"properties":{"kind":{"const":"b"}}`)),
		of(`{"anyOf":[{"type":"string"},{"const":"a"}]},{"type":"null"}`),
	} {
		_, err := Grammar([]byte(apart))
		require.NoError(t, err, apart)
	}
	for _, both := range []string{
		of(`{"type":"string"},{"type":"string"}`), of(`{"type":"integer"},{"type":"number"}`), of(`{"type":"string"},{"enum":["a"]}`),
		of(`{"const":"a"},{"const":"\u0061"}`), of(`{"const":1},{"const":1.0}`), of(`{"const":{"a":1,"b":2}},{"const":{"b":2,"a":1}}`),
		of(`{"type":["string","null"]},{"type":["null","integer"]}`), of(`{},{"type":"null"}`),
		of(`{"type":"object"},` + tagged("a", "")), of(tagged("a", "") + `,` + tagged("a", "")),
		of(object(`"properties":{"a":{},"b":{}},"required":["a"]`) + `,` + object(`"properties":{"a":{},"b":{}},"required":["b"]`)),
		of(object(`"properties":{"a":{}},"required":["a"]`) + `,` + object(`"properties":{"b":{}}`)),
		of(`{"type":"array","items":{"type":"string"}},{"type":"array","items":{"type":"null"}}`), of(`{"type":"array"},{"const":[1]}`),
		`{"type":"array","items":` + of(`{"type":"string"},{"type":"string","maxLength":3}`) + `}`,
		object(`"properties":{"x":` + of(`{"$ref":"#/$defs/a"},{"$ref":"#/$defs/a"}`) + `},"$defs":{"a":{"type":"null"}}`),
	} {
		_, err := Grammar([]byte(both))
		require.ErrorContains(t, err, "oneOf", both)
		require.ErrorContains(t, err, "anyOf", "it says what to write instead")
	}
}
