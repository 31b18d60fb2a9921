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

	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/llama"
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
		d := decoder{left: maxElements}
		err = d.fields(whole.Bytes(), reflect.ValueOf(v).Elem(), ignored)
	}
	var field *fieldError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field) && field.path != "":
		return bad(field.path, "%s: %v", field.path, field.err)
	}
	return bad("", "the body is not a JSON object: %v", jsonschema.Readable(err))
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
		return &fieldError{path, jsonschema.Readable(err)}
	}
	if inner.path != "" && inner.path[0] != '[' {
		path += "."
	}
	return &fieldError{path + inner.path, inner.err}
}

// maxElements is the largest number of elements of all lists in a request. In memory an empty one takes many times its two bytes.
const maxElements = 10_000

var errNull = errors.New("null is no element of a list")

// decoder decodes one request.
type decoder struct {
	left  int                               // elements that lists may still have
	known map[reflect.Type]map[string][]int // the results of fieldsOf; a list may have many objects of a type
}

// decodable is a field with a form of its own.
type decodable interface {
	decode(data []byte, d *decoder) error
}

// value decodes JSON into v, field by field and element by element, so that an error tells where it is.
func (d *decoder) value(data []byte, v reflect.Value) error {
	switch custom := v.Addr().Interface().(type) {
	case decodable:
		return custom.decode(data, d)
	case json.Unmarshaler:
		return custom.UnmarshalJSON(data)
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.value(data, v.Elem())
	case reflect.Struct:
		return d.fields(data, v, nil)
	case reflect.Slice:
		list, err := d.elements(data)
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(list), len(list)))
		for i, one := range list {
			if err := d.value(one, v.Index(i)); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
		return nil
	}
	return json.Unmarshal(data, v.Addr().Interface())
}

// elements returns the elements of a list. They are counted while they are read, so that too many take no memory.
func (d *decoder) elements(data []byte) (list []json.RawMessage, err error) {
	if len(data) == 0 || data[0] != '[' {
		return nil, json.Unmarshal(data, &list) // says what it is in place of a list
	}
	in := json.NewDecoder(bytes.NewReader(data))
	if _, err := in.Token(); err != nil { // the bracket
		return nil, err
	}
	for in.More() {
		if d.left--; d.left < 0 {
			return nil, within(fmt.Sprintf("[%d]", len(list)), fmt.Errorf("the lists of a request have at most %d elements", maxElements))
		}
		var one json.RawMessage
		if err := in.Decode(&one); err != nil {
			return nil, err
		}
		if string(one) == "null" { // which would be read as 0, "" or an empty object
			return nil, within(fmt.Sprintf("[%d]", len(list)), errNull)
		}
		list = append(list, one)
	}
	return list, nil
}

// fields decodes an object into a struct, in the order of the fields' names. Fields that are null are left out, as are those
// named in without. Others that the struct does not have are errors.
func (d *decoder) fields(object []byte, v reflect.Value, without []string) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return err
	}
	known := d.fieldsOf(v.Type())
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if string(fields[name]) == "null" || slices.Contains(without, name) {
			continue
		}
		index, ok := known[name]
		if !ok {
			return within(name, errors.New("unknown field"))
		}
		if err := d.value(fields[name], v.FieldByIndex(index)); err != nil {
			return within(name, err)
		}
	}
	return nil
}

// fieldsOf returns where a struct has its fields, by their names in JSON.
func (d *decoder) fieldsOf(t reflect.Type) map[string][]int {
	if known := d.known[t]; known != nil {
		return known
	}
	fields := map[string][]int{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			fields[name] = f.Index
		}
	}
	if d.known == nil {
		d.known = map[reflect.Type]map[string][]int{}
	}
	d.known[t] = fields
	return fields
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

func (c *content) decode(b []byte, d *decoder) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(c))
	case len(b) == 0 || b[0] != '[':
		return errors.New("it must be a string or a list of parts")
	}
	var parts []contentPart
	if err := d.value(b, reflect.ValueOf(&parts).Elem()); err != nil {
		return err
	}
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.Text + p.Refusal // it has one of them
	}
	*c = content(strings.Join(texts, "\n"))
	return nil
}

// contentPart is a part of a message's text.
type contentPart struct {
	Type    string `json:"type"`
	Text    string `json:"text"`
	Refusal string `json:"refusal"`
}

// decode names the type before the fields of one that is not understood.
func (p *contentPart) decode(b []byte, d *decoder) error {
	var typed struct{ Type any }
	if json.Unmarshal(b, &typed) == nil && typed.Type != "text" && typed.Type != "refusal" {
		name, _ := typed.Type.(string)
		return within("type", fmt.Errorf("content of type %q is not understood: only text is", short(name, 100)))
	}
	return d.fields(b, reflect.ValueOf(p).Elem(), nil)
}

// oneOrMore is a string or a list of strings.
type oneOrMore []string

func (o *oneOrMore) decode(b []byte, d *decoder) error {
	list := []json.RawMessage{b}
	switch {
	case len(b) > 0 && b[0] == '"':
	case len(b) == 0 || b[0] != '[':
		return errors.New("it must be a string or a list of strings")
	default:
		var err error
		if list, err = d.elements(b); err != nil {
			return err
		}
	}
	*o = make([]string, len(list))
	for i, one := range list {
		if err := json.Unmarshal(one, &(*o)[i]); err != nil {
			return err
		}
	}
	return nil
}

// prompts are texts or lists of tokens, one or more.
type prompts struct {
	texts  []string
	tokens [][]int32
}

func (p *prompts) decode(b []byte, d *decoder) error {
	if len(b) == 0 || b[0] != '"' && b[0] != '[' {
		return errors.New("it must be a string, a list of strings, a list of tokens or a list of such lists")
	}
	list := []json.RawMessage{b}
	if tokens := len(b) > 1 && (b[1] == '-' || b[1] >= '0' && b[1] <= '9'); b[0] == '[' && !tokens {
		var err error
		if list, err = d.elements(b); err != nil {
			return err
		}
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
			if bytes.Contains(one, []byte("null")) { // which was read as token 0
				return errNull
			}
			p.tokens = append(p.tokens, tokens)
		}
	}
	if len(p.texts) > 0 && len(p.tokens) > 0 {
		return fmt.Errorf("texts and lists of tokens cannot be mixed")
	}
	return nil
}

// biases are what is added to the logits of tokens.
type biases map[llama.Token]float32

func (a *biases) decode(b []byte, _ *decoder) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return err
	}
	*a = make(biases, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		token, err := strconv.ParseInt(name, 10, 32)
		if err != nil {
			return fmt.Errorf("%q is not the number of a token", short(name, 100))
		}
		bias := (*float32)(nil)
		if err := json.Unmarshal(fields[name], &bias); err != nil {
			return fmt.Errorf("token %d: %w", token, jsonschema.Readable(err))
		}
		if bias == nil { // which would be read as 0
			return fmt.Errorf("token %d: null is no number", token)
		}
		(*a)[llama.Token(token)] = *bias
	}
	return nil
}
