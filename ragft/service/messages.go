//go:build cgo

package service

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
)

// conversation returns the messages as a model reads them, with passages or without.
func (req *chatRequest) conversation() ([]model.Message, error) {
	messages := make([]model.Message, len(req.Messages))
	for i, m := range req.Messages {
		if err := m.check(i); err != nil {
			return nil, err
		}
		content := string(m.Content)
		if m.Refusal != nil {
			content += *m.Refusal
		}
		messages[i] = model.Message{Role: m.role(), Content: content, Name: m.Name, ToolCallID: m.ToolCallID,
			Thinking: cmp.Or(m.ReasoningContent, m.Reasoning)}
		for k, call := range m.ToolCalls {
			arguments := cmp.Or(strings.TrimSpace(call.Function.Arguments), "{}") // some models write none as nothing
			var object map[string]json.RawMessage
			if json.Unmarshal([]byte(arguments), &object) != nil || object == nil {
				return nil, bad(fmt.Sprintf("messages[%d].tool_calls[%d].function.arguments", i, k),
					"the arguments of a tool call must be an object in JSON")
			}
			messages[i].ToolCalls = append(messages[i].ToolCalls, model.ToolCall{
				ID: call.ID, Name: call.Function.Name, Arguments: json.RawMessage(arguments),
			})
		}
	}
	return messages, nil
}

// oneSystem joins the system messages that a conversation begins with, such as one of the system and one of the developer: many
// chat templates take one alone, or leave all out.
func oneSystem(messages []model.Message) []model.Message {
	n := slices.IndexFunc(messages, func(m model.Message) bool { return m.Role != model.RoleSystem })
	if n < 0 {
		n = len(messages)
	}
	if n < 2 {
		return messages
	}
	first := messages[0]
	var texts []string
	for _, m := range messages[:n] {
		if m.Content != "" {
			texts = append(texts, m.Content)
		}
	}
	first.Content = strings.Join(texts, "\n\n")
	return append([]model.Message{first}, messages[n:]...)
}

// role returns the message's role for chat templates.
func (m chatMessage) role() string {
	if m.Role == "developer" {
		return model.RoleSystem
	}
	return m.Role
}

func (m chatMessage) check(i int) error {
	if !slices.Contains([]string{model.RoleSystem, model.RoleUser, model.RoleAssistant, "tool"}, m.role()) {
		return bad(fmt.Sprintf("messages[%d].role", i), "unknown role %q", m.Role)
	}
	return nil
}

// templateError returns the error of a template that could not render the messages.
func templateError(err error, tools *toolUse) error {
	param := "messages"
	if len(tools.shown) > 0 {
		param = "tools"
	}
	var system syscall.Errno
	var tool *llama.ToolError
	switch {
	case errors.As(err, &system):
		return err
	case errors.Is(err, llama.ErrTools):
		return bad(param, "%s", inWords(err))
	case errors.As(err, &tool):
		return bad(fmt.Sprintf("tools[%d].function.parameters", tool.Tool), "the parameters of the tool %q: %s", short(tool.Name, 100),
			inWords(tool.Err))
	case toAPI(err).status < 500:
		return err
	}
	return bad("messages", "the model's chat template cannot render the messages: %s", inWords(err))
}

// passagesError names the field of the request that an error of an answer from passages is about, if one is. The options are those
// of the answer.
func (r *run) passagesError(err error, o assistant.Options) error {
	own := r.model.Assistant
	passages := r.service.limits.passages(own)
	conditions := errors.Is(err, abstain.ErrConditions) || errors.Is(err, confidence.ErrConditions)
	var question *assistant.QuestionError
	switch {
	case errors.As(err, &question):
		return bad("messages", "the last message is the question, and %s", question.Reason)
	case errors.Is(err, model.ErrPromptTooLong), errors.Is(err, llama.ErrPromptTooLong):
		return &apiError{status: http.StatusBadRequest, Code: "context_length_exceeded", Param: "messages",
			Message: "the messages and one passage are too long for the model's context or the limit of this service"}
	case conditions && o.Careful != own.Careful:
		return bad("ragft.careful", "careful must be %v: the rule that decides whether this model answers was fitted with that", own.Careful)
	case conditions && o.Passages != passages:
		return bad("ragft.passages", "passages must be %d: the rule that decides whether this model answers was fitted with that", passages)
	}
	return err
}
