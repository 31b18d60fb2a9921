//go:build cgo

package local

import (
	"strings"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/llama"
)

// stream makes a request stream the answer of sample 0 to onText: without a chain of thought, and without the white space
// that it begins with.
func (f *file) stream(r *llama.Request, onText func(string)) {
	if onText == nil {
		return
	}
	var out thoughts.Stream
	if llamachat.OpensThoughts(f.model, r.Prompt) {
		out.Begun()
	}
	begun := false
	show := func(text string) {
		if !begun {
			text = strings.TrimLeft(text, " \t\r\n")
		}
		if text != "" {
			begun = true
			onText(text)
		}
	}
	r.OnToken = func(sample int, t llama.ChosenToken) {
		if sample == 0 && !begun && llamachat.Hidden(f.model, t.Token) {
			out.Push(f.model.Piece(t.Token)) // a mark that the text lacks; nothing else of it is shown
		}
	}
	r.OnText = func(sample int, text string) {
		if sample == 0 {
			show(out.Push(text))
		}
	}
	done := r.OnDone
	r.OnDone = func() {
		show(out.End())
		if done != nil {
			done()
		}
	}
}
