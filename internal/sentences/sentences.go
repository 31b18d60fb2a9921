// Package sentences splits texts into sentences.
package sentences

import "github.com/ragft/ragft/retriever"

// Split splits a text into sentences, whose offsets refer to the text. A text that
// is not UTF-8 is returned as a single sentence.
func Split(text string) []retriever.Chunk {
	parts, err := retriever.Split(
		retriever.Document{Text: text, Format: retriever.Text},
		retriever.SplitOptions{By: retriever.Sentences, Size: 1})
	if err != nil || len(parts) == 0 {
		return []retriever.Chunk{{Text: text, End: len(text)}}
	}
	return parts
}
