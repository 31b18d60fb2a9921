package rows

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"reflect"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// Kind says what a row teaches. Besides the constants there is "instruction", a
// plain instruction with its reference response, and for rows that are learnt
// as preferences, all with the read prompt: "correct>incorrect" (a correct answer
// over incorrect ones), "refusal>incorrect" (a refusal over incorrect answers,
// where no candidate is correct) and "correct>refusal" (a correct answer over
// refusals, where the passages hold the answer).
type Kind string

// The kinds of rows that most recipes make.
const (
	KindAnswer  Kind = "answer"  // read prompt with documents -> a correct answer
	KindRefusal Kind = "refusal" // read prompt with documents -> a refusal
	KindClosed  Kind = "closed"  // closed prompt -> a correct answer
	KindText    Kind = "text"    // plain text, all of it to learn
)

// Row is one demonstration with its provenance. In JSONL it is one line.
//
// Messages is the whole training example: the prompt exactly as it is used at
// inference, and as the last message, with the role assistant, the target. A row
// of plain text has Text instead.
type Row struct {
	ID       string          `json:"id"` // question id and kind; unique in a set
	Kind     Kind            `json:"kind"`
	Messages []model.Message `json:"messages,omitempty"`
	Tools    []model.Tool    `json:"tools,omitempty"` // that the assistant may call

	// Rejected are responses to the same prompt that are worse than the last of
	// Messages. A row that has any is learnt as a preference (DPO,
	// arXiv 2305.18290), each of them against the target.
	// When it is read, each may also be just its text, and a single one needs no
	// list.
	Rejected []model.Message `json:"rejected,omitempty"`

	// Text is plain text to pre-train on.
	Text string `json:"text,omitempty"`

	Weight float64 `json:"weight,omitempty"` // of the row's loss, relative to the others'; 0 = 1
	// Source is the data set or recipe, by which losses are reported. Text to
	// pre-train on has the source "domain" for the documents and "general" for
	// what is mixed in so that it is not forgotten.
	Source string `json:"source,omitempty"`
	// Made says who wrote the target of a row of the recipe verified: "own", the
	// model without having seen the reference; "rationalised", the model that was
	// shown it; "reference", nobody: it is the reference itself; or "refusal".
	// "" = not said.
	Made string `json:"made,omitempty"`

	// HeldOut: the row is never learnt; its loss is only measured, as are the
	// losses of the rows that training draws to hold out.
	HeldOut bool `json:"held_out,omitempty"`

	QuestionID string         `json:"question_id"`
	Question   string         `json:"question"`
	Golds      []string       `json:"golds,omitempty"` // reference answers; none = unanswerable
	Context    answer.Context `json:"context"`         // whether the passages hold a reference answer
	Known      bool           `json:"known,omitempty"` // they do not, but a closed-book candidate is correct

	Target          Target      `json:"target,omitzero"`
	RejectedTargets []Target    `json:"rejected_targets,omitempty"` // of Rejected, in their order
	Candidates      []Candidate `json:"candidates,omitempty"`       // all of them, chosen or not
	Chunks          []ChunkRef  `json:"chunks,omitempty"`           // in the order of the prompt
	Provenance      Provenance  `json:"provenance"`
}

// Target names the candidate that became the target.
type Target struct {
	Arm   Arm `json:"arm"`
	Index int `json:"index"`
}

// ChunkRef names a passage that was shown.
type ChunkRef struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	Start  int     `json:"start"` // bytes in the source
	End    int     `json:"end"`
	Score  float64 `json:"score"`
}

// Provenance says how a row was made. All hashes are hex SHA-256.
type Provenance struct {
	Version   string         `json:"version"`              // of this library
	Model     string         `json:"model,omitempty"`      // that wrote something of the row; "" = none did
	ModelHash string         `json:"model_hash,omitempty"` // of its weights if known, else of its name
	Judge     string         `json:"judge,omitempty"`      // name of the judging model; "" = none
	Prompts   string         `json:"prompts"`              // hash of the texts, as [prompt.Set.Hash]
	Template  string         `json:"template,omitempty"`   // name of the prompt template; "" = the default layout
	Rendered  map[Arm]string `json:"rendered,omitempty"`   // hash of the messages sent for each arm
	Seed      uint64         `json:"seed"`                 // of the whole generation
	// Options are those of the recipe, defaults filled in: a JSON object in which
	// what is zero is left out.
	Options  json.RawMessage `json:"options,omitempty"`
	Withheld bool            `json:"withheld,omitempty"` // passages with the answer were taken out on purpose
}

