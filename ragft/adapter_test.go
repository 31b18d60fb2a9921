package ragft

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// saying is an adapter without weights that says how it is asked.
func saying(t *testing.T, s assistant.Settings) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "adapter.gguf")
	w, err := gguf.Create(path)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("general.type", "adapter"))
	require.NoError(t, w.Commit())
	require.NoError(t, s.WriteAdapter(path))
	return path
}

// What the config says goes before the adapter's, and that before the defaults; a default is nothing that was said.
func TestConfigGoesBeforeTheAdapter(t *testing.T) {
	own, err := prompt.ParseTemplate("own", "Text: {context}\n{query}")
	require.NoError(t, err)
	adapter := saying(t, assistant.Settings{Prompts: prompt.Set{Language: "fr", Read: "Lis.", Template: own}, Passages: 2})
	french, german := prompt.Set{Language: "fr"}.WithDefaults(), prompt.Set{Language: "de"}.WithDefaults()
	french.Read, german.Read = "Lis.", "Lis."
	with := func(s prompt.Set, template *prompt.Template) prompt.Set {
		s.Template = template
		return s
	}
	careful := with(french, own)
	careful.Careful = "Take care."
	for name, c := range map[string]struct {
		set      []string
		adapter  string
		passages int
		prompts  prompt.Set
	}{
		"no adapter":   {nil, "", 4, prompt.Set{Language: "en"}.WithDefaults()},
		"adapter":      {nil, adapter, 2, with(french, own)},
		"the default":  {[]string{"passages=4"}, adapter, 4, with(french, own)},
		"own layout":   {[]string{"prompts.template=read"}, adapter, 2, french},
		"other layout": {[]string{"prompts.template=fedrag"}, adapter, 2, with(french, prompt.FedRAG)},
		"a wording":    {[]string{"prompts.careful=Take care."}, adapter, 2, careful},
		"a language":   {[]string{"language=de"}, adapter, 2, with(german, own)},
		"foreign":      {nil, saying(t, assistant.Settings{}), 4, prompt.Set{Language: "en"}.WithDefaults()},
	} {
		t.Run(name, func(t *testing.T) {
			p := speaking(t, `{"title": "The mill", "text": "The mill was built in 1912."}`, "", c.set...)
			n, err := p.shown(c.adapter)
			require.NoError(t, err)
			require.Equal(t, c.passages, n)
			set, err := p.prompts(t.Context(), c.adapter)
			require.NoError(t, err)
			require.Equal(t, layout.Fingerprint(c.prompts.ReadMessages), layout.Fingerprint(set.ReadMessages))
			require.Equal(t, c.prompts.Hash(), set.Hash())
			require.Equal(t, c.prompts.Language, set.Language)
		})
	}
}

// The search is that of the config, of the project, or of the adapter, in this order.
func TestTuningToUse(t *testing.T) {
	p := speaking(t, germanDocuments, "")
	digest, err := p.index.Digest(t.Context())
	require.NoError(t, err)
	log := &bytes.Buffer{}
	p.config.Logger = slog.New(slog.NewTextHandler(log, nil))
	adapter := saying(t, assistant.Settings{Search: &retriever.Tuning{Index: digest, K1: opt.Of(2.0)}})
	elsewhere := saying(t, assistant.Settings{Search: &retriever.Tuning{Index: "other", K1: opt.Of(3.0)}})
	own := p.Path(retrievalName)
	k1 := func(adapter string) (value float64, told string) {
		log.Reset()
		_, err := p.searcher(t.Context(), adapter, false)
		require.NoError(t, err)
		tuning, _, err := p.tuning(t.Context(), adapter)
		require.NoError(t, err)
		if tuning == nil {
			return 0, log.String()
		}
		return tuning.K1.Or(0), log.String()
	}
	requireUse := func(adapter string, want float64, says string) {
		t.Helper()
		value, told := k1(adapter)
		require.Equal(t, want, value)
		if says == "" {
			require.Empty(t, told)
		} else {
			require.Contains(t, told, says)
		}
	}
	requireUse("", 0, "")
	requireUse(adapter, 2, "")
	requireUse(elsewhere, 3, "learnt on another index")
	requireUse(saying(t, assistant.Settings{}), 0, "")

	require.NoError(t, retriever.WriteTuningFile(own, retriever.Tuning{Index: digest, K1: opt.Of(4.0)}))
	requireUse("", 4, "")
	requireUse(adapter, 4, "")
	require.NoError(t, retriever.WriteTuningFile(own, retriever.Tuning{Index: "before", K1: opt.Of(4.0)}))
	requireUse("", 0, "the index changed since")
	requireUse(adapter, 2, "the index changed since")
	requireUse(elsewhere, 3, "learnt on another index")

	p.config.SearchTuning.File = own
	_, err = p.searcher(t.Context(), adapter, true)
	require.ErrorIs(t, err, retriever.ErrChanged)
	p.config.SearchTuning.File = "none"
	requireUse(adapter, 0, "")
	require.NoError(t, os.Remove(own))
}

// A result that followed from the adapter's settings does not follow from the same ones of the config.
func TestInputsLeftToTheAdapter(t *testing.T) {
	in := inputs{"passages": "4", "prompts.template": "read"}
	in.leave(Config{Passages: 4})
	require.Equal(t, inputs{"passages": "4", "prompts.template": ofAdapter}, in)
	in = inputs{"seed": "1"}
	in.leave(Config{})
	require.Equal(t, inputs{"seed": "1"}, in)
}
