//go:build cgo

package llamachat

import (
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/llama"
)

// Stream makes a request pass on the answer of each sample in pieces, without a chain of thought. The callbacks that the
// request already has are still called.
func Stream(m *llama.Model, r *llama.Request, onText func(sample int, text string)) {
	begun := OpensThoughts(m, r.Prompt)
	streams, answering := map[int]*thoughts.Stream{}, map[int]bool{}
	of := func(sample int) *thoughts.Stream {
		if streams[sample] == nil {
			streams[sample] = &thoughts.Stream{}
			if begun {
				streams[sample].Begun()
			}
		}
		return streams[sample]
	}
	show := func(sample int, text string) {
		if text != "" {
			answering[sample] = true
			onText(sample, text)
		}
	}
	onToken, onDone := r.OnToken, r.OnDone
	r.OnToken = func(sample int, t llama.ChosenToken) {
		if !answering[sample] && Hidden(m, t.Token) {
			of(sample).Push(m.Piece(t.Token)) // a mark that the text lacks; nothing else of it is shown
		}
		if onToken != nil {
			onToken(sample, t)
		}
	}
	r.OnText = func(sample int, text string) { show(sample, of(sample).Push(text)) }
	r.OnDone = func() {
		for sample, s := range streams {
			show(sample, s.End())
		}
		if onDone != nil {
			onDone()
		}
	}
}
