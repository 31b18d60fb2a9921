package meter

import (
	"log/slog"
	"testing"
	"time"

	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

func TestTimeLeftIsThatOfThePhase(t *testing.T) {
	var last model.Progress
	m := New(func(p model.Progress) { last = p }, slog.New(slog.DiscardHandler))
	m.reported = m.start.Add(-time.Hour) // an hour was spent before
	m.start, m.phaseStart = m.reported, m.reported
	m.Report("first", 1, 2, 0)
	require.InDelta(t, 3600, last.Remaining.Seconds(), 60)
	m.Report("second", 1, 100, 0)
	require.Less(t, last.Remaining, time.Minute)
	require.GreaterOrEqual(t, last.Elapsed, time.Hour)
}
