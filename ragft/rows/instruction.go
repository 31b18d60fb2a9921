package rows

import (
	"github.com/ragft/ragft/ragft/model"
)

// Instruction is a plain instruction, without documents, with a reference response.
type Instruction struct {
	Prompt   string `json:"prompt"`
	Response string `json:"response"`
}

// plainPrompt is a user's message with nothing around it.
func PlainPrompt(text string) []model.Message {
	return []model.Message{{Role: model.RoleUser, Content: text}}
}
