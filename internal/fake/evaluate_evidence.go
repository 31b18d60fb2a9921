package fake

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// library finds passages as a shelf does, and lists a corpus.
type Library struct {
	Shelf
	Rest []string
}

func (l Library) Chunks(context.Context) iter.Seq2[retriever.Chunk, error] {
	return func(yield func(retriever.Chunk, error) bool) {
		for _, text := range l.Rest {
			if !yield(retriever.Chunk{ID: text, Source: "rest.md", Text: text}, nil) {
				return
			}
		}
	}
}

// counting is a model whose tokens are words.
type Counting struct {
	Scripted
	Context int
	Counted int // words of all prompts that were counted
}

func (m *Counting) CountTokens(messages []model.Message) (int, error) {
	n := 0
	for _, message := range messages {
		n += len(strings.Fields(message.Content))
	}
	m.Counted += n
	return n, nil
}

func (m *Counting) CountText(text string) (int, error) { return len(strings.Fields(text)), nil }

func (m *Counting) ContextTokens() int { return m.Context }

func HitsOf(t *testing.T, s retriever.Searcher, q string) []retriever.Hit {
	hits, err := s.Search(t.Context(), q, 9)
	require.NoError(t, err)
	return hits
}
