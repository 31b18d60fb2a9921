package ragft

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
)

// madeWith is a recipe of a config with these settings, KEY=VALUE.
func madeWith(t *testing.T, name string, settings ...string) (recipe.Recipe, error) {
	t.Helper()
	texts, tasks := t.TempDir()+"/texts.txt", t.TempDir()+"/tasks.jsonl"
	require.NoError(t, os.WriteFile(texts, []byte("Bread is made of flour.\n"), 0o600))
	require.NoError(t, os.WriteFile(tasks, []byte(`{"prompt": "Say yes.", "response": "Yes."}`+"\n"), 0o600))
	c := Config{Demonstrate: DemonstrateConfig{Recipe: []string{name}}}
	c.Demonstrate.Texts, c.Demonstrate.RALT.Instructions = texts, tasks
	for _, s := range settings {
		key, value, _ := strings.Cut(s, "=")
		if err := c.Set(key, value); err != nil {
			return nil, err
		}
	}
	if err := c.complete(); err != nil {
		return nil, err
	}
	c.Demonstrate.Refusal = opt.Of(c.Demonstrate.refusal("en")) // as demonstrate does
	made, err := newMaker(c.Demonstrate, swan{}).recipe()
	if p, ok := made.(probing); ok {
		made = p.Recipe
	}
	return made, err
}

// zeroes lists the numbers that are zero in x, but not in usual; one that is set to zero is none of them.
func zeroes(usual, x reflect.Value, path string) (out []string) {
	switch x.Kind() {
	case reflect.Struct:
		if strings.HasPrefix(x.Type().Name(), "Value[") {
			return nil
		}
		for i := range x.NumField() {
			out = append(out, zeroes(usual.Field(i), x.Field(i), path+"."+x.Type().Field(i).Name)...)
		}
	case reflect.Int, reflect.Float64:
		if x.IsZero() && !usual.IsZero() {
			out = append(out, path)
		}
	}
	return out
}

// swan knows one thing, and finds one passage that says it among others.
type swan struct{}

func (swan) Name() string { return "swan" }

func (swan) Chat(_ context.Context, requests []model.Request) ([]model.Response, error) {
	out := make([]model.Response, len(requests))
	for i, r := range requests {
		text := "Ann"
		if len(r.Schema) > 0 {
			text = `{"entities": [{"name": "Ann", "type": "person", "description": "keeps the Swan"}], "relations": []}`
		}
		for range max(1, r.Samples) {
			out[i].Samples = append(out[i].Samples, model.Sample{Text: text, Tokens: 1})
		}
	}
	return out, nil
}

func (swan) Search(_ context.Context, _ string, k int) ([]retriever.Hit, error) {
	texts := []string{"Ann keeps the Swan at the ford of the river.", "It rains on the hills for most of the year."}
	hits := make([]retriever.Hit, min(k, len(texts)))
	for i := range hits {
		hits[i] = retriever.Hit{Score: 1, Chunk: retriever.Chunk{ID: texts[i], Text: texts[i], Source: texts[i], End: len(texts[i])}}
	}
	return hits, nil
}

// optionsOfRows are the options that the rows of a recipe were made with, by their provenance.
func optionsOfRows(t *testing.T, r recipe.Recipe) string {
	t.Helper()
	questions := []question.Question{{ID: "swan", Question: "Who keeps the Swan?", Answer: "Ann"}}
	in := recipe.Input{Model: swan{}, Search: swan{}, Questions: questions}
	hits, err := in.Search.Search(t.Context(), "", 2)
	require.NoError(t, err)
	for _, hit := range hits {
		in.Corpus = append(in.Corpus, hit.Chunk)
	}
	made, err := r.Rows(t.Context(), in)
	require.NoError(t, err)
	require.NotEmpty(t, made.Rows)
	return string(made.Rows[0].Provenance.Options)
}

// TestRecipeFlagsAtZero: zero of a key is no number of the recipe's own choice. It is an error, or it arrives as something
// else than the zero that stands for a default there.
func TestRecipeFlagsAtZero(t *testing.T) {
	tried, rejected := 0, 0
	c := &Config{}
	walkKeys(reflect.ValueOf(&c.Demonstrate).Elem(), "demonstrate", func(key string, f field) {
		text := f.value.Type().String()
		if isSection(f.value) || !strings.Contains(text, "int") && !strings.Contains(text, "float64") || strings.HasPrefix(text, "[]") {
			return
		}
		tried++
		for _, name := range recipeNames {
			usual, err := madeWith(t, name)
			require.NoError(t, err)
			made, err := madeWith(t, name, key+"=0")
			if err != nil {
				require.ErrorContains(t, err, "0 is", key)
				rejected++
				continue
			}
			if key != "demonstrate.self-demo.votes" { // without votes there is no judge
				require.Empty(t, zeroes(reflect.ValueOf(usual), reflect.ValueOf(made), name), key)
			}
			if !reflect.DeepEqual(usual, made) {
				require.NotEqual(t, optionsOfRows(t, usual), optionsOfRows(t, made), "%s: %s has an effect", name, key)
			}
		}
	})
	require.Greater(t, tried, 30)
	require.GreaterOrEqual(t, rejected, 17*len(recipeNames))
	for _, s := range []string{
		"demonstrate.raft.evidence-share=1.5", "demonstrate.raft.evidence-share=NaN", "demonstrate.raft.distractors=-1",
		"demonstrate.pretrain.duplicate-similarity=NaN",
	} {
		_, err := madeWith(t, "raft", s)
		require.Error(t, err, s)
	}
}
