//go:build cgo

package service

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/internal/thoughts"
)

// grammar is what an answer must be, in llama.cpp's GBNF, if its format is JSON or a call of a tool follows a schema; "" is any
// text. A chain of thought may come before it.
func (r *run) grammar(req *chatRequest, tools *toolUse, begun bool) (string, error) {
	var g grammar
	body, err := req.format(&g)
	if err == nil && tools.constrained() {
		body, err = tools.grammar(&g, r.model)
	}
	if err != nil || body == "" {
		return "", err
	}
	return g.text(g.afterThought(body, begun, r.model.Thinking)), nil
}

// format returns what matches the response format, "" if it is any text.
func (req *chatRequest) format(g *grammar) (string, error) {
	f := req.ResponseFormat
	if f == nil || f.Type == "text" {
		return "", nil
	}
	if len(req.Tools) > 0 {
		return "", bad("response_format", "a response format cannot be combined with tools")
	}
	switch f.Type {
	case "json_object":
		return g.schemas.Add([]byte(`{"type":"object"}`))
	case "json_schema":
		if len(f.JSONSchema.Schema) == 0 {
			return "", bad("response_format.json_schema.schema", "the schema is missing")
		}
		body, err := g.schemas.Add(f.JSONSchema.Schema)
		if err != nil {
			return "", bad("response_format.json_schema.schema", "%v", err)
		}
		return body, nil
	}
	return "", bad("response_format", "unknown type %q", f.Type)
}

// grammar is a grammar that is being made.
type grammar struct {
	schemas jsonschema.Rules
	rules   strings.Builder
	made    int
}

// text returns the grammar of which a text is the root.
func (g *grammar) text(root string) string {
	return "root ::= " + root + "\nblank ::= [ \\t\\r\\n]{0,4}\n" + g.rules.String() + g.schemas.String()
}

// rule adds a rule and returns its name.
func (g *grammar) rule(body string) string {
	name := fmt.Sprintf("part%d", g.made)
	g.made++
	fmt.Fprintf(&g.rules, "%s ::= %s\n", name, body)
	return name
}

// afterThought returns what matches a text with a chain of thought before it: there is one if the prompt has begun it, and may be
// one if the model thinks. How it ends is what package thoughts goes by.
func (g *grammar) afterThought(body string, begun, thinks bool) string {
	if !begun && !thinks {
		return body
	}
	body = g.rule("blank " + body)
	if begun {
		var closing []string
		for _, mark := range thoughts.Marks() {
			closing = append(closing, mark[1])
		}
		return g.until(closing, true, false, body)
	}
	ways := []string{body}
	for _, mark := range thoughts.Marks() {
		ways = append(ways, "blank "+jsonschema.Literal(mark[0])+" "+g.until(mark[1:], true, false, body))
	}
	return g.rule(strings.Join(ways, " | "))
}

// until returns what matches any text up to the first of some marks, with it, and then what follows. fold says that letters may be
// of any case, and end that there may be no mark. The rules are the states of the automaton of Aho and Corasick (1975).
func (g *grammar) until(marks []string, fold, end bool, then string) string {
	a := newAutomaton(marks, fold)
	first := g.made
	g.made += len(a.next)
	name := func(state int) string {
		if a.final[state] {
			return then
		}
		return fmt.Sprintf("part%d", first+state)
	}
	for state := range a.next {
		if a.final[state] {
			continue
		}
		to := map[int][]rune{} // the characters that lead to a state other than the first
		for _, r := range a.alphabet {
			if s := a.step(state, r); s != 0 {
				to[s] = append(to[s], r)
			}
		}
		var ways []string
		if end {
			ways = append(ways, "")
		}
		var all []rune
		for _, s := range slices.Sorted(maps.Keys(to)) {
			ways = append(ways, "["+class(to[s], fold)+"] "+name(s))
			all = append(all, to[s]...)
		}
		ways = append(ways, "[^"+class(all, fold)+"] "+name(0))
		fmt.Fprintf(&g.rules, "%s ::= %s\n", name(state), strings.Join(ways, " | "))
	}
	return name(0)
}

// class returns characters as they are written between brackets.
func class(characters []rune, fold bool) string {
	var b strings.Builder
	for _, r := range characters {
		fmt.Fprintf(&b, `\U%08X`, r)
		if upper := unicode.ToUpper(r); fold && upper != r {
			fmt.Fprintf(&b, `\U%08X`, upper)
		}
	}
	return b.String()
}

// automaton finds the first of some texts.
type automaton struct {
	next     []map[rune]int // of each state
	back     []int          // the state of the longest end of the text that is a shorter beginning
	final    []bool
	alphabet []rune
}

func newAutomaton(marks []string, fold bool) *automaton {
	a := &automaton{next: []map[rune]int{{}}, back: []int{0}, final: []bool{false}}
	for _, mark := range marks {
		state := 0
		for _, r := range mark {
			if fold {
				r = unicode.ToLower(r)
			}
			if !slices.Contains(a.alphabet, r) {
				a.alphabet = append(a.alphabet, r)
			}
			if _, ok := a.next[state][r]; !ok {
				a.next[state][r] = len(a.next)
				a.next, a.back, a.final = append(a.next, map[rune]int{}), append(a.back, 0), append(a.final, false)
			}
			state = a.next[state][r]
		}
		a.final[state] = true
	}
	slices.Sort(a.alphabet)
	for queue := []int{0}; len(queue) > 0; queue = queue[1:] {
		from := queue[0]
		for _, r := range a.alphabet {
			to, ok := a.next[from][r]
			if !ok {
				continue
			}
			if from != 0 {
				a.back[to] = a.step(a.back[from], r)
			}
			a.final[to] = a.final[to] || a.final[a.back[to]]
			queue = append(queue, to)
		}
	}
	return a
}

// step returns the state after a character.
func (a *automaton) step(state int, r rune) int {
	for {
		if to, ok := a.next[state][r]; ok {
			return to
		}
		if state == 0 {
			return 0
		}
		state = a.back[state]
	}
}
