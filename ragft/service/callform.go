//go:build cgo

package service

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/ragft/ragft/internal/thoughts"
	"github.com/ragft/ragft/llama"
)

// callForm is how a model's chat template writes calls, and so how the model has learnt to write them:
//
//	before NAME between ARGUMENTS [next NAME between ARGUMENTS ...] after
type callForm struct {
	before, between, after string
	next                   string // "" = there is one call at most
	mark                   string // the beginning of before that no text has; "" = a call is the whole answer
}

var errNoForm = errors.New("it does not write a name, and JSON after it")

// probes are calls that are told from all that a template writes. Some templates accept only an ID of nine letters and digits.
var probes = []llama.ToolCall{
	{ID: "callprob1", Name: "ragft_probe_one", Arguments: json.RawMessage(`{"ragft_key_one": 1}`)},
	{ID: "callprob2", Name: "ragft_probe_two", Arguments: json.RawMessage(`{"ragft_key_two": 2}`)},
}

// formOf has the template write one call and two.
func formOf(m *Model) (*callForm, error) {
	one, err := written(m, probes[:1])
	if err != nil {
		return nil, err
	}
	before, between, after, ok := around(one, probes[0])
	if !ok {
		return nil, errNoForm
	}
	f := &callForm{before: before, between: between, after: after}
	f.mark = strings.TrimRight(before[:max(0, strings.IndexByte(before+"{", '{'))], " \t\r\n[")
	if _, calls := f.read(one); len(calls) != 1 || calls[0].Function.Name != probes[0].Name {
		return nil, errNoForm
	}
	if two, err := written(m, probes); err == nil {
		first, _, rest, ok := around(two, probes[0])
		next, again, last, found := around(rest, probes[1])
		if ok && found && first == before && again == between && last == after {
			f.next = next
		}
	}
	return f, nil
}

// written returns an answer with calls, as the template has it, without a chain of thought.
func written(m *Model, calls []llama.ToolCall) (string, error) {
	var tools []llama.Tool
	for _, call := range calls {
		tools = append(tools, llama.Tool{Name: call.Name, Description: "A probe.", Parameters: emptySchema})
	}
	model := m.Local.Llama()
	var first error
	for _, thought := range []string{"", "A thought."} { // where a prompt opens one, an answer without is none
		_, answer, err := model.TokenizeTurn([]llama.Message{{Role: "user", Content: "Call."},
			{Role: "assistant", Thinking: thought, ToolCalls: calls}}, llama.ChatOptions{Tools: tools, Thinking: thought != ""})
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		var b strings.Builder
		for _, t := range answer {
			if !model.IsEndOfGeneration(t) {
				b.WriteString(model.Piece(t))
			}
		}
		_, at := thoughts.Split(b.String(), false)
		return strings.TrimLeft(b.String()[at:], " \t\r\n"), nil
	}
	return "", first
}

// around returns what a text has before the name of a call, between name and arguments, and after these.
func around(text string, call llama.ToolCall) (before, between, after string, ok bool) {
	before, rest, ok := strings.Cut(text, call.Name)
	at := strings.IndexByte(rest, '{')
	if !ok || at < 0 || strings.Contains(rest, call.Name) {
		return "", "", "", false
	}
	var got, want map[string]int
	d := json.NewDecoder(strings.NewReader(rest[at:]))
	if d.Decode(&got) != nil || json.Unmarshal(call.Arguments, &want) != nil {
		return "", "", "", false
	}
	for key, value := range want {
		ok = ok && len(got) == len(want) && got[key] == value
	}
	return before, rest[:at], rest[at:][d.InputOffset():], ok
}

// read returns the calls in what a model has written in this form, and the text before them. Where it was cut off there are none,
// and all is text.
func (f *callForm) read(said string) (content string, calls []chatToolCall) {
	at := len(said) - len(strings.TrimLeft(said, " \t\r\n"))
	if f.mark != "" {
		at = strings.Index(said, f.mark)
	}
	if at < 0 {
		return "", nil
	}
	rest, ok := strings.CutPrefix(said[at:], f.before)
	for ok {
		var call spokenCall
		if call.Name, rest, ok = strings.Cut(rest, f.between); !ok {
			break
		}
		d := json.NewDecoder(strings.NewReader(rest))
		if d.Decode(&call.Arguments) != nil || !call.normalize() {
			break
		}
		rest = rest[d.InputOffset():]
		calls = append(calls, call.wire())
		after, is := strings.CutPrefix(rest, f.next)
		if f.next == "" || !is {
			if rest == f.after {
				return strings.TrimSpace(said[:at]), calls
			}
			break
		}
		rest = after
	}
	return "", nil
}
