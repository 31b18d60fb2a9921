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
	"strings"
	"unicode/utf8"
)

// ignored are fields of OpenAI's API that do not affect the answer.
var ignored = []string{"user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention"}

// read decodes a request's body into v. Fields that v does not have are errors, except ignored ones and those that are null: clients
// must know that a field has no effect, and send answers back with all fields that they know. An error names the field as the
// client did.
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
	var whole bytes.Buffer
	if err = json.Compact(&whole, body); err == nil {
		err = decodeFields(whole.Bytes(), reflect.ValueOf(v).Elem(), ignored)
	}
	var field *fieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field) && field.path != "":
		return bad(field.path, "%s: %v", field.path, field.err)
	}
	return bad("", "the body is not a JSON object: %v", readable(err))
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
		return &fieldError{path, readable(err)}
	}
	if inner.path != "" && inner.path[0] != '[' {
		path += "."
	}
	return &fieldError{path + inner.path, inner.err}
}

// decode decodes JSON into v, field by field and element by element, so that an error tells where it is.
func decode(data []byte, v reflect.Value) error {
	if custom, ok := v.Addr().Interface().(json.Unmarshaler); ok {
		return custom.UnmarshalJSON(data)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return decode(data, v.Elem())
	case reflect.Struct:
		return decodeFields(data, v, nil)
	case reflect.Slice:
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, one := range list {
			if err := decode(one, v.Index(i)); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
		return nil
	}
	return json.Unmarshal(data, v.Addr().Interface())
}

// decodeFields decodes an object into a struct, in the order of the fields' names. Fields that are null are left out, as are those
// named in without. Others that the struct does not have are errors.
func decodeFields(object []byte, v reflect.Value, without []string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return err
	}
	known := map[string]reflect.Value{}
	for _, f := range reflect.VisibleFields(v.Type()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			known[name] = v.FieldByIndex(f.Index)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if string(fields[name]) == "null" || slices.Contains(without, name) {
			continue
		}
		field, ok := known[name]
		if !ok {
			return within(name, errors.New("unknown field"))
		}
		if err := decode(fields[name], field); err != nil {
			return within(name, err)
		}
	}
	return nil
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
	var parts []contentPart
	if err := decode(b, reflect.ValueOf(&parts).Elem()); err != nil {
		return err
	}
	for _, p := range parts {
		*c += content(p.Text + p.Refusal)
	}
	return nil
}

// contentPart is a part of a message's text.
type contentPart struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Refusal string `json:"refusal"`
}

// UnmarshalJSON names the type before the fields of one that is not understood.
func (p *contentPart) UnmarshalJSON(b []byte) error {
	var typed struct{ Type any }
	if json.Unmarshal(b, &typed) == nil && typed.Type != "text" && typed.Type != "refusal" {
		name, _ := typed.Type.(string)
		return within("type", fmt.Errorf("content of type %q is not understood: only text is", short(name, 100)))
	}
	return decodeFields(b, reflect.ValueOf(p).Elem(), nil)
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
