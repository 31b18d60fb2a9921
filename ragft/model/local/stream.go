//go:build cgo

package local

import (
	"strings"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/llama"
)

// stream makes a request stream the answer of sample 0 to onText: without a chain of thought, and without the white space
// that it begins with.
func (f *file) stream(r *llama.Request, onText func(string)) {
	if onText == nil {
		return
	}
	begun := false
	llamachat.Stream(f.model, r, func(sample int, text string) {
		if sample != 0 {
			return
		}
		if !begun {
			text = strings.TrimLeft(text, " \t\r\n")
		}
		if text != "" {
			begun = true
			onText(text)
		}
	})
}
