//go:build cgo

package llama

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Values that are passed to a template are nil, bool, int64, float64, []any, object and four kinds of text.
type (
	object []pair // in this order
	pair   struct {
		key   string
		value any
	}
	constant  string // from this package or the model; may contain special tokens
	role      string // may be part of a special token's name in the template, but must not contain a whole one
	untrusted string // from a message or tool: nothing in it is a special token
	literal   string // a number that the template engine would print with other digits
)

const maxJSONDepth = 64

// jsonObject parses an object and keeps the order of its keys. Empty data is an empty object.
func jsonObject(data []byte) (object, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	value, err := jsonValue(d, 0)
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("not JSON: text after the object")
	}
	o, ok := value.(object)
	if !ok {
		return nil, errors.New("not a JSON object")
	}
	return o, nil
}

func jsonValue(d *json.Decoder, depth int) (any, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("nested deeper than %d", maxJSONDepth)
	}
	token, err := d.Token()
	if err == io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case string:
		return untrusted(token), nil
	case json.Number:
		return numberValue(token.String()), nil
	case json.Delim:
		if token == '[' {
			return jsonList(d, depth)
		}
		return jsonPairs(d, depth)
	default: // nil, bool
		return token, nil
	}
}

func jsonList(d *json.Decoder, depth int) (any, error) {
	list := []any{}
	for d.More() {
		value, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err := d.Token()
	return list, err
}

func jsonPairs(d *json.Decoder, depth int) (any, error) {
	o := object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		value, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, pair{key.(string), value})
	}
	_, err := d.Token()
	return o, err
}

// numberValue returns a number if llama.cpp's engine prints it as it was written, and otherwise its text. The engine has
// integers of 64 bits, and prints other numbers with six digits.
func numberValue(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && strconv.FormatInt(n, 10) == text {
		return n
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && strconv.FormatFloat(f, 'g', 6, 64) == text {
		return f
	}
	return literal(text)
}

// marks are characters that occur nowhere in the conversation. They are inserted into texts before the template runs, and
// removed afterwards.
type marks struct {
	name    string   // inserted into special tokens' names
	number  string   // put around numbers that are passed as text; removed together with their quotes
	special specials // tokens whose names are broken up
}

// choose picks the marks, from a plane for private use, if any are needed.
func (k *marks) choose(c *chat, special specials) error {
	var all strings.Builder
	numbers := collect(&all, append([]any{c.tools}, c.messageValues(len(c.messages))...))
	text := all.String()
	if special.in(text) {
		k.special = special
	}
	if k.special == nil && !numbers {
		return nil
	}
	used := map[rune]bool{}
	for _, r := range text {
		used[r] = true
	}
	for _, escape := range surrogates.FindAllStringSubmatch(text, -1) {
		high, _ := strconv.ParseUint(escape[1], 16, 16) // the pattern allows only such digits
		low, _ := strconv.ParseUint(escape[2], 16, 16)
		used[utf16.DecodeRune(rune(high), rune(low))] = true
	}
	for _, mark := range []*string{&k.name, &k.number} {
		r := '\U000F0000'
		for used[r] {
			r++
		}
		if r > '\U000FFFFD' {
			return errors.New("llama: the messages use all private-use characters of Unicode")
		}
		used[r], *mark = true, string(r)
	}
	return nil
}

// surrogates matches a character outside the basic plane in ASCII JSON.
var surrogates = regexp.MustCompile(`\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})`)

func escaped(mark string) string {
	high, low := utf16.EncodeRune([]rune(mark)[0])
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}

// collect writes all texts of a value, and reports whether it contains a number that is passed as text.
func collect(b *strings.Builder, v any) (numbers bool) {
	switch v := v.(type) {
	case role:
		b.WriteString(string(v))
	case untrusted:
		b.WriteString(string(v))
	case literal:
		return true
	case []any:
		for _, item := range v {
			numbers = collect(b, item) || numbers
		}
	case object:
		for _, p := range v {
			b.WriteString(p.key)
			numbers = collect(b, p.value) || numbers
		}
	}
	return numbers
}

// breakUp inserts the mark into special tokens' names, so that they are not read as tokens. llama.cpp's engine marks text from
// messages itself, but some of its filters, such as join and tojson, lose the marks.
func (k *marks) breakUp(text string) string {
	if k.special == nil || !k.special.in(text) {
		return text
	}
	return k.special.breakUp(text, k.name)
}

// unbreak removes the marks from special tokens' names.
func (k *marks) unbreak(text string) string { return remove(text, k.name) }

// unquote turns numbers that were passed as text into numbers again.
func (k *marks) unquote(text string) string {
	if k.number == "" {
		return text
	}
	for _, mark := range []string{k.number, escaped(k.number)} {
		for _, quote := range []string{`"`, "'"} {
			text = strings.ReplaceAll(text, quote+mark, "")
			text = strings.ReplaceAll(text, mark+quote, "")
		}
	}
	return remove(text, k.number)
}

func remove(text, mark string) string {
	if mark == "" {
		return text
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, mark, ""), escaped(mark), "")
}

// encode appends a value in the form that ragft_chat_render reads.
func (k *marks) encode(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, 'n')
	case bool:
		if v {
			return append(b, 't')
		}
		return append(b, 'f')
	case int64:
		return binary.NativeEndian.AppendUint64(append(b, 'i'), uint64(v))
	case float64:
		return binary.NativeEndian.AppendUint64(append(b, 'd'), math.Float64bits(v))
	case constant:
		return encodeText(b, 's', string(v))
	case role:
		return encodeText(b, 's', k.breakUp(string(v)))
	case untrusted:
		return encodeText(b, 'u', k.breakUp(string(v)))
	case literal:
		return encodeText(b, 'u', k.number+string(v)+k.number)
	case []any:
		b = binary.NativeEndian.AppendUint32(append(b, 'a'), uint32(len(v)))
		for _, item := range v {
			b = k.encode(b, item)
		}
		return b
	case object:
		b = binary.NativeEndian.AppendUint32(append(b, 'o'), uint32(len(v)))
		for _, p := range v {
			b = k.encode(encodeText(b, 'u', k.breakUp(p.key)), p.value)
		}
		return b
	}
	panic(fmt.Sprintf("llama: cannot pass a %T to a template", v))
}

func encodeText(b []byte, kind byte, text string) []byte {
	b = binary.NativeEndian.AppendUint32(append(b, kind), uint32(len(text)))
	return append(b, text...)
}
