package retriever

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestLongQueriesTakeLinearTime(t *testing.T) {
	an, err := newAnalyzers(Standard)
	require.NoError(t, err)
	for _, between := range []string{" ", ", ", ",b,", "   "} {
		var query strings.Builder
		for i := range 60_000 {
			fmt.Fprintf(&query, "word%x%s", i, between)
		}
		start := time.Now()
		require.Greater(t, len(termsOf(an.usual, query.String())), 50_000)
		require.Less(t, time.Since(start), 5*time.Second, "%q", between)
	}
}

func TestWordBefore(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "  ": "", "In which ": "which", "In what\u00a0": "what", "who": "who", "x\u3000how ": "how",
		"Which" + strings.Repeat(" ", 200): "Which", strings.Repeat("x", 200) + "who ": strings.Repeat("x", 97) + "who",
	} {
		require.Equal(t, want, wordBefore(text))
	}
}

// A broken character parts words, and does not end the query.
func TestQueryThatIsNotUTF8(t *testing.T) {
	x := newTestIndex(t, "memory", IndexOptions{})
	require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: "the keeper", End: 10}, {ID: "2", Text: "the mill", End: 8}}))
	for _, query := range []string{"keeper \xff mill", "keeper\xffmill", "\xc3keeper\xe2\x82 mill"} {
		hits, err := x.Search(ctx, query, 3)
		require.NoError(t, err)
		require.Len(t, hits, 2, "%q", query)
	}
}
