package verified

import (
	"strings"
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// Drafts with the same passages stay in one batch, within a bound.
func TestBatchesEndWithTheirPassages(t *testing.T) {
	for _, c := range []struct {
		passages string // a letter for each draft
		size     int
		want     string
	}{
		{"", 4, ""},
		{"aabbbbcc", 4, "aabbbb cc"},
		{"aabbbbbc", 4, "aabbbb bc"},
		{"aaaabb", 4, "aaaa bb"},
		{"aaab", 8, "aaab"},
		{"aaab", 1, "a a a b"},
		{"aaaaaaaa", 3, "aaaa aaaa"},
	} {
		var order []*draft
		for _, letter := range c.passages {
			order = append(order, &draft{hits: []retriever.Hit{{Chunk: retriever.Chunk{ID: string(letter)}}}})
		}
		var got []string
		for _, batch := range batches(order, c.size) {
			var text strings.Builder
			for _, d := range batch {
				text.WriteString(d.hits[0].ID)
			}
			got = append(got, text.String())
		}
		require.Equal(t, c.want, strings.Join(got, " "), "%s in batches of %d", c.passages, c.size)
	}
}
