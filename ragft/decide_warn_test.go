package ragft

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/prompt"
)

// An adapter whose training was interrupted before the rule is not used in silence; one from elsewhere needs none.
func TestAdapterWithoutItsRuleIsToldOf(t *testing.T) {
	var log bytes.Buffer
	p, err := Open(t.Context(), Config{Dir: t.TempDir(), Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	defer p.Close()
	file := p.Path(adapterName)
	w, err := gguf.Create(file)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("general.type", "adapter"))
	require.NoError(t, w.Commit())
	require.NoError(t, p.checkLayout(file, prompt.Set{}))
	require.Empty(t, log.String())
	require.NoError(t, p.keep(StepTrain, record{Inputs: inputs{}}, TrainResult{}, file))
	require.NoError(t, p.checkLayout(file, prompt.Set{}))
	require.Contains(t, log.String(), "was interrupted")
	log.Reset()
	require.NoError(t, (&assistant.Settings{}).WriteAdapter(file))
	require.NoError(t, p.checkLayout(file, prompt.Set{}))
	require.Empty(t, log.String())
}
