package layout

import (
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// layoutOf is a hash of how a prompt is laid out: of that to an example.
func Fingerprint(messages func(question string, hits []retriever.Hit) []model.Message) string {
	hit := retriever.Hit{Score: 1, Chunk: retriever.Chunk{Title: "Title", Text: "Text.", End: 5}}
	return Hash(messages("Question?", []retriever.Hit{hit, hit}))
}
