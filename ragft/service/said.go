//go:build cgo

package service

import (
	"strings"
	"unicode"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
)

// said is what a model has generated for a choice, and how much of it was shown: a chain of thought, a stop string and the white
// space around an answer are not. So the log probabilities of a stream are those of the whole reply.
type said struct {
	text   strings.Builder // without control tokens and what is held back
	tokens []saidToken
	place  llamachat.Place
	shown  int // end of what was shown of the text
	next   int // the first token that may be shown
}

// saidToken is a token with the range of the text that it is in.
type saidToken struct {
	llama.ChosenToken
	from, to int
}

// token adds a token, before the text that it makes up.
func (s *said) token(m *llama.Model, t llama.ChosenToken) {
	if m.IsEndOfGeneration(t.Token) {
		return
	}
	from, to := s.place.Add(llamachat.Visible(m, t.Token))
	s.tokens = append(s.tokens, saidToken{t, from, to})
}

// show returns the tokens of a text that is shown after what was shown before, none if the model did not write it.
func (s *said) show(text string) (tokens []llama.ChosenToken) {
	from := strings.LastIndex(s.text.String()[s.shown:], text)
	if from < 0 || text == "" {
		return nil
	}
	from += s.shown
	s.shown = from + len(text)
	for ; s.next < len(s.tokens) && s.tokens[s.next].from < s.shown; s.next++ {
		if t := s.tokens[s.next]; t.to > max(from, t.from) {
			tokens = append(tokens, t.ChosenToken)
		}
	}
	return tokens
}

// trimmed returns a function that passes on a text in pieces, without the white space around all of it.
func trimmed(show func(piece string)) func(piece string) {
	held, begun := "", false
	return func(piece string) {
		text := held + piece
		if !begun {
			text = strings.TrimLeftFunc(text, unicode.IsSpace)
		}
		body := strings.TrimRightFunc(text, unicode.IsSpace)
		if held = text[len(body):]; body != "" {
			begun = true
			show(body)
		}
	}
}
