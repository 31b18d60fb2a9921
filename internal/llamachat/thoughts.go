//go:build cgo

package llamachat

import (
	"strings"

	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/llama"
)

// OpensThoughts reports whether a prompt ends with the mark that opens a chain of thought.
func OpensThoughts(m *llama.Model, prompt []llama.Token) bool {
	const longest = 16 // tokens of a mark and the white space after it
	return thoughts.Opens(strings.Join(pieces(m, prompt[max(0, len(prompt)-longest):]), ""))
}

// Split returns the chain of thought of a sample, its answer, and the index of the answer's first token. begun says that the
// prompt has opened the thought. Marks that are control tokens are found, too, although the text of a sample lacks them.
func Split(m *llama.Model, s llama.Sample, begun bool) (thinking, answer string, first int) {
	said := s.Tokens
	if n := len(said); n > 0 && m.IsEndOfGeneration(said[n-1]) {
		said = said[:n-1]
	}
	tokens := pieces(m, said)
	whole := strings.Join(tokens, "")
	thinking, at := thoughts.Split(whole, begun)
	first = thoughts.AnswerToken(tokens, whole, at)
	switch {
	case at == 0:
		return "", s.Text, 0
	case strings.HasPrefix(whole, s.Text): // all marks are text
		thinking, at = thoughts.Split(s.Text, begun)
		return thinking, s.Text[at:], first
	case at == len(whole):
		return thinking, "", first
	}
	var p Place
	for _, t := range said[:first] {
		p.Add(Visible(m, t))
	}
	return thinking, s.Text[min(p.End, len(s.Text)):], first
}

// Hidden reports whether a token is a control token, which the text of a sample lacks.
func Hidden(m *llama.Model, t llama.Token) bool {
	name := m.Piece(t)
	if name == "" || !strings.ContainsRune("<[◁", []rune(name)[0]) {
		return false // no mark begins otherwise
	}
	text, err := m.Detokenize([]llama.Token{t})
	return err == nil && text == ""
}

// Visible returns what a token adds to the text of a sample.
func Visible(m *llama.Model, t llama.Token) string {
	if Hidden(m, t) {
		return ""
	}
	return m.Piece(t)
}

func pieces(m *llama.Model, tokens []llama.Token) []string {
	out := make([]string, len(tokens))
	for i, t := range tokens {
		out[i] = m.Piece(t)
	}
	return out
}
