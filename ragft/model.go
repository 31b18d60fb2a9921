package ragft

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragft/ragft/retriever"
)

// DefaultMaxTokens is the length limit of a response whose request sets none.
const DefaultMaxTokens = 256

// DefaultPassages is how many passages an [Assistant] shows the model where nothing else is said.
const DefaultPassages = 4

// Model is what generates, judges and answers. It is met by [LocalModel], by
// [OllamaModel] and [OpenAIModel] on servers, by [PoolModel] and [CachedModel]
// around these, and by fakes in tests. Implementations are safe for concurrent use; concurrent calls may
// queue. What else a model can do, it says by further interfaces, which [As]
// finds: [TokenCounter], [Scorer], [Hasher], [Limiter].
type Model interface {
	// Name identifies weights, adapter and template. It is part of cache keys
	// and of the provenance of every row, so two models that can answer
	// differently need different names.
	Name() string

	// Chat answers independent requests, batched as the model can. The result
	// has one element for each request, in the order of reqs. When ctx ends,
	// Chat stops and returns its error; no partial result is returned. A prompt
	// that does not fit into the context is an error that wraps
	// [ErrPromptTooLong], given before any text is streamed.
	Chat(ctx context.Context, reqs []ChatRequest) ([]ChatResponse, error)
}

// ChatRequest asks for one or several completions of a chat.
// The zero value of every field but Messages is usable.
type ChatRequest struct {
	Messages    []Message
	Samples     int      // completions of the same prompt, drawn independently; 0 = 1
	MaxTokens   int      // limit for each completion; 0 = [DefaultMaxTokens]
	Temperature float64  // 0 = greedy
	TopP        float64  // nucleus mass; 0 or 1 = off
	TopK        int      // candidates kept; 0 = off
	Seed        uint64   // seed of the draws; equal requests with equal seeds give equal samples
	Stop        []string // texts that end a completion; they are not part of it

	// Schema, if not nil, is a JSON Schema; the text is then JSON that meets it,
	// or, of a sample that ends over its length, the beginning of such a text.
	// [LocalModel] samples under a grammar, and knows the keywords type, enum,
	// const, properties, required, additionalProperties, items, minItems, maxItems,
	// minLength, maxLength, anyOf, oneOf, and $ref within the schema; others that
	// restrict a value are [ErrRequest]. Properties come in the schema's order, and
	// none that it does not name. Servers get it as it is.
	Schema json.RawMessage

	OnText func(piece string) // called with the text of sample 0 as it appears; nil = no streaming
}

// ChatResponse holds the completions of one request: Samples[i] is sample i.
type ChatResponse struct {
	Samples      []ChatSample
	PromptTokens int // length of the prompt; 0 where the server does not tell

	// Cached is set if a cache answered, without asking the model.
	Cached bool

	// Seconds is the request's share of the time that the call took which
	// generated it; 0 = not known. [CachedModel] measures it, and keeps it.
	Seconds float64
}

// ChatSample is one completion.
type ChatSample struct {
	Text        string
	Tokens      int     // tokens generated
	MeanLogProb float64 // mean natural log probability of those tokens; NaN where unknown
	Truncated   bool    // true when the length limit ended it
}

// Prompts holds the system message of every task. An empty field means the
// default text, which is what the shipped base model was trained on, so the
// zero value is ready for use.
type Prompts struct {
	Read    string // answer from documents; the prompt used at inference and in training rows
	Closed  string // answer without documents
	Careful string // answer from documents, or decline
	Refuse  string // decline, with the documents in view
	Judge   string // does an answer agree with the reference?

	// Template, where set, lays out the prompt to answer from documents, in
	// training rows and at inference, in place of Read.
	Template *Template
}

// Default texts of [Prompts].
const (
	DefaultRead    = "Answer the question from the documents."
	DefaultClosed  = "Answer the question."
	DefaultCareful = "Answer the question from the documents. If the documents do not say, decline politely."
	DefaultRefuse  = "Decline politely: the documents do not answer the question."
	DefaultJudge   = "Does the answer agree with the reference? Reply yes or no."
)

