package fake

import (
	"context"
	"strings"

	"github.com/ragft/ragft/ragft/model"
)

// limited takes prompts of a few documents.
type Limited struct {
	*Model
	Documents *int
}

func (m Limited) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	for _, req := range reqs {
		if strings.Count(req.Messages[1].Content, "Document ") > *m.Documents {
			return nil, model.ErrPromptTooLong
		}
	}
	return m.Model.Chat(ctx, reqs)
}
