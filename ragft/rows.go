package ragft

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ragft/ragft/retriever"
)

// Kind says what a row teaches.
type Kind string

// The kinds of rows.
const (
	KindAnswer  Kind = "answer"  // read prompt with documents -> a correct answer
	KindRefusal Kind = "refusal" // read prompt with documents -> a refusal
	KindClosed  Kind = "closed"  // closed prompt -> a correct answer
)

// Row is one demonstration with its provenance. In JSONL it is one line.
//
// Messages is the whole training example: the prompt exactly as it is used at
// inference, and as last message, with the role assistant, the target.
type Row struct {
	ID         string    `json:"id"` // question id and kind; unique in a set
	Kind       Kind      `json:"kind"`
	Messages   []Message `json:"messages"`
	QuestionID string    `json:"question_id"`
	Question   string    `json:"question"`
	Golds      []string  `json:"golds,omitempty"` // reference answers; none = unanswerable
	Context    Context   `json:"context"`         // do the passages hold a reference answer?
	Known      bool      `json:"known,omitempty"` // they do not, but a closed-book candidate is correct

	Target     Target      `json:"target"`
	Candidates []Candidate `json:"candidates"` // all of them, chosen or not
	Chunks     []ChunkRef  `json:"chunks"`     // in the order of the prompt
	Provenance Provenance  `json:"provenance"`
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

// Provenance says how a row came to be. All hashes are hex SHA-256.
type Provenance struct {
	Version   string         `json:"version"` // of this library
	Model     string         `json:"model"`
	ModelHash string         `json:"model_hash"` // of the weights where the model tells, else of its name
	Judge     string         `json:"judge,omitempty"`
	Prompts   string         `json:"prompts"`            // [Prompts.Hash]
	Rendered  map[Arm]string `json:"rendered"`           // messages sent for each arm
	Seed      uint64         `json:"seed"`               // of the whole generation
	Withheld  bool           `json:"withheld,omitempty"` // passages with the answer were taken out on purpose
}

// Prompt returns the messages without the target.
func (r Row) Prompt() []Message { return r.Messages[:len(r.Messages)-1] }

// Response returns the target text.
func (r Row) Response() string { return r.Messages[len(r.Messages)-1].Content }

// check reports what makes a row useless for training.
func (r Row) check() error {
	switch last := len(r.Messages) - 1; {
	case last < 1:
		return errors.New(`"messages" needs a prompt and a response`)
	case r.Messages[last].Role != RoleAssistant:
		return fmt.Errorf("the last message has the role %q, want %q", r.Messages[last].Role, RoleAssistant)
	case r.Messages[last].Content == "":
		return errors.New("the response is empty")
	}
	return nil
}

// ReadRows reads rows in JSONL. Rows of other origin are welcome: only
// messages is required. The first broken line ends reading with a
// [*LineError].
func ReadRows(r io.Reader) ([]Row, error) { return readRows("", r) }

func readRows(name string, r io.Reader) ([]Row, error) {
	var rows []Row
	err := eachLine(name, r, func(_ int, line []byte) error {
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if err := row.check(); err != nil {
			return err
		}
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ragft: rows: %w", err)
	}
	return rows, nil
}

// ReadRowsFile is [ReadRows] of a file.
func ReadRowsFile(path string) ([]Row, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("ragft: rows: %w", err)
	}
	defer f.Close()
	return readRows(path, f)
}

// WriteRows writes rows in JSONL.
func WriteRows(w io.Writer, rows []Row) error {
	if err := writeLines(w, rows); err != nil {
		return fmt.Errorf("ragft: rows: %w", err)
	}
	return nil
}

// WriteRowsFile is [WriteRows] to a file, which is replaced as a whole or not
// at all.
func WriteRowsFile(path string, rows []Row) error {
	return replaceFile(path, func(w io.Writer) error { return WriteRows(w, rows) })
}

// rows makes the rows of one question: one with documents unless it was
// dropped, and one without where the policy asks for it.
func (g *generator) rows(d *draft, c choice) []Row {
	base := Row{
		QuestionID: d.question.ID, Question: d.question.Question, Golds: d.question.Golds(),
		Context: d.context, Known: c.known,
		Candidates: d.candidates, Chunks: chunkRefs(d.hits),
		Provenance: Provenance{
			Version: Version, Model: g.model.Name(), ModelHash: modelHash(g.model), Judge: g.judgeModel.Name(),
			Prompts: g.opts.Prompts.Hash(), Rendered: d.prompts, Seed: g.opts.Seed, Withheld: d.withheld,
		},
	}
	var rows []Row
	add := func(kind Kind, prompt []Message, target *Candidate) {
		row := base
		row.ID, row.Kind = d.question.ID+"/"+string(kind), kind
		row.Messages = append(prompt, Message{Role: RoleAssistant, Content: target.Text})
		row.Target = Target{Arm: target.Arm, Index: target.Index}
		rows = append(rows, row)
	}
	if c.target != nil {
		add(c.kind, g.opts.Prompts.ReadMessages(d.question.Question, d.hits), c.target)
	}
	if c.closed != nil {
		add(KindClosed, g.opts.Prompts.ClosedMessages(d.question.Question), c.closed)
	}
	return rows
}

func chunkRefs(hits []retriever.Hit) []ChunkRef {
	refs := make([]ChunkRef, len(hits))
	for i, hit := range hits {
		refs[i] = ChunkRef{ID: hit.ID, Source: hit.Source, Start: hit.Start, End: hit.End, Score: hit.Score}
	}
	return refs
}

// modelHash asks the model for the hash of its weights, which local models
// can tell, and otherwise hashes its name.
func modelHash(m Model) string {
	if hasher, ok := m.(interface{ Hash() string }); ok {
		if hash := hasher.Hash(); hash != "" {
			return hash
		}
	}
	sum := sha256.Sum256([]byte(m.Name()))
	return hex.EncodeToString(sum[:])
}

// hashMessages is the hash of a rendered prompt.
func hashMessages(messages []Message) string {
	h := sha256.New()
	for _, message := range messages {
		fmt.Fprintf(h, "%d:%s%d:%s", len(message.Role), message.Role, len(message.Content), message.Content)
	}
	return hex.EncodeToString(h.Sum(nil))
}
