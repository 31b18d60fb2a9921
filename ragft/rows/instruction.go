package rows

import "github.com/ragft/ragft/ragft/model"

// Instruction is a plain instruction, without documents, with a reference
// response.
type Instruction struct {
	Prompt   string `json:"prompt"`
	Response string `json:"response"`
}

// Messages returns the prompt: the instruction as the user's only message.
func (i Instruction) Messages() []model.Message {
	return []model.Message{{Role: model.RoleUser, Content: i.Prompt}}
}
