package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/ragft/ragft/internal/retry"
	"github.com/ragft/ragft/ragft/model"
)

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
	case isTooLong(status):
		return fmt.Errorf("%w: use fewer or smaller passages (%w)", model.ErrPromptTooLong, err)
	case retry.IsRefusedRequest(status.Code):
		return fmt.Errorf("%w (%w)", model.ErrRequest, err)
	}
	return err
}