// WithDefaults returns p with every empty field set to its default text.
func (p Prompts) WithDefaults() Prompts {
	set := func(field *string, text string) {
		if *field == "" {
			*field = text
		}
	}
	set(&p.Read, DefaultRead)
	set(&p.Closed, DefaultClosed)
	set(&p.Careful, DefaultCareful)
	set(&p.Refuse, DefaultRefuse)
	set(&p.Judge, DefaultJudge)
	return p
}

// Hash returns the hex SHA-256 of the five texts, defaults filled in, and of
// the template. It changes when any of them does.
func (p Prompts) Hash() string {
	p = p.WithDefaults()
	h := sha256.New()
	for _, text := range []string{p.Read, p.Closed, p.Careful, p.Refuse, p.Judge} {
		// The length before each text keeps ("ab", "c") apart from ("a", "bc").
		h.Write([]byte(strconv.Itoa(len(text)) + ":" + text))
	}
	if p.Template != nil {
		h.Write([]byte(p.Template.digest()))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ReadMessages asks for an answer from the documents.
func (p Prompts) ReadMessages(question string, hits []retriever.Hit) []Message {
	if p.Template != nil {
		return p.Template.messages(question, hits)
	}
	return chat(p.WithDefaults().Read, documentsMessage(question, hits))
}

// ClosedMessages asks for an answer without documents.
func (p Prompts) ClosedMessages(question string) []Message {
	return chat(p.WithDefaults().Closed, documentsMessage(question, nil))
}

// CarefulMessages asks for an answer from the documents or a refusal.
func (p Prompts) CarefulMessages(question string, hits []retriever.Hit) []Message {
	return chat(p.WithDefaults().Careful, documentsMessage(question, hits))
}

// RefuseMessages asks for a refusal in view of the documents.
func (p Prompts) RefuseMessages(question string, hits []retriever.Hit) []Message {
	return chat(p.WithDefaults().Refuse, documentsMessage(question, hits))
}

// JudgeMessages asks whether prediction agrees with the reference answer.
func (p Prompts) JudgeMessages(question, reference, prediction string) []Message {
	var b strings.Builder
	b.WriteString("Question: ")
	b.WriteString(indentStructure(question, judgeLine))
	b.WriteString("\nReference: ")
	b.WriteString(indentStructure(reference, judgeLine))
	b.WriteString("\nAnswer: ")
	b.WriteString(indentStructure(prediction, judgeLine))
	return chat(p.WithDefaults().Judge, b.String())
}

// chat is a system message and a user message.
func chat(system, user string) []Message {
	return []Message{{Role: RoleSystem, Content: system}, {Role: RoleUser, Content: user}}
}

// documentsMessage lays out numbered documents and the question:
//
//	Document 1: Title
//	text
//
//	Document 2: Title
//	text
//
//	Question: text
func documentsMessage(question string, hits []retriever.Hit) string {
	var b strings.Builder
	for i, hit := range hits {
		b.WriteString("Document ")
		b.WriteString(strconv.Itoa(i + 1))
		b.WriteByte(':')
		// A title is one line, whatever the source put into it.
		if title := strings.Join(strings.Fields(hit.Title), " "); title != "" {
			b.WriteByte(' ')
			b.WriteString(title)
		}
		b.WriteByte('\n')
		b.WriteString(indentStructure(hit.Text, documentLine))
		b.WriteString("\n\n")
	}
	b.WriteString("Question: ")
	b.WriteString(indentStructure(question, documentLine))
	return b.String()
}

// Lines that would read as the structure of a prompt. The match is wider than
// the exact layout, since a model reads "DOCUMENT 7 :" no differently.
var (
	documentLine = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:)`)
	judgeLine    = regexp.MustCompile(`(?mi)^(document[ \t]*\d+[ \t]*:|question[ \t]*:|reference[ \t]*:|answer[ \t]*:)`)
)

// lineBreaks turns everything that a reader may take for a line break into
// "\n", so that no such line start escapes indentStructure.
var lineBreaks = strings.NewReplacer(
	"\r\n", "\n", "\r", "\n", "\v", "\n", "\f", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n")

// indentStructure makes text safe to be placed in a prompt as data: lines that
// match are indented, so that a passage cannot pose as another document or as
// the question. Blank space around the text is dropped.
func indentStructure(text string, lines *regexp.Regexp) string {
	text = strings.TrimSpace(lineBreaks.Replace(text))
	return lines.ReplaceAllString(text, "  ${1}")
}
