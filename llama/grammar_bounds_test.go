//go:build cgo

package llama

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/jsonschema"
)

// doubled are rules that each refer to the next one twice, so that there are 2^n ways to the last.
func doubled(n int, rule string) string {
	var b strings.Builder
	b.WriteString("root ::= r0\n")
	for i := range n {
		fmt.Fprintf(&b, "r%d ::= %s\n", i, strings.ReplaceAll(rule, "next", fmt.Sprintf("r%d", i+1)))
	}
	fmt.Fprintf(&b, "r%d ::= \"a\"\n", n)
	return b.String()
}

// hostileGrammars end the process or take forever if llama.cpp reads them.
var hostileGrammars = map[string]string{
	"groups":            "root ::= " + strings.Repeat("(", 1_000_000),
	"closed groups":     "root ::= " + strings.Repeat("(", 100_000) + "\"a\"" + strings.Repeat(")", 100_000),
	"groups in lines":   "root ::= " + strings.Repeat("( # (\n", 100_000),
	"ways":              doubled(50, "next | next"),
	"ways in groups":    doubled(50, "(next | \"x\") | (next)"),
	"ways by empties":   doubled(50, "next? next"),
	"ways by repeats":   doubled(50, "next{0,2} next{1,3}"),
	"ways by literals":  doubled(50, "\"\" next | [] next"),
	"a chain":           doubled(200_000, "next"),
	"itself":            "root ::= \"a\" | root \"b\"",
	"itself by another": "root ::= \"x\" | (other)* \"b\"\nother ::= \"x\"? root",
	"repetitions":       "root ::= " + strings.Repeat("[a-z]{0,2000} ", 10_000),
	"not UTF-8":         "root ::= \"\xf0\" (\"a\")",
	"a character 0":     "root ::= \"a\" \x00 (",
}

func TestHostileGrammars(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	c := mustContext(t, m, ContextOptions{Size: 256})
	prompt := mustTokenize(t, m, "a")
	for name, grammar := range hostileGrammars {
		begin := time.Now()
		_, err := c.Generate(context.Background(), []Request{{Prompt: prompt, Sampling: Sampling{Grammar: grammar}}})
		require.ErrorContains(t, err, "llama: request 0: Grammar: ", name)
		require.Less(t, time.Since(begin), 5*time.Second, name)
		require.Less(t, len(err.Error()), 300, name)
	}
}

func TestUsualGrammars(t *testing.T) {
	for _, grammar := range []string{
		"", "root ::= \"a\"", `root ::= [^"\]]* "\"(" # ((`, "root ::= item (\",\" item)*\nitem ::= [0-9]{1,4} | \"-\"? item2\nitem2 ::= .",
		"root ::= <think> !<[3]>* other\nother ::= \"x\" root | \"\"", "root ::= a a a\na ::= b b\nb ::= (\"x\"?){0,30}",
	} {
		require.NoError(t, checkGrammar(grammar), grammar)
	}
	for name, schema := range largeSchemas() {
		grammar, err := jsonschema.Grammar([]byte(schema))
		require.NoError(t, err)
		require.NoError(t, checkGrammar(grammar), name)
	}
}

// TestGrammarsAsLlamaReadsThem has random grammars: what is refused here is what llama.cpp calls left-recursive.
func TestGrammarsAsLlamaReadsThem(t *testing.T) {
	m := mustLoad(t, tinyModel(t))
	rng := rand.New(rand.NewPCG(1, 2))
	var way func(depth int) string
	way = func(depth int) string {
		var b strings.Builder
		for range rng.IntN(4) {
			items := []string{`"x"`, `"y"`, "[^z]", `""`, "[a-c]", ".", "r0", "r3", "(" + strings.Repeat(" ", depth)}
			item := items[rng.IntN(len(items)-min(depth, 1))]
			if item[0] == '(' {
				item = "(" + way(depth+1) + " | " + way(depth+1) + ")"
			}
			again := ""
			if item != `""` {
				again = []string{"", "", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,3}", "{2,}", "+*", "??"}[rng.IntN(13)]
			}
			b.WriteString(item + again + " ")
		}
		return b.String() + `""`
	}
	refused := 0
	for range 3000 {
		grammar := "root ::= \"a\" r0\nr3 ::= \"b\"\n"
		for i := range 1 + rng.IntN(3) {
			grammar += fmt.Sprintf("r%d ::= %s | %s\n", i, way(0), way(0))
		}
		g := newGrammars(m, grammar, 1)
		require.True(t, g.await(t.Context(), 1))
		one := g.next
		g.close()
		if err := checkGrammar(grammar); err != nil {
			refused++
			require.Error(t, one.err, "%s\n%v", grammar, err)
			require.Contains(t, one.err.Error(), "left recursion", "%s\n%v", grammar, err)
			continue
		}
		require.NoError(t, one.err, grammar)
	}
	require.Greater(t, refused, 300)
	require.Less(t, refused, 2700)
}

// TestWaitForGrammarEnds has a context that ends while a grammar is read.
func TestWaitForGrammarEnds(t *testing.T) {
	g := &grammars{ready: make(chan grammar)}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	require.False(t, g.await(ctx, 1))

	c := smallContext(t)
	jobs, err := c.newJobs([]Request{{Prompt: mustTokenize(t, c.model, "a")}})
	require.NoError(t, err)
	jobs[0].grammars = g
	q := newQueued(t, c)
	q.queue = jobs
	q.ctx = ctx
	_, err = q.step()
	require.ErrorIs(t, err, context.Canceled)
}
