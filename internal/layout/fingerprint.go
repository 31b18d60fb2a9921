package layout

import (
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Fingerprint returns a hash of a prompt layout: of the prompt for an example.
func Fingerprint(messages func(question string, hits []retriever.Hit) []model.Message) string {
	hit := retriever.Hit{Score: 1, Chunk: retriever.Chunk{Title: "Title", Text: "Text.", End: 5}}
	return Hash(messages("Question?", []retriever.Hit{hit, hit}))
}
