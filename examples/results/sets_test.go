//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestLanguageSets(t *testing.T) {
	for _, set := range languageSets("languages") {
		t.Run(set.name, func(t *testing.T) {
			s, err := set.read(1, 1)
			require.NoError(t, err)
			require.Len(t, s.documents, 12)
			pages, seen := map[string]retriever.Document{}, map[string]bool{}
			for _, d := range s.documents {
				pages[d.Source] = d
				words := len(strings.Fields(d.Text))
				require.True(t, words >= 150 && words <= 300, "%s: %d words", d.Source, words)
			}
			kinds, texts := map[question.Gap]int{}, []string{}
			for _, q := range s.questions {
				require.False(t, seen[q.Question], q.Question)
				seen[q.Question] = true
				kinds[q.Gap]++
				texts = append(texts, q.Question)
				require.Equal(t, q.Gap != "", q.Unanswerable)
				page, ok := pages[q.Group]
				require.Equal(t, q.Gap != question.GapAbsent, ok, q.Question)
				if q.Gap == "" {
					require.LessOrEqual(t, len(strings.Fields(q.Answer)), 6)
					require.Equal(t, answer.Present, q.Context([]retriever.Hit{{Chunk: retriever.Chunk{Text: page.Text}}}), q.Question)
				}
			}
			require.Equal(t, map[question.Gap]int{"": 40, question.GapAbsent: 10, question.GapAltered: 10}, kinds)
			require.Equal(t, set.language, wordings.Language(texts))
			require.True(t, answer.IsRefusal(set.refusal()))
		})
	}
}

func TestSetsFromFiles(t *testing.T) {
	dir := t.TempDir()
	oracle, squad := filepath.Join(dir, "oracle.jsonl"), filepath.Join(dir, "squad.json")
	require.NoError(t, os.WriteFile(oracle, []byte(
		`{"question": "who built it", "answers": ["Ann", "Ann Lee"], "ctxs": [{"title": "Mill", "text": "Ann Lee built it."}]}
{"question": "when", "answers": ["1912"], "ctxs": [{"title": "Mill", "text": "Ann Lee built it."}]}
{"question": "no passage", "answers": ["1"], "ctxs": []}
`), 0o600))
	require.NoError(t, os.WriteFile(squad, []byte(`{"data": [{"paragraphs": [{"context": "A title\n\nThe text.", "qas": [
{"id": 7, "question": " What? ", "answers": [{"text": "text"}, {"text": "the text"}, {"text": "text"}]},
{"id": 7, "question": "Why?", "is_impossible": true, "answers": []}]}]}]}`), 0o600))
	got, err := testSet{name: "NQ", path: oracle}.read(5, 1)
	require.NoError(t, err)
	require.Len(t, got.questions, 2)
	require.Equal(t, []retriever.Document{{Source: "Mill/1", Title: "Mill", Text: "Ann Lee built it."}}, got.documents)
	got, err = testSet{name: "NQ", path: oracle}.read(1, 1)
	require.NoError(t, err)
	require.Len(t, got.questions, 1)
	got, err = testSet{name: "CQ", path: squad}.read(5, 1)
	require.NoError(t, err)
	require.Equal(t, side{
		documents: []retriever.Document{{Source: "0/0", Title: "A title", Text: "A title\n\nThe text."}},
		questions: []question.Question{{ID: "cq-0", Question: "What?", Answer: "text", Aliases: []string{"the text"}, Group: "0/0"}},
	}, got)
	_, err = testSet{path: filepath.Join(dir, "none.json")}.read(1, 1)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestJobsOfSets(t *testing.T) {
	p := program{seeds: 2, models: []namedModel{{name: "Gemma-3-270M"}, {name: "Smol"}},
		sets: append(languageSets("languages"), testSet{name: "nq-oracle"})}
	count := map[string]int{}
	for _, j := range p.jobs() {
		if j.set.name != "" {
			require.Equal(t, uint64(1), j.seed)
			count[j.name()]++
		}
	}
	require.Len(t, count, 2*2+2+2)
	require.Equal(t, 1, count["Gemma-3-270M, German, default, seed 1"])
	require.Zero(t, count["Smol, German, default, seed 1"])
	require.Equal(t, 1, count["Smol, nq-oracle, untuned, seed 1"])
}
