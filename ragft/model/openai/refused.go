package openai

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/retry"
)

// leftOut are the fields that the server refuses, by name.
type leftOut map[string]bool

// optional are the fields that a request can be made without, at a price. The others are the request itself.
var optional = []string{
	"logprobs", "seed", "temperature", "top_p", "top_k", "min_p", "stop", "response_format", "max_tokens",
	"max_completion_tokens", "stream_options", "stream",
}

// schemaFormat stands in a [leftOut] for a response format with a schema, which json_object then replaces.
const schemaFormat = "response_format json_schema"

// refused returns the optional fields of a request's body that the server refuses.
func refused(e *retry.StatusError, body map[string]any) []string {
	// OpenAI says 403 of log probabilities that a key may not ask for.
	if !slices.Contains([]int{http.StatusBadRequest, http.StatusForbidden, http.StatusUnprocessableEntity}, e.Code) || isTooLong(e) {
		return nil
	}
	var found []string
	for _, field := range optional {
		if value, sent := body[field]; sent && refuses(e, field, value) {
			found = append(found, field)
		}
	}
	return found
}

// refuses reports whether the server refuses a field, and not only its value. A temperature of 0 is refused by servers that
// take any other.
func refuses(e *retry.StatusError, field string, value any) bool {
	// A code says it, whatever the message has of what must be done first.
	unsupported := e.Param == field && (e.Kind == "unsupported_value" || e.Kind == "unsupported_parameter")
	if unsupported || slices.Contains(e.Forbidden, field) {
		return true
	}
	if e.Kind == "invalid_json_schema" || strings.HasPrefix(e.Param, "response_format.json_schema.schema") {
		return false // about what the schema says
	}
	named, _, _ := strings.Cut(strings.TrimPrefix(e.Param, "body."), ".") // response_format.type
	if named != field && (slices.Contains(optional, named) || !names(e.Message, field)) {
		return false // about another field, whatever it advises
	}
	return !badValue.MatchString(e.Message) || field == "temperature" && value == 0.0
}

// badValue matches what is said of a value that is out of the field's range.
var badValue = regexp.MustCompile(`(?i)\b(must|should|needs to) be\b|\bat (most|least)\b|\b(less|greater|more) than\b|\bbetween\b|` +
	`\btoo (large|long|small|many|big|high|low)\b|\bout of range\b|\b(maximum|minimum|exceeds?)\b`)

// names reports whether a message names a field, which may begin a sentence. "stop" is a word as well.
func names(message, field string) bool {
	pattern := `(?i)(^|[^A-Za-z0-9_])` + field + `($|[^A-Za-z0-9_])`
	if field == "stop" || field == "stream" || field == "seed" {
		pattern = "['\"`]" + field + "['\"`]|: ?" + field + `\b|^` + field + `\b|\b` + field + ` (is|parameter|field|argument)\b|` +
			`\b(parameter|field|argument)s? ` + field + `\b`
	}
	return regexp.MustCompile(pattern).MatchString(message)
}

func isTooLong(e *retry.StatusError) bool {
	return e.Kind == "context_length_exceeded" || strings.Contains(e.Message, "context length") ||
		strings.Contains(e.Message, "context size") || strings.Contains(e.Message, "context window")
}

// statusOf returns the error of a reply with a status of 400 or more.
func statusOf(reply *http.Response) *retry.StatusError {
	body, _ := io.ReadAll(io.LimitReader(reply.Body, 64<<10)) // what could be read is message enough
	e := &retry.StatusError{Code: reply.StatusCode, RetryAfter: retry.After(reply.Header)}
	var said any
	if json.Unmarshal(body, &said) == nil {
		described(e, said)
	}
	e.Message = cmp.Or(e.Message, string(bytes.TrimSpace(body[:min(len(body), 4<<10)])))
	return e
}

// described reads an error in one of the forms that servers give it: {"error": {"message", "param", "code"}}, {"error": text},
// {"message"}, {"detail": text}, and {"detail": [{"loc", "msg", "type"}]}, which may be the message of another.
func described(e *retry.StatusError, said any) {
	switch said := said.(type) {
	case string:
		if e.Message == "" {
			e.Message = said
		} else {
			e.Message += "; " + said
		}
	case []any:
		for _, one := range said {
			described(e, one)
		}
	case map[string]any:
		if param, ok := said["param"].(string); ok {
			e.Param = param
		}
		for _, key := range []string{"code", "type"} {
			if kind, ok := said[key].(string); ok && e.Kind == "" {
				e.Kind = kind
			}
		}
		located(e, said)
		for _, key := range []string{"error", "message", "detail", "msg"} {
			described(e, said[key])
		}
	}
}

// located adds the field that an entry of a list of details is about: "loc" is its path from the body.
func located(e *retry.StatusError, detail map[string]any) {
	path, _ := detail["loc"].([]any)
	if len(path) > 0 && path[0] == "body" {
		path = path[1:]
	}
	if len(path) == 0 {
		return
	}
	field, _ := path[0].(string)
	kind, _ := detail["type"].(string)
	if message, _ := detail["msg"].(string); strings.Contains(kind, "extra") || !badValue.MatchString(message) {
		e.Forbidden = append(e.Forbidden, field)
	}
	described(e, field) // names the field in the message
}
