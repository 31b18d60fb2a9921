package jsonschema

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// times repeats a text with commas between.
func times(n int, text string) string { return strings.TrimSuffix(strings.Repeat(text+",", n), ",") }

// ambiguous are schemas of a few lines for which llama.cpp would follow thousands of alternatives at once.
func ambiguous() map[string]string {
	either := func(n int, of string) string { return `{"anyOf":[` + times(n, of) + `]}` }
	array := func(of string) string { return `{"type":"array","minItems":1,"items":` + of + `}` }
	object := func(more string) string { return `{"type":"object","properties":{"a":` + more + `},"required":["a"]}` }
	const empty = `{"type":"array","maxItems":0}`
	tree := func(of ...string) string {
		return `{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[` + strings.Join(of, ",") + `,{"type":"null"}]}}}`
	}
	const again = `{"$ref":"#/$defs/a"}`
	values := func(first rune) string {
		var list []string
		for i := range 290 {
			list = append(list, fmt.Sprintf("%q", string(first+rune(i))))
		}
		return `{"enum":[` + strings.Join(list, ",") + `]}`
	}
	return map[string]string{
		"repeated types":      `{"type":["array",` + times(20000, `"array"`) + `],"maxItems":0}`,
		"repeated strings":    `{"type":["string",` + times(8000, `"string"`) + `],"maxLength":1}`,
		"repeated in an enum": `{"type":["string",` + times(8000, `"string"`) + `],"enum":["a"]}`,
		"arrays in arrays":    either(30, array(either(30, empty))),
		"objects in objects":  either(18, object(either(18, `{"type":"string","maxLength":9}`))),
		"objects in arrays": strings.Replace(either(20, array(`{"$ref":"#/$defs/b"}`)),
			"{", `{"$defs":{"b":`+either(20, object(empty))+`},`, 1),
		"by reference":         `{"anyOf":[` + times(30, array(`{"$ref":"#/$defs/b"}`)) + `],"$defs":{"b":` + either(30, empty) + `}}`,
		"two arrays for ever":  tree(array(again), array(again)),
		"two objects for ever": tree(object(again), object(again)),
		"told apart too late": tree(`{"properties":{"left":`+again+`,"kind":{"const":"a"}},"required":["left","kind"]}`,
			`{"properties":{"left":`+again+`,"kind":{"const":"b"}},"required":["left","kind"]}`),
		"objects of any members":  either(30, object(either(30, `{"type":"object"}`))),
		"beside a list of values": `{"anyOf":[{"enum":[["a"],["b"],[["c"]]]},` + array(either(298, empty)) + `]}`,
		"several enums":           `{"anyOf":[` + values('一') + `,` + values('丁') + `]}`,
		"enums in arrays":         either(2, array(values('一'))),
		"a number or a text":      either(30, object(`{"anyOf":[`+times(10, empty)+`,{"const":1},{"type":"string"}]}`)),
	}
}

// Alternatives that are open together are counted however they lie in each other, and the answer comes quickly.
func TestAlternativesThatMultiply(t *testing.T) {
	for what, schema := range ambiguous() {
		begin := time.Now()
		_, err := Grammar([]byte(schema))
		require.Error(t, err, what)
		require.Regexp(t, "alternatives are open|told apart|occurs twice", err.Error(), what)
		require.Less(t, time.Since(begin), 30*time.Second, what)
	}
}

// What can be told apart by the kind of a value, by the name of a member or by a constant does not multiply, however deep.
func TestAlternativesThatCanBeToldApart(t *testing.T) {
	of := func(kind, more string) string {
		return `{"type":"object","properties":{"kind":{"const":"` + kind + `"},` + more + `},"required":["kind"]}`
	}
	const again = `{"$ref":"#/$defs/a"}`
	tree := func(of ...string) string {
		return `{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[` + strings.Join(of, ",") + `]}}}`
	}
	chain := `{"type":"string"}`
	for range 14 {
		chain = `{"anyOf":[{"type":"null"},{"type":"array","items":` + chain + `}]}`
	}
	wide := `{"properties":{`
	for i := range 290 {
		wide += fmt.Sprintf(`"value %d":{"enum":["a","b"]},`, i)
	}
	for what, schema := range map[string]string{
		"a list":          tree(`{"properties":{"next":`+again+`}}`, `{"type":"null"}`),
		"nested arrays":   tree(`{"type":"array","items":`+again+`}`, `{"type":"string"}`, `{"type":"number"}`),
		"constants first": tree(of("add", `"l":`+again+`,"r":`+again), of("mul", `"l":`+again+`,"r":`+again), `{"type":"number"}`),
		"constants of enums": tree(`{"properties":{"kind":{"enum":["a","b"]},"of":`+again+`},"required":["kind"]}`,
			`{"properties":{"kind":{"enum":["c","d"]},"of":`+again+`},"required":["kind"]}`),
		"constants after names": tree(`{"properties":{"name":{"type":"string"},"kind":{"const":"a"},"of":`+again+
			`},"required":["name","kind"]}`, `{"properties":{"name":{"type":"string"},"kind":{"const":"b"},"of":`+again+
			`},"required":["name","kind"]}`),
		"other names": tree(`{"properties":{"not":`+again+`},"required":["not"]}`, `{"properties":{"all":{"type":"array","items":`+again+
			`}},"required":["all"]}`, `{"type":"string"}`),
		"kinds of members": tree(`{"properties":{"a":{"type":"string"},"b":`+again+`},"required":["a","b"]}`,
			`{"properties":{"a":{"type":"null"},"b":`+again+`},"required":["a","b"]}`),
		"a chain":           chain,
		"anything":          `{"anyOf":[{},{"type":"object"},{"type":"array","items":{"anyOf":[{},{"type":"null"}]}}]}`,
		"values with lists": tree(`{"enum":[[],[1]]}`, `{"type":"string"}`),
		"many members":      strings.TrimSuffix(wide, ",") + `}}`,
		"both in turn": `{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/b"}},{"type":"null"}]},` +
			`"b":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"string"}]}}}`,
	} {
		begin := time.Now()
		_, err := Grammar([]byte(schema))
		require.NoError(t, err, what)
		require.Less(t, time.Since(begin), 30*time.Second, what)
	}
}

// A reference that comes back to itself with nothing between has no beginning, also where it was resolved from elsewhere first.
func TestReferencesToThemselves(t *testing.T) {
	for _, schema := range []string{
		`{"$ref":"#"}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}`,
		`{"anyOf":[{"type":"null"},{"$ref":"#"}]}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"oneOf":[{"type":"null"},{"$ref":"#/$defs/a"}]}}}`,
		`{"$ref":"#/$defs/a","$defs":{"a":{"anyOf":[{"type":"array","items":{"$ref":"#/$defs/b"}},{"$ref":"#/$defs/b"}]},` +
			`"b":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}`,
		`{"properties":{"x":{"$ref":"#/$defs/a"}},"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}`,
		`{"type":"array","maxItems":0,"items":{"$ref":"#/$defs/a"},"$defs":{"a":{"anyOf":[{"$ref":"#/$defs/a"},{"type":"null"}]}}}`,
	} {
		_, err := Grammar([]byte(schema))
		require.ErrorContains(t, err, "is itself", schema)
	}
}
