//go:build cgo

package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
)

// apiError is an error object of OpenAI's API.
type apiError struct {
	status  int
	Message string `json:"message"`
	Type    string `json:"type"`
	Param   string `json:"param,omitempty"`
	Code    string `json:"code"`
	cause   error  // for the log; may be nil
}

func (e *apiError) Error() string { return e.Message }

// bad returns the error of an invalid request.
func bad(param, format string, args ...any) error {
	return &apiError{status: http.StatusBadRequest, Code: "invalid_value", Param: param, Message: fmt.Sprintf(format, args...)}
}

// tooLong returns the error of a text that has too many tokens.
func tooLong(param string, tokens, limit int) error {
	return &apiError{status: http.StatusBadRequest, Code: "context_length_exceeded", Param: param,
		Message: fmt.Sprintf("%s has %d tokens; the limit is %d", param, tokens, limit)}
}

// short cuts a text of a client's after so many bytes.
func short(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}

// packages are the names with which errors of this module begin, and mean nothing to a client.
var packages = regexp.MustCompile(`(^|: )((llama|ragft|retriever): )+`)

// inWords returns the text of an error without the names of packages.
func inWords(err error) string { return packages.ReplaceAllString(err.Error(), "$1") }

var errBusy = &apiError{status: http.StatusServiceUnavailable, Code: "queue_full", Message: "too many requests are waiting; try again"}

// statusGone is the status in metrics of a request whose client disconnected.
const statusGone = 499

// toAPI translates an error for the client.
func toAPI(err error) *apiError {
	var known *apiError
	var tooLarge *http.MaxBytesError
	e := &apiError{Message: inWords(err)}
	switch {
	case errors.As(err, &known):
		*e = *known
	case errors.As(err, &tooLarge):
		e.status, e.Code = http.StatusRequestEntityTooLarge, "body_too_large"
		e.Message = fmt.Sprintf("the body has more than %d bytes", tooLarge.Limit)
	case errors.Is(err, llama.ErrBusy):
		*e = *errBusy
	case errors.Is(err, llama.ErrPromptTooLong), errors.Is(err, model.ErrPromptTooLong):
		e.status, e.Code = http.StatusBadRequest, "context_length_exceeded"
	case errors.Is(err, assistant.ErrQuestion), errors.Is(err, confidence.ErrConditions), errors.Is(err, abstain.ErrConditions),
		errors.Is(err, llama.ErrTools),
		errors.Is(err, llama.ErrInvalidToken), errors.Is(err, llama.ErrEmptyPrompt),
		errors.Is(err, llama.ErrGrammarStuck):
		e.status, e.Code = http.StatusBadRequest, "invalid_value"
	case errors.Is(err, context.DeadlineExceeded):
		e.status, e.Code, e.Message = http.StatusGatewayTimeout, "timeout", "the answer took too long"
	case errors.Is(err, context.Canceled):
		e.status, e.Code, e.Message = statusGone, "cancelled", "the client disconnected"
	case errors.Is(err, llama.ErrClosed):
		*e = *errClosing
	default:
		e.status, e.Code, e.Message = http.StatusInternalServerError, "internal_error", "internal error; see the log of the service"
	}
	e.Message, e.Param = short(e.Message, 500), short(e.Param, 100)
	if e.Type == "" {
		if e.Type = "invalid_request_error"; e.status >= 500 {
			e.Type = "server_error"
		}
	}
	return e
}

// toAPI translates an error for the client. Requests that end because the service closes have not lost their clients.
func (s *Service) toAPI(err error) *apiError {
	if e := toAPI(err); e.status != statusGone || s.life.Err() == nil {
		return e
	}
	return toAPI(errClosing)
}

// fail responds with an error, if there is one and no response was started.
func (s *Service) fail(w http.ResponseWriter, r *http.Request, err error) {
	if err == nil {
		return
	}
	e := s.toAPI(err)
	if e.cause != nil {
		s.log.Warn("request failed", "path", r.URL.Path, "error", e.cause)
	} else if e.status == http.StatusInternalServerError {
		s.log.Error("request failed", "path", r.URL.Path, "error", err)
	}
	if rec, ok := w.(*recorder); ok && rec.status != 0 {
		return
	}
	if e.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, e.status, map[string]any{"error": e})
}
