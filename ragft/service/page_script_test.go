//go:build cgo

package service

import (
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// pageScript lets the page show an answer without a browser, opens each of its citations, and prints what is listed and marked.
// Every passage that it fetches is the one named "b".
const pageScript = `
const elements = {};
const element = () => ({style: {}, children: [], addEventListener(name, does) { this[name] = does; },
  append(...more) { this.children.push(...more); }, replaceChildren(...all) { this.children = all; }, showModal() {}});
globalThis.document = {createElement: element, getElementById: id => elements[id] ??= element()};
globalThis.Option = function () {};
const named = {chunk: "b", source: "inn.txt", span: [20, 41], text: "Ömm keeps the horses"};
globalThis.fetch = async path => ({ok: true, json: async () => path.startsWith("v1/passages/") ? named : {data: []}});
const fs = require("fs");
(0, eval)(fs.readFileSync("page/page.js", "utf8").replace('"use strict";', ""));
(async () => {
  const out = [];
  finish(JSON.parse(fs.readFileSync(0, "utf8")));
  for (const item of elements.citations.children) {
    await item.children[0].click();
    await new Promise(resolve => setTimeout(resolve, 10));
    const parts = elements["passage-text"].children.map(part => part.textContent ?? part);
    out.push({number: item.value, style: item.style.listStyleType, parts});
  }
  console.log(JSON.stringify(out));
})();
`

type listed struct {
	Number int
	Style  string
	Parts  []string
}

// onPage is what the page lists of an answer.
func onPage(t *testing.T, answer ragftAnswer) (all []listed) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no Node.js: install it to test the page's script (Debian: apt-get install nodejs)")
	}
	cmd := exec.CommandContext(t.Context(), node, "-e", pageScript)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	go func() {
		defer stdin.Close()
		_ = json.NewEncoder(stdin).Encode(answer) // what is missing shows below
	}()
	stdout, err := cmd.CombinedOutput()
	require.NoError(t, err, string(stdout))
	require.NoError(t, json.Unmarshal(stdout, &all), string(stdout))
	return all
}

// The page marks the quote, whether one passage of the index holds it or the answer's passage is several of them.
func TestPageMarksTheQuote(t *testing.T) {
	joined := passage{Chunk: "b", Source: "inn.txt", Span: [2]int{0, 41}, Text: "Olm built the inn. \nÖmm keeps the horses"}
	other := passage{Chunk: "x", Source: "other.txt", Span: [2]int{0, 41}, Text: "no part of it, though as long as the inn"}
	got := onPage(t, ragftAnswer{Passages: []passage{other, joined}, Citations: []citation{
		{Source: "inn.txt", Span: [2]int{0, 18}, Text: "Olm built the inn.", Chunk: "a"},
		{Source: "inn.txt", Span: [2]int{14, 24}, Text: "inn. \nÖmm", Chunk: "b"},
	}})
	require.Equal(t, []string{"", "Olm built the inn.", " \nÖmm keeps the horses"}, got[0].Parts)
	require.Equal(t, []string{"Olm built the ", "inn. \nÖmm", " keeps the horses"}, got[1].Parts)
	got = onPage(t, ragftAnswer{Passages: []passage{other}, Citations: []citation{
		{Source: "inn.txt", Span: [2]int{31, 41}, Text: "the horses", Chunk: "b"},
		{Source: "inn.txt", Span: [2]int{0, 18}, Text: "Olm built the inn.", Chunk: "b"},
	}})
	require.Equal(t, []string{"Ömm keeps ", "the horses", ""}, got[0].Parts, "fetched")
	require.Equal(t, []string{"Ömm keeps the horses", "", ""}, got[1].Parts, "nothing is marked rather than something else")
}

// The numbers of the list are those in the text.
func TestPageNumbersAsTheText(t *testing.T) {
	p := passage{Chunk: "a", Source: "inn.txt", Span: [2]int{0, 18}, Text: "Olm built the inn."}
	c := citation{Source: "inn.txt", Span: p.Span, Text: p.Text, Chunk: "a"}
	second, first := c, c
	second.Marker, first.Marker = 2, 1
	numbers := func(citations ...citation) (all []int, styles []string) {
		for _, l := range onPage(t, ragftAnswer{Passages: []passage{p}, Citations: citations}) {
			all, styles = append(all, l.Number), append(styles, l.Style)
		}
		return all, styles
	}
	all, styles := numbers(second, c, first)
	require.Equal(t, []int{2, 0, 1}, all)
	require.Equal(t, []string{"", "'- '", ""}, styles)
	all, styles = numbers(c, c)
	require.Equal(t, []int{0, 0}, all, "counted")
	require.Equal(t, []string{"", ""}, styles)
}
