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
		for _, call := range m.ToolCalls {
			if !json.Valid([]byte(call.Function.Arguments)) {
				return nil, bad(fmt.Sprintf("messages[%d].tool_calls", i), "the arguments of a tool call are not JSON")
			}
			messages[i].ToolCalls = append(messages[i].ToolCalls, model.ToolCall{
				ID: call.ID, Name: call.Function.Name, Arguments: json.RawMessage(call.Function.Arguments),
			})
		}
	}
	return messages, nil
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
		return bad(param, "%v", err)
	case errors.As(err, &tool):
		return bad(fmt.Sprintf("tools[%d].function.parameters", tool.Tool), "the parameters of the tool %q: %v", short(tool.Name, 100), tool.Err)
	case toAPI(err).status < 500:
		return err
	}
	return bad("messages", "the model's chat template cannot render the messages: %v", err)
}

// passagesError names the field of the request that an error of an answer from passages is about, if one is. The options are those
// of the answer.
func (r *run) passagesError(err error, o assistant.Options) error {
	own := r.model.Assistant
	passages := r.service.limits.passages(own)
	conditions := errors.Is(err, abstain.ErrConditions) || errors.Is(err, confidence.ErrConditions)
	switch {
	case errors.Is(err, assistant.ErrQuestion):
		_, why, _ := strings.Cut(err.Error(), assistant.ErrQuestion.Error()+": ")
		return bad("messages", "the last message is the question, and %s", why)
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
