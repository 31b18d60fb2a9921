package layout

import (
	"slices"

	"github.com/ragft/ragft/ragft/model"
)

// WithHistory puts the earlier turns between the system message and the last message.
// Their system messages are appended to the first.
func WithHistory(messages, history []model.Message) []model.Message {
	var system, turns []model.Message
	if messages[0].Role == model.RoleSystem { // a template may do without
		system, messages = slices.Clone(messages[:1]), messages[1:]
	}
	for _, m := range history {
		switch {
		case m.Role != model.RoleSystem:
			turns = append(turns, m)
		case len(system) == 0:
			system = []model.Message{m}
		default:
			system[0].Content += "\n\n" + m.Content
		}
	}
	return slices.Concat(system, turns, messages)
}
