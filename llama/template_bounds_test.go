//go:build cgo

package llama

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A template comes with a model's file. Whatever it does, it ends with an error and takes bounded time and memory.
func TestTemplateBounds(t *testing.T) {
	doubled := "{% set x = 'aaaaaaaa' %}" + strings.Repeat("{% set x = x + x %}", 60) + "{{ x }}"
	for name, template := range map[string]string{
		"nested loops":                        "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
		"nested loops that print":             "{% for a in range(100000) %}{% for b in range(100000) %}{{ b }}{% endfor %}{% endfor %}",
		"a text doubled 60 times":             doubled,
		"a text doubled by ~":                 strings.ReplaceAll(doubled, "x + x", "x ~ x"),
		"a list doubled 60 times":             "{% set x = [1] %}" + strings.Repeat("{% set x = x + x %}", 60),
		"a macro that calls itself":           "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
		"macros that call each other":         "{% macro f(n) %}{{ g(n) }}{% endmacro %}{% macro g(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
		"a list that holds itself":            "{% set x = [] %}{% set y = x.append(x) %}{{ x }}",
		"a list that holds itself, as JSON":   "{% set x = [] %}{% set y = x.append(x) %}{{ x | tojson }}",
		"an object that holds itself":         "{% set x = namespace(a=1) %}{% set x.a = x %}{{ x | tojson }}",
		"lists of lists, each twice, as JSON": "{% set x = [1] %}" + strings.Repeat("{% set x = [x, x] %}", 60) + "{{ x | tojson }}",
		"lists of lists, each twice":          "{% set x = [1] %}" + strings.Repeat("{% set x = [x, x] %}", 60) + "{{ x | string }}",
		"a list that holds itself, compared":  "{% set x = [] %}{% set y = x.append(x) %}{{ x == x }}{{ x in x }}{{ x | join }}",
		"a huge center":                       "{{ 'a' | center(10000000000) }}",
		"a huge indent":                       "{{ 'a\\nb' | indent(10000000000) }}",
		"a huge range":                        "{{ range(10000000000) | length }}",
		"a replacement that grows":            "{% set x = 'aaaaaaaa' %}" + strings.Repeat("{% set x = x.replace('a', x) %}", 8) + "{{ x }}",
		"a join that grows":                   "{% set x = 'aaaaaaaa' %}" + strings.Repeat("{% set x = (x | list) | join(x) %}", 8) + "{{ x }}",
		"lists in lists": "{% set ns = namespace(x=[]) %}{% for i in range(10000000) %}" +
			"{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			harmless := name == "a list that holds itself, compared"
			m := withTemplate(t, template)
			_, err := m.ApplyChatTemplate(conversation, ChatOptions{})
			require.True(t, err != nil || harmless)
			require.Less(t, time.Since(begin), time.Minute)
			_, err = m.TokenizeChat(conversation, ChatOptions{})
			require.True(t, err != nil || harmless)
		})
	}
}

// What no real conversation exceeds is rendered as before.
func TestLongConversation(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	var messages []Message
	for range 300 {
		messages = append(messages, Message{Role: "user", Content: strings.Repeat("Who built the mill? ", 200)},
			Message{Role: "assistant", Content: "Petra Lund."})
	}
	text, err := m.ApplyChatTemplate(messages, ChatOptions{})
	require.NoError(t, err)
	require.Equal(t, 300, strings.Count(text, "Petra Lund."))
}
