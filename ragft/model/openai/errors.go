package openai

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	sdk "github.com/openai/openai-go/v3"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
)

// statusError returns the library's errors of a server's refusal as a
// [retry.StatusError], and all others as they are.
func statusError(err error) error {
	var refusal *sdk.Error
	if !errors.As(err, &refusal) {
		return err
	}
	e := &retry.StatusError{Code: refusal.StatusCode, Message: refusal.Message, Param: refusal.Param, Kind: refusal.Code}
	if refusal.Response != nil {
		e.RetryAfter = retry.After(refusal.Response.Header)
		body, _ := io.ReadAll(io.LimitReader(refusal.Response.Body, 4<<10)) // what could be read is message enough
		e.Message = cmp.Or(e.Message, strings.TrimSpace(string(body)))
	}
	return e
}

// refuses reports whether the server refuses a field of a request.
func refuses(e *retry.StatusError, field string) bool {
	if e.Code != http.StatusBadRequest && e.Code != http.StatusUnprocessableEntity {
		return false
	}
	return e.Param == field || strings.Contains(e.Message, "'"+field+"'")
}

// explain says what to do about an error.
func (m *Model) explain(err error) error {
	var status *retry.StatusError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case retry.IsDown(err):
		return fmt.Errorf("%w at %s: start it, or correct Options.BaseURL (%w)", model.ErrUnavailable, m.host, err)
	case !errors.As(err, &status):
		return err
	case status.Code == http.StatusUnauthorized, status.Code == http.StatusForbidden:
		return fmt.Errorf("%w: set OPENAI_API_KEY or Options.Key (%w)", model.ErrUnauthorized, err)
	case status.Kind == "model_not_found", status.Code == http.StatusNotFound && strings.Contains(status.Message, "model"):
		return fmt.Errorf("%w %s on %s (%w)", model.ErrNotFound, m.name, m.host, err)
	case status.Kind == "context_length_exceeded", strings.Contains(status.Message, "context length"),
		strings.Contains(status.Message, "context size"):
		return fmt.Errorf("%w: use fewer or smaller passages (%w)", model.ErrPromptTooLong, err)
	case retry.IsRefusedRequest(status.Code):
		return fmt.Errorf("%w (%w)", model.ErrRequest, err)
	}
	return err
}
