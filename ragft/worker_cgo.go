//go:build cgo

package ragft

import (
	"maps"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/lora"
)

func init() {
	maps.Copy(kinds, map[string]error{
		"llama.ErrAdapterMismatch": llama.ErrAdapterMismatch, "llama.ErrBusy": llama.ErrBusy, "llama.ErrClosed": llama.ErrClosed,
		"llama.ErrCorrupt": llama.ErrCorrupt, "llama.ErrEmptyPrompt": llama.ErrEmptyPrompt,
		"llama.ErrGrammarStuck": llama.ErrGrammarStuck, "llama.ErrInvalidToken": llama.ErrInvalidToken,
		"llama.ErrNotANumber": llama.ErrNotANumber, "llama.ErrNotGGUF": llama.ErrNotGGUF,
		"llama.ErrPromptTooLong": llama.ErrPromptTooLong, "llama.ErrServer": llama.ErrServer,
		"llama.ErrTemplateSplit": llama.ErrTemplateSplit, "llama.ErrTools": llama.ErrTools, "llama.ErrUnsupported": llama.ErrUnsupported,
		"lora.ErrAdapter": lora.ErrAdapter, "lora.ErrBusy": lora.ErrBusy, "lora.ErrCheckpoint": lora.ErrCheckpoint,
		"lora.ErrClosed": lora.ErrClosed, "lora.ErrDiverged": lora.ErrDiverged, "lora.ErrMemory": lora.ErrMemory,
		"lora.ErrNoExamples": lora.ErrNoExamples, "lora.ErrNoLoss": lora.ErrNoLoss, "lora.ErrNoRule": lora.ErrNoRule,
		"lora.ErrNoSpace": lora.ErrNoSpace, "lora.ErrNoTarget": lora.ErrNoTarget, "lora.ErrRise": lora.ErrRise,
		"lora.ErrTooLong": lora.ErrTooLong,
	})
}
