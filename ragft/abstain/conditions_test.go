package abstain

import (
	"context"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// silent is a search that does not say how it ranks.
type silent struct{}

func (silent) Search(context.Context, string, int) ([]retriever.Hit, error) { return nil, nil }

// A rule holds for any documents, but for one way to rank them.
func TestConditionsNameTheSearch(t *testing.T) {
	under := func(search retriever.Searcher) map[string]string {
		return Conditions(&fake.Model{Called: "m"}, search, prompt.Set{}, 4)
	}
	index := func(o retriever.IndexOptions) *retriever.Index {
		x, err := retriever.NewMemory(o)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, x.Close()) })
		return x
	}
	plain := index(retriever.IndexOptions{})
	require.NoError(t, plain.Add(t.Context(), []retriever.Chunk{{ID: "a", Source: "a", Text: "A mill.", End: 7}}))
	tuned, err := plain.Tuned(t.Context(), retriever.Tuning{K1: opt.Of(2.0)})
	require.NoError(t, err)
	r := &Rule{Conditions: under(plain)}
	require.NoError(t, r.Holds(under(index(retriever.IndexOptions{}))), "other documents")
	require.NoError(t, r.Holds(under(silent{})), "nothing is known")
	for _, search := range []retriever.Searcher{tuned, index(retriever.IndexOptions{Analyzer: retriever.Standard})} {
		err := r.Holds(under(search))
		require.ErrorIs(t, err, ErrConditions)
		require.ErrorContains(t, err, "search english k1=0.9 b=0.4, not "+under(search)["search"])
	}
	older := &Rule{Conditions: under(silent{})}
	require.NotContains(t, older.Conditions, "search")
	require.NoError(t, older.Holds(under(tuned)), "which does not say how its search ranked")
}
