package main

import (
	"os"
	"reflect"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// madeWith gives the options of a recipe as the flags make them.
func madeWith(t *testing.T, name string, args ...string) (ragft.Recipe, error) {
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
		made = p.Memory
	}
	return made, err
}

// zeroes lists the numbers that are zero in x, but not in usual.
func zeroes(usual, x reflect.Value, path string) (out []string) {
	switch x.Kind() {
	case reflect.Struct:
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

// Zero of a flag is no number of the recipe's own choice: it is an error, or it arrives as something else than the zero that
// stands for a default there.
func TestRecipeFlagsAtZero(t *testing.T) {
	rejected := map[string]bool{
		"chunks": true, "max-rows": true, "max-tokens": true, "draft-tokens": true, "judge-tokens": true, "tries": true, "min-correct-absent": true,
		"memory-entities": true, "memory-passages": true, "memory-extract-tokens": true, "memory-tokens": true,
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
		case ragft.GoldAnswers:
			require.Empty(t, r.Refusal)
		case ragft.RALT:
			require.Empty(t, r.Refusal)
		case ragft.RAFT:
			require.True(t, r.DropRefusals)
		}
	}
}
