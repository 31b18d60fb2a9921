//go:build cgo

package service

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ignored are fields of OpenAI's API that do not affect the answer.
var ignored = []string{"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}

// read decodes a request's body into v. Fields that v does not have are errors, except ignored ones and those that are null, as
// clients must know that a field has no effect. An error names the field as the client did.
func read(r *http.Request, v any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &apiError{status: http.StatusUnsupportedMediaType, Code: "invalid_content_type",
			Message: "the Content-Type must be application/json"}
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return readError(err)
	}
	if !utf8.Valid(body) {
		return bad("", "the body is not UTF-8")
	}
	err = decodeFields(body, v, ignored)
	var field *fieldError
	if errors.As(err, &field) {
		if field.path == "" {
			return bad("", "the body is not a JSON object: %v", field.err)
		}
		return bad(field.path, "%s: %v", field.path, field.err)
	}
	return err
}

// fieldError is an error in a field of a body.
type fieldError struct {
	path string // such as messages[1].role
	err  error
}

func (e *fieldError) Error() string { return e.err.Error() }

// within returns the error with the path of what it is in: a name, or an index in brackets.
func within(path string, err error) error {
	var inner *fieldError
	if !errors.As(err, &inner) {
		return &fieldError{path, err}
	}
	if inner.path != "" && inner.path[0] != '[' {
		path += "."
	}
	return &fieldError{path + inner.path, inner.err}
}

// decodeFields decodes an object field by field, in the order of their names. Fields that are null are left out, as are those
// named in without.
func decodeFields(object []byte, v any, without []string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return &fieldError{"", readable(err)}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if string(fields[name]) == "null" || slices.Contains(without, name) {
			continue
		}
		one, err := json.Marshal(map[string]json.RawMessage{name: fields[name]})
		if err != nil {
			return err
		}
		d := json.NewDecoder(bytes.NewReader(one))
		d.DisallowUnknownFields()
		if err := d.Decode(v); err != nil {
			return within(name, inField(name, err))
		}
	}
	return nil
}

// inField returns an error of decoding a field, with the place in it if that is known.
func inField(name string, err error) error {
	var typed *json.UnmarshalTypeError
	if errors.As(err, &typed) {
		_, rest, _ := strings.Cut(strings.TrimPrefix(typed.Field, "options."), name+".")
		return &fieldError{rest, readable(err)}
	}
	if unknown, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if inner, quoted := strconv.Unquote(unknown); quoted == nil && inner != name {
			return &fieldError{inner, errors.New("unknown field")}
		}
		return errors.New("unknown field")
	}
	var inner *fieldError
	if errors.As(err, &inner) {
		return err
	}
	return readable(err)
}

// readable returns an error of decoding in the words of JSON.
func readable(err error) error {
	var typed *json.UnmarshalTypeError
	if !errors.As(err, &typed) {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	want := "an object"
	switch typed.Type.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		want = "a whole number"
	case reflect.Float32, reflect.Float64:
		want = "a number"
	case reflect.Slice:
		want = "a list"
	}
	return fmt.Errorf("it cannot be %s; it must be %s", article(typed.Value), want)
}

func article(value string) string {
	if strings.HasPrefix(value, "array") || strings.HasPrefix(value, "object") {
		return "an " + value
	}
	return "a " + value
}

// UnmarshalJSON names the message that an error is in.
func (m *chatMessages) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	for i, raw := range list {
		var one chatMessage
		if err := decodeFields(raw, &one, nil); err != nil {
			return within(fmt.Sprintf("[%d]", i), err)
		}
		*m = append(*m, one)
	}
	return nil
}

// readError distinguishes a body that is too large from a client that disconnected or was too slow.
func readError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return &apiError{status: http.StatusRequestTimeout, Code: "body_incomplete", Message: "the body was not received completely"}
}

// content is a message's text: a string or a list of text parts.
type content string

func (c *content) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return json.Unmarshal(b, (*string)(c))
	}
	var parts []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Refusal string `json:"refusal"`
	}
	if err := json.Unmarshal(b, &parts); err != nil {
		return err
	}
	for _, p := range parts {
		if p.Type != "text" && p.Type != "refusal" {
			return fmt.Errorf("content of type %q is not understood: only text is", p.Type)
		}
		*c += content(p.Text + p.Refusal)
	}
	return nil
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		*o = make([]string, 1)
		return json.Unmarshal(b, &(*o)[0])
	}
	return json.Unmarshal(b, (*[]string)(o))
}

// prompts are texts or lists of tokens, one or more.
type prompts struct {
	texts  []string
	tokens [][]int32
}

func (p *prompts) UnmarshalJSON(b []byte) error {
	var list []json.RawMessage
	if len(b) == 0 || b[0] != '[' {
		list = []json.RawMessage{b}
	} else if err := json.Unmarshal(b, &list); err != nil {
		return err
	}
	number := func(b json.RawMessage) bool { return len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') }
	if len(list) > 0 && !slices.ContainsFunc(list, func(b json.RawMessage) bool { return !number(b) }) && b[0] == '[' {
		list = []json.RawMessage{b}
	}
	for _, one := range list {
		switch {
		case len(one) > 0 && one[0] == '"':
			var text string
			if err := json.Unmarshal(one, &text); err != nil {
				return err
			}
			p.texts = append(p.texts, text)
		default:
			var tokens []int32
			if err := json.Unmarshal(one, &tokens); err != nil {
				return fmt.Errorf("neither a text nor a list of tokens: %w", err)
			}
			p.tokens = append(p.tokens, tokens)
		}
	}
	if len(p.texts) > 0 && len(p.tokens) > 0 {
		return fmt.Errorf("texts and lists of tokens cannot be mixed")
	}
	return nil
}
