package ipynb

import (
	"cmp"
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"github.com/ragft/ragft/internal/htmltext"
)

// maxOutput is how much of a printed result is kept, in bytes.
const maxOutput = 2000

// outputs are the printed results of a cell, as one paragraph each.
type outputs []string

func (o *outputs) UnmarshalJSON(data []byte) error {
	err := elements(data, func(d *json.Decoder) error {
		var one output
		err := d.Decode(&one)
		if text := strings.TrimSpace(one.shown()); text != "" {
			*o = append(*o, strings.ToValidUTF8(strings.Clone(text[:min(len(text), maxOutput)]), ""))
		}
		return err
	})
	if errors.Is(err, errNoList) {
		return json.Unmarshal(data, (*[]string)(o)) // null, or an error
	}
	return err
}

// output is one result, which may be there in several formats.
type output struct {
	Text loose `json:"text"`
	Data struct {
		Plain    loose `json:"text/plain"`
		Markdown loose `json:"text/markdown"`
		HTML     loose `json:"text/html"`
	} `json:"data"`
	Error  loose `json:"ename"`
	Detail loose `json:"evalue"`
}

// loose is a text, or a list of lines. Anything else is none, such as the JSON of a result.
type loose string

func (l *loose) UnmarshalJSON(data []byte) error {
	var text lines
	if json.Unmarshal(data, &text) == nil {
		*l = loose(text)
	}
	return nil
}

// level is a whole number. Anything else is none.
type level int

func (l *level) UnmarshalJSON(data []byte) error {
	var n int
	if json.Unmarshal(data, &n) == nil {
		*l = level(n)
	}
	return nil
}

var (
	escape = regexp.MustCompile("\x1b\\[[0-9;?]*[A-Za-z]") // the colours of a terminal
	object = regexp.MustCompile(`^<[\w.]+ object>$`)       // a result that has no text of its own
)

// shown is the text of a result. As plain text, a table or Markdown is only the name of its class.
func (o *output) shown() string {
	text := escape.ReplaceAllString(string(o.Text+o.Data.Plain), "")
	if object.MatchString(strings.TrimSpace(text)) || strings.TrimSpace(text) == "" {
		text = cmp.Or(string(o.Data.Markdown), htmltext.Read(string(o.Data.HTML)).Text, text)
	}
	if o.Error != "" {
		text += "\n" + escape.ReplaceAllString(string(o.Error+": "+o.Detail), "")
	}
	return text
}
