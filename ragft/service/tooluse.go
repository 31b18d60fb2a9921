//go:build cgo

package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/jsonschema"
	"github.com/ragft/ragft/llama"
)

// toolChoice is what a request says about calls: "auto" (or ""), "none", "required", or the name of the tool to call.
type toolChoice struct{ mode, name string }

func (c *toolChoice) decode(data []byte, d *decoder) error {
	if len(data) > 0 && data[0] == '"' {
		if err := json.Unmarshal(data, &c.mode); err != nil {
			return err
		}
		if !slices.Contains([]string{"auto", "none", "required"}, c.mode) {
			return fmt.Errorf(`unknown choice %q; there are "auto", "none", "required" and a function`, short(c.mode, 100))
		}
		return nil
	}
	var named struct {
		Type     string `json:"type"`
		Function struct {
			Name string `json:"name"`
		} `json:"function"`
	}
	if err := d.value(data, reflect.ValueOf(&named).Elem()); err != nil {
		return err
	}
	if named.Type != "function" || named.Function.Name == "" {
		return errors.New("it must be of the type function, and name one")
	}
	c.mode, c.name = "required", named.Function.Name
	return nil
}

// toolUse is which tools a model may use, and how.
type toolUse struct {
	shown    []llama.Tool // by the template
	strict   []bool       // of each
	only     string       // the one to call; "" = any
	must     bool         // there is a call, and no other answer
	parallel bool         // there may be several calls
	form     *callForm    // of calls that follow schemas; nil = those that parseToolCalls knows
}

// toolUse checks the tools of a request.
func (req *chatRequest) toolUse() (*toolUse, error) {
	u := &toolUse{must: req.ToolChoice.mode == "required", only: req.ToolChoice.name,
		parallel: req.ParallelToolCalls == nil || *req.ParallelToolCalls}
	for i, t := range req.Tools {
		field := fmt.Sprintf("tools[%d]", i)
		f := t.Function
		if t.Type != "function" || f.Name == "" {
			return nil, bad(field, "a tool must be a function with a name")
		}
		strict := f.Strict != nil && *f.Strict
		if strict && len(f.Parameters) > 0 {
			if err := jsonschema.CheckStrict(f.Parameters); err != nil {
				return nil, bad(field+".function.parameters", "%v", err)
			}
		}
		u.shown = append(u.shown, llama.Tool{Name: f.Name, Description: f.Description, Parameters: f.Parameters})
		u.strict = append(u.strict, strict)
	}
	switch known := func(t llama.Tool) bool { return t.Name == u.only }; {
	case u.must && len(u.shown) == 0:
		return nil, bad("tool_choice", "tool_choice asks for a call, but there are no tools")
	case u.only != "" && !slices.ContainsFunc(u.shown, known):
		return nil, bad("tool_choice", "tool_choice names %q, which is not among the tools", short(u.only, 100))
	case req.ToolChoice.mode == "none":
		return &toolUse{}, nil // a model that is shown none calls none
	}
	return u, nil
}

// constrained reports whether calls follow schemas: if one has to be made, and if a tool is strict.
func (u *toolUse) constrained() bool { return u.must || slices.Contains(u.strict, true) }

// calls finds the calls in what a model has written, and the text before them.
func (u *toolUse) calls(m *llama.Model, sample llama.Sample) (content string, calls []chatToolCall) {
	var b strings.Builder // special tokens are part of the format
	for _, t := range sample.Tokens {
		if !m.IsEndOfGeneration(t) {
			b.WriteString(m.Piece(t))
		}
	}
	if u.form != nil {
		return u.form.read(b.String())
	}
	content, calls = parseToolCalls(b.String(), u.shown)
	if !u.parallel {
		calls = calls[:min(1, len(calls))]
	}
	return content, calls
}

var (
	emptySchema = json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`) // of a tool without parameters
	anySchema   = json.RawMessage(`{"type":"object"}`)
)

// canFollow reports whether there is a grammar of the objects that a schema describes.
func canFollow(schema json.RawMessage) bool {
	var root struct {
		Type string `json:"type"`
	}
	_, err := jsonschema.Grammar(schema)
	return err == nil && json.Unmarshal(schema, &root) == nil && root.Type == "object"
}

// plainName is a name that needs no escapes in any template's form of calls.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// mostConstrained bounds the tools of a grammar, each of which stays open until its name is written.
const mostConstrained = 100

// grammar returns what matches an answer in which the arguments of calls follow the schemas of their tools. A schema that is not
// strict is followed if it can be: OpenAI's models do so as far as they can.
func (u *toolUse) grammar(g *grammar, m *Model) (string, error) {
	if len(u.shown) > mostConstrained {
		return "", bad("tools", "there are more than %d tools, and their arguments have to follow schemas", mostConstrained)
	}
	var ways []string
	for i, t := range u.shown {
		if u.only != "" && t.Name != u.only {
			continue
		}
		field := fmt.Sprintf("tools[%d].function", i)
		if !plainName.MatchString(t.Name) {
			return "", bad(field+".name", "a name must have 1 to 64 letters, digits, dots, dashes and underscores")
		}
		if slices.ContainsFunc(u.shown[:i], func(other llama.Tool) bool { return other.Name == t.Name }) {
			return "", bad(field+".name", "two tools have the name %q", t.Name) // whose arguments would be open beside each other
		}
		schema := t.Parameters
		if len(schema) == 0 {
			schema = emptySchema
		}
		if !u.strict[i] && !canFollow(schema) {
			schema = anySchema
		}
		arguments, err := g.schemas.Add(schema)
		if err != nil {
			return "", bad(field+".parameters", "%v", err)
		}
		ways = append(ways, jsonschema.Literal(t.Name)+" between "+arguments)
	}
	form, err := formOf(m)
	if err != nil {
		return "", bad("tools", "the model's chat template has no form of calls that arguments could be held to a schema in, as strict "+
			"and tool_choice need it: %s", inWords(err))
	}
	u.form = form
	fmt.Fprintf(&g.rules, "between ::= %s\n", jsonschema.Literal(form.between))
	call := g.rule(strings.Join(ways, " | "))
	rest := call
	if u.parallel && form.next != "" {
		rest = fmt.Sprintf("%s (%s %s)*", call, jsonschema.Literal(form.next), call)
	}
	mark := len(form.mark)
	rest = g.rule(jsonschema.Literal(form.before[mark:]) + " " + rest + " " + jsonschema.Literal(form.after))
	switch {
	case u.must:
		return "blank " + jsonschema.Literal(form.mark) + " " + rest, nil
	case mark > 0:
		return g.until([]string{form.mark}, false, true, rest), nil
	}
	// Nothing but its first character tells a call from another answer.
	start := class([]rune(form.before)[:1], false)
	return "blank (" + rest + " | ([^ \\t\\r\\n" + start + "] [^\\x00]*)?)", nil
}
