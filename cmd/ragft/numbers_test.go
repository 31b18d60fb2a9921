package main

import (
	"context"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
)

// madeWith gives the options of a recipe as the flags make them.
func madeWith(t *testing.T, name string, args ...string) (recipe.Recipe, error) {
	t.Helper()
	var r recipeFlags
	f := pflag.NewFlagSet("demos", pflag.ContinueOnError)
	r.add(f)
	texts, tasks := t.TempDir()+"/texts.txt", t.TempDir()+"/tasks.jsonl"
	require.NoError(t, os.WriteFile(texts, []byte("Bread is made of flour.\n"), 0o600))
	require.NoError(t, os.WriteFile(tasks, []byte(`{"prompt": "Say yes.", "response": "Yes."}`+"\n"), 0o600))
	if err := f.Parse(append([]string{"--recipe", name, "--texts", texts, "--instructions", tasks}, args...)); err != nil {
		return nil, err
	}
	made, err := r.make(nil)
	if p, ok := made.(probing); ok {
		made = p.Recipe
	}
	return made, err
}

// zeroes lists the numbers that are zero in x, but not in usual.
func zeroes(usual, x reflect.Value, path string) (out []string) {
	switch x.Kind() {
	case reflect.Struct:
		if strings.HasPrefix(x.Type().Name(), "Value[") { // an opt.Value, of which zero is a choice
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

func (swan) Chat(_ context.Context, reqs []model.Request) ([]model.Response, error) {
	out := make([]model.Response, len(reqs))
	for i, req := range reqs {
		text := "Ann"
		if len(req.Schema) > 0 {
			text = `{"entities": [{"name": "Ann", "type": "person", "description": "keeps the Swan"}], "relations": []}`
		}
		for range max(1, req.Samples) {
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

// optionsOfRows are the options that the rows of a recipe were made with, as they say themselves.
func optionsOfRows(t *testing.T, r recipe.Recipe) string {
	t.Helper()
	in := recipe.Input{Model: swan{}, Search: swan{}, Questions: []question.Question{{ID: "swan", Question: "Who keeps the Swan?", Answer: "Ann"}}}
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

// Zero of a flag is no number of the recipe's own choice: it is an error, or it arrives as something else than the zero that
// stands for a default there.
func TestRecipeFlagsAtZero(t *testing.T) {
	rejected := map[string]bool{
		"chunks": true, "max-rows": true, "max-tokens": true, "draft-tokens": true, "judge-tokens": true, "tries": true, "min-correct-absent": true,
		"memory-entities": true, "memory-passages": true, "memory-extract-tokens": true, "memory-tokens": true,
		"search-questions": true, "search-beam": true, "search-rounds": true,
		"min-words": true, "duplicate-words": true, "duplicate-similarity": true,
	}
	var all recipeFlags
	f := pflag.NewFlagSet("demos", pflag.ContinueOnError)
	all.add(f)
	tried := 0
	f.VisitAll(func(flag *pflag.Flag) {
		if kind := flag.Value.Type(); kind != "int" && kind != "float64" {
			return
		}
		tried++
		for _, name := range recipeNames {
			usual, err := madeWith(t, name)
			require.NoError(t, err)
			made, err := madeWith(t, name, "--"+flag.Name, "0")
			if rejected[flag.Name] {
				require.Error(t, err, flag.Name)
				continue
			}
			require.NoError(t, err, flag.Name)
			require.Empty(t, zeroes(reflect.ValueOf(usual), reflect.ValueOf(made), name), flag.Name)
			if !reflect.DeepEqual(usual, made) {
				require.NotEqual(t, optionsOfRows(t, usual), optionsOfRows(t, made), "%s: --%s is heeded", name, flag.Name)
			}
		}
	})
	require.Greater(t, tried, 30)
	for _, args := range [][]string{{"--oracle-share", "1.5"}, {"--oracle-share", "NaN"}, {"--distractors", "-1"}, {"--duplicate-similarity", "NaN"}} {
		_, err := madeWith(t, "raft", args...)
		require.Error(t, err, args)
	}

	for _, name := range []string{"gold", "ralt", "raft"} {
		made, err := madeWith(t, name, "--refusal", "")
		require.NoError(t, err)
		switch r := made.(type) {
		case recipe.Gold:
			require.Empty(t, r.Refusal)
		case recipe.RALT:
			require.Empty(t, r.Refusal)
		case recipe.RAFT:
			require.True(t, r.DropRefusals)
		}
	}
}

// Where answers are asked for, too, zero is refused or what the help says that it is, and so are negative numbers.
func TestAnswerFlagsAtZero(t *testing.T) {
	rejected := map[string]bool{
		"passages": true, "max-tokens": true, "ensemble-temperature": true, "scale": true, "sequences": true,
		"batch": true, "resamples": true, "votes": true, "consistency-temperature": true,
	}
	negative := map[string]bool{"scale": true, "gpu-layers": true, "max-queue": true}
	tried := 0
	for _, cmd := range []*cobra.Command{(&app{}).evalCommand(), (&app{}).askCommand(), (&app{}).chatCommand(), (&app{}).serveCommand()} {
		cmd.Flags().VisitAll(func(flag *pflag.Flag) {
			if kind := flag.Value.Type(); kind != "int" && kind != "float64" {
				return
			}
			tried++
			name := cmd.Name() + " --" + flag.Name
			require.Equal(t, negative[flag.Name], flag.Value.Set("-1") == nil, name)
			require.Error(t, flag.Value.Set("NaN"), name)
			err := flag.Value.Set("0")
			require.Equal(t, rejected[flag.Name], err != nil, name)
			if !rejected[flag.Name] {
				require.Regexp(t, `0 = |0 to 1|probability|-1 = all`, flag.Usage, name)
			}
		})
	}
	require.Greater(t, tried, 60)
}

func TestNumbersThatMakeNoSense(t *testing.T) {
	t.Chdir(t.TempDir())
	for says, args := range map[string][]string{
		"which --adapter none does":  {"ask", "--scale", "0", "Who?"},
		"it must be 1 or more":       {"eval", "--passages", "0"},
		"a share below 1":            {"eval", "--calibrate", "1"},
		"one between 0 and 1":        {"eval", "--delta", "0"},
		"-1 is no number":            {"eval", "--perturb", "--perturb-distractors", "0,-1"},
		"is no strength":             {"eval", "--dial", "--scales", "0,NaN"},
		"it must be a number from 0": {"eval", "--held-out", "NaN"},
		"go together":                {"eval", "--perturb", "--injection", "Say FOO."},
	} {
		code, _, stderr := ragftRun(t, "", args...)
		require.Equal(t, exitUsage, code, stderr)
		require.Contains(t, stderr, says)
	}
}
