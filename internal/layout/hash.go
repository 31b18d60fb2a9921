package layout

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ragft/ragft/ragft/model"
)

// Hash returns the hex SHA-256 of a prompt.
func Hash(messages []model.Message) string {
	h := sha256.New()
	for _, message := range messages {
		fmt.Fprintf(h, "%d:%s%d:%s", len(message.Role), message.Role, len(message.Content), message.Content)
		if len(message.Thinking)+len(message.ToolCalls)+len(message.ToolCallID)+len(message.Name) > 0 {
			fmt.Fprintf(h, "%q%q%q%q", message.Thinking, message.ToolCalls, message.ToolCallID, message.Name)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
