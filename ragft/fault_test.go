package ragft

import (
	"os"
	"testing"

	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/ragft/report"
	"github.com/stretchr/testify/require"
)

func TestFaultOfTheLastEvaluation(t *testing.T) {
	p, err := Open(t.Context(), Config{Dir: t.TempDir()})
	require.NoError(t, err)
	defer p.Close()
	none, err := p.Fault(t.Context())
	require.NoError(t, err)
	require.Empty(t, none, "nothing was evaluated")

	require.NoError(t, (&report.Results{Evaluation: fixture.Evaluated(t, fixture.Village())}).WriteFile(p.Path(evaluationName)))
	fault, err := p.Fault(t.Context())
	require.NoError(t, err)
	require.Contains(t, fault, "tuned, documents gets 2 of 4 answerable questions wrong or declines them")

	require.NoError(t, os.WriteFile(p.Path(evaluationName), []byte("{"), 0o644))
	_, err = p.Fault(t.Context())
	require.ErrorIs(t, err, ErrInput)
}