// UnmarshalJSON reads a row. See Rejected for what it accepts there.
func (r *Row) UnmarshalJSON(data []byte) error {
	type plain Row
	read := struct {
		*plain
		Rejected responses `json:"rejected"`
	}{plain: (*plain)(r)}
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	r.Rejected = read.Rejected
	return nil
}

// responses are alternatives to a row's last message.
type responses []model.Message

// UnmarshalJSON reads responses.
func (r *responses) UnmarshalJSON(data []byte) error {
	var list []json.RawMessage
	switch data[0] {
	case 'n': // null
	case '[':
		if err := json.Unmarshal(data, &list); err != nil {
			return err
		}
	default:
		list = []json.RawMessage{data}
	}
	*r = nil
	for _, item := range list {
		m := model.Message{Role: model.RoleAssistant}
		var err error
		if item[0] == '"' {
			err = json.Unmarshal(item, &m.Content)
		} else {
			err = json.Unmarshal(item, &m)
		}
		if err != nil {
			return err
		}
		*r = append(*r, m)
	}
	return nil
}

// Prompt returns the messages without the target; a row of text has none.
func (r Row) Prompt() []model.Message { return r.Messages[:max(0, len(r.Messages)-1)] }

// InTemplate reports whether passages and question are laid out by a prompt
// template; the row does not say where each of them begins.
func (r Row) InTemplate() bool { return r.Provenance.Template != "" && len(r.Chunks) > 0 }

// Refuses reports whether the target is a refusal.
func (r Row) Refuses() bool { return r.Kind == KindRefusal || r.Kind == "refusal>incorrect" }

// Response returns the target text; a row of text has none.
func (r Row) Response() string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Content
}

// Check returns an error for a row that cannot be learnt.
func (r Row) Check() error {
	if !(r.Weight >= 0) || math.IsInf(r.Weight, 0) {
		return fmt.Errorf("the weight is %v: it must be positive, or 0 for 1", r.Weight)
	}
	if r.Text != "" || r.Kind == KindText {
		switch {
		case strings.TrimSpace(r.Text) == "":
			return errors.New(`"text" is empty`)
		case len(r.Messages)+len(r.Tools)+len(r.Rejected) > 0:
			return errors.New(`a row has "text" or "messages", not both`)
		}
		return nil
	}
	last := len(r.Messages) - 1
	if last < 1 {
		return errors.New(`"messages" needs a prompt and a response`)
	}
	if err := checkResponse(r.Messages[last]); err != nil {
		return err
	}
	for i, rejected := range r.Rejected {
		if err := checkResponse(rejected); err != nil {
			return fmt.Errorf("rejected response %d: %w", i+1, err)
		}
		if reflect.DeepEqual(rejected, r.Messages[last]) {
			return fmt.Errorf("rejected response %d is the row's own", i+1)
		}
	}
	return nil
}

func checkResponse(m model.Message) error {
	if m.Role != model.RoleAssistant {
		return fmt.Errorf("the last message has the role %q, want %q", m.Role, model.RoleAssistant)
	}
	if m.Content == "" && len(m.ToolCalls) == 0 {
		return errors.New("the response is empty")
	}
	return nil
}

// Read reads rows in JSONL. Only messages, or text, is required, so that rows of
// other origin can be read, such as OpenAI's fine-tuning files. The first broken
// line ends reading with a [*retriever.LineError].
func Read(r io.Reader) ([]Row, error) { return read("", r) }

func read(name string, r io.Reader) ([]Row, error) {
	var list []Row
	err := jsonl.Each(name, r, func(_ int, line []byte) error {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if err := row.Check(); err != nil {
			if row.ID != "" {
				return fmt.Errorf("row %s: %w", row.ID, err)
			}
			return err
		}
		list = append(list, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	return list, nil
}

// ReadFile is [Read] of a file.
func ReadFile(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("rows: %w", err)
	}
	defer f.Close()
	return read(path, f)
}

// WriteFile writes rows in JSONL. The file is replaced atomically.
func WriteFile(path string, list []Row) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		if err := jsonl.Write(w, list); err != nil {
			return fmt.Errorf("rows: %w", err)
		}
		return nil
	})
}
