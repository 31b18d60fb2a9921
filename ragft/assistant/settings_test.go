package assistant

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// adapterFile writes a GGUF file with a tensor and no settings.
func adapterFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "adapter.gguf")
	w, err := gguf.Create(path)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("general.type", "adapter"))
	require.NoError(t, w.AddTensor("a", gguf.F32, []int64{2}, gguf.FloatBytes([]float32{1, 2})))
	require.NoError(t, w.Commit())
	return path
}

func TestSettingsInAnAdapter(t *testing.T) {
	path := adapterFile(t)
	_, err := ReadAdapter(path)
	require.ErrorIs(t, err, ErrNoSettings)
	own, err := prompt.ParseTemplate("mine", "Text: {context}\n{query}")
	require.NoError(t, err)
	m := undecided(0.5)
	for name, s := range map[string]Settings{
		"defaults":       {},
		"rule":           {Passages: 4, Rule: ruleFor(m, 4)},
		"wording":        {Prompts: prompt.Set{Read: "Reply."}, Passages: 2},
		"language":       {Prompts: prompt.Set{Language: "de"}},
		"both":           {Prompts: prompt.Set{Language: "fr", Read: "Réponds."}},
		"known template": {Prompts: prompt.Set{Template: prompt.RADIT}},
		"own template":   {Prompts: prompt.Set{Template: own}},
		"tuned search":   {Search: &retriever.Tuning{K1: opt.Of(1.2), Weights: map[string]float64{"term:mill": 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, s.WriteAdapter(path))
			got, err := ReadAdapter(path)
			require.NoError(t, err)
			require.Equal(t, s.Prompts.Hash(), got.Prompts.Hash())
			require.Equal(t, s.Prompts.Language, got.Prompts.Language)
			require.Equal(t, s.Passages, got.Passages)
			require.Equal(t, s.Rule, got.Rule)
			require.Equal(t, s.Search, got.Search)
			require.Equal(t, s.Prompts.ReadMessages("Who?", fake.InnHits()), got.Options().Prompts.ReadMessages("Who?", fake.InnHits()))
			f, err := gguf.Open(path)
			require.NoError(t, err)
			defer f.Close()
			values, err := f.ReadFloats("a")
			require.NoError(t, err)
			require.Equal(t, []float32{1, 2}, values)
		})
	}
	function := Settings{Prompts: prompt.Set{Template: &prompt.Template{Name: "ra-dit",
		Prompt: func(string, []retriever.Hit, *rand.Rand) []model.Message { return nil }}}}
	require.ErrorContains(t, function.WriteAdapter(path), "cannot be stored")
}

func TestSettingsThatCannotBeUsed(t *testing.T) {
	path := adapterFile(t)
	for name, text := range map[string]string{
		"no JSON":          "{",
		"another layout":   `{"layout":"0","prompts_sha256":"` + prompt.Set{}.Hash() + `"}`,
		"unknown template": `{"template":"other"}`,
	} {
		require.NoError(t, gguf.Rewrite(path, gguf.KV{Key: settingsKey, Value: text}))
		_, err := ReadAdapter(path)
		require.Error(t, err, name)
	}
	_, err := ReadAdapter(filepath.Join(t.TempDir(), "none.gguf"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// What an adapter says is enough for the search that its rule was fitted with, whatever the documents are.
func TestSettingsTuneTheSearch(t *testing.T) {
	index := fixture.Inn(t.Context())
	defer index.Close()
	m := undecided(0.25)
	tuned, err := index.Tuned(t.Context(), retriever.Tuning{B: opt.Of(0.9)})
	require.NoError(t, err)
	s := Settings{Passages: 4, Rule: ruleFor(m, 4), Search: &retriever.Tuning{Index: "of other documents", B: opt.Of(0.9)}}
	s.Rule.Conditions = abstain.Conditions(m, tuned, prompt.Set{}, 4)
	path := adapterFile(t)
	require.NoError(t, s.WriteAdapter(path))
	read, err := ReadAdapter(path)
	require.NoError(t, err)
	search, err := read.Tuned(t.Context(), index)
	require.NoError(t, err)
	answer, err := New(m, search, read.Options()).Answer(t.Context(), "Who opened the Blue Inn?")
	require.NoError(t, err)
	require.Equal(t, "Ann Lee", answer.Text)
	_, err = New(m, index, read.Options()).Answer(t.Context(), "Who opened the Blue Inn?")
	require.ErrorIs(t, err, abstain.ErrConditions)
	require.ErrorContains(t, err, "search english k1=0.9 b=0.9, not english k1=0.9 b=0.4")
	untuned, err := (&Settings{}).Tuned(t.Context(), index)
	require.NoError(t, err)
	require.Equal(t, index.Ranking(), untuned.Ranking())
}
