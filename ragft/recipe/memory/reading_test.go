package memory

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// A passage that is too long gives memory no rows, and the others do.
func TestMemoryLeavesOutWhatIsTooLong(t *testing.T) {
	refuses := "run by"
	model := refusing{memoryModel(t), &refuses}
	in := recipe.Input{Model: model, Corpus: millCorpus()}
	r, err := Recipe{}.Build(t.Context(), in)
	require.NoError(t, err)
	require.Equal(t, 1, r.Dropped["too-long"])
	require.Len(t, r.graph.entities, 1)
	require.NotEmpty(t, r.Rows)
	refuses = "Document"
	_, err = Recipe{}.Build(t.Context(), in)
	require.ErrorIs(t, err, errNoEntities)
	require.ErrorContains(t, err, "passages longer than the model's context: 2")
}

// A model that writes no JSON is found out as soon, whichever passage of a batch is too long.
func TestMemoryFindsOutPastWhatIsTooLong(t *testing.T) {
	for _, long := range []int{-1, 0, 3, 7} {
		var corpus []retriever.Chunk
		for i := range 200 {
			text := "A mill."
			if i == long || i == 13 {
				text = "Too long."
			}
			corpus = append(corpus, retriever.Chunk{ID: fmt.Sprint(i), Text: text})
		}
		refuses := "Too long."
		model := refusing{fake.AlwaysSays("I like mills"), &refuses}
		_, err := Recipe{}.Rows(t.Context(), recipe.Input{Model: model, Corpus: corpus})
		require.ErrorIs(t, err, errNoEntities)
		require.ErrorContains(t, err, "is complete JSON")
		require.LessOrEqual(t, len(model.Requests), 8, "of the first batch alone")
	}
}

// refusing takes no prompt with some text.
type refusing struct {
	*fake.Model
	text *string
}

func (m refusing) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	for _, req := range reqs {
		if strings.Contains(req.Messages[1].Content, *m.text) {
			return nil, model.ErrPromptTooLong
		}
	}
	return m.Model.Chat(ctx, reqs)
}
