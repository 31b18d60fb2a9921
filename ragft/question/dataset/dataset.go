// Package dataset reads public question sets for retrieval-augmented answering,
// in the files that their authors publish, so that results can be compared with
// published ones. It contains no set; each has a licence of its own.
//
//	set, err := dataset.ReadFile("dev-v2.0.json", dataset.Detect)
//	...
//	index.Add(ctx, chunksOf(set.Documents())) // or use an index of your own
//	evaluation, err := eval.Run(ctx, eval.Config{
//		Questions: set.Questions(), Evidence: set.Evidence(), Distractors: set.Distractors(), ...})
//
// Besides questions and answers, a [Set] has what else is in the file: evidence,
// distractors, passages with a false answer, and the turns before a question. See
// [Item]. [Set.Write] writes all of it in the format [Plain].
package dataset

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/charsets"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Format is the format of a file.
type Format string

// The formats.
const (
	// Detect determines the format from the beginning of the file.
	Detect Format = ""
	// SQuAD is the JSON of SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018).
	// A question that its paragraph does not answer is unanswerable, of the kind
	// [question.GapAltered]. The questions about a paragraph are a group, named by
	// the article's title and the number of the paragraph.
	SQuAD Format = "squad"
	// NQOpen is JSONL of {"question", "answer": [...]} (Lee et al. 2019), or with
	// "answers" and "ctxs", the passages with isgold marks of Liu et al. 2023.
	NQOpen Format = "nq-open"
	// PopQA is the TSV of Mallen et al. 2023.
	PopQA Format = "popqa"
	// PubMedQA is the JSON of PQA-L (Jin et al. 2019). The answer is yes, no or
	// maybe. The evidence is the abstract without its conclusion.
	PubMedQA Format = "pubmedqa"
	// RGB is JSONL of Chen et al. 2023 (arXiv 2309.01431): en.json, en_refine.json,
	// en_int.json and en_fact.json.
	RGB Format = "rgb"
	// CLAPnq is the annotated JSONL of Rosenthal et al. 2024 (arXiv 2404.02103).
	CLAPnq Format = "clapnq"
	// MTRAG is JSONL of the generation tasks of Katsis et al. 2025
	// (arXiv 2501.03468): reference.jsonl, RAG.jsonl, reference+RAG.jsonl and
	// synthetic.jsonl. PARTIAL counts as answerable, as in the authors' scoring.
	// Tasks that are neither answerable nor UNANSWERABLE (conversational,
	// underspecified) are skipped and counted. The evidence is the contexts that
	// annotators marked as relevant. Unmarked contexts, which may have the answer
	// or not, are left out; for unanswerable tasks they are distractors. In a file
	// without marks (synthetic.jsonl) all contexts are evidence.
	MTRAG Format = "mtrag"
	// Plain is the format of this package, which [Set.Write] writes: JSONL as of
	// [question.Read], with the fields of [Item], all optional: "passages":
	// [{"title", "text"}] with the evidence, "distractors", "altered" and "false",
	// and the turns before the question as "history": [{"role": "user" or
	// "assistant", "content"}]. A question without an id gets "q" and its line
	// number.
	Plain Format = "plain"
)

// Formats returns all formats but Detect.
func Formats() []Format {
	return []Format{SQuAD, NQOpen, PopQA, PubMedQA, RGB, CLAPnq, MTRAG, Plain}
}

// Passage is a text that belongs to a question.
type Passage struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
}

// Item is one question of a set, with the turns before it in History (MTRAG).
type Item struct {
	question.Question
	// Evidence are the passages that have the answer according to the set. For an
	// unanswerable question they are the passages that it is about, which do not
	// have the answer. Their texts are in Question.Evidence as well if the words of
	// the answer do not distinguish them from other passages.
	Evidence []Passage `json:"passages,omitempty"`
	// Distractors are passages of the question without the answer.
	Distractors []Passage `json:"distractors,omitempty"`
	// Altered are passages in which the answer was replaced by False, the
	// counterfactual robustness of RGB.
	Altered []Passage `json:"altered,omitempty"`
	False   string    `json:"false,omitempty"`
}

// Set is the content of one file.
type Set struct {
	Format Format
	Items  []Item
	// Skipped counts, by reason, the items of the file that cannot be scored and are
	// not in Items.
	Skipped map[string]int

	unnamed map[int]string // by place in Items: what to name items without an id
}

// Questions returns the questions in the order of the file.
func (s *Set) Questions() []question.Question {
	questions := make([]question.Question, len(s.Items))
	for i, item := range s.Items {
		questions[i] = item.Question
	}
	return questions
}

// Documents returns the passages of all questions as documents for an index, each
// once: evidence and distractors, but not altered passages.
func (s *Set) Documents() []retriever.Document {
	var documents []retriever.Document
	seen := map[Passage]bool{}
	for _, item := range s.Items {
		for _, list := range [][]Passage{item.Evidence, item.Distractors} {
			for _, p := range list {
				if seen[p] || strings.TrimSpace(p.Text) == "" {
					continue
				}
				seen[p] = true
				documents = append(documents, retriever.Document{
					Source: string(s.Format) + "/" + strconv.Itoa(len(documents)+1), Title: p.Title, Text: p.Text, Format: retriever.Text,
				})
			}
		}
	}
	return documents
}

// ErrFormat is returned for an unknown format, and by Detect for a file in none of the
// formats.
var ErrFormat = errors.New("unknown format")

// ReadFile is [Read] for a file.
func ReadFile(path string, format Format) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	defer f.Close()
	set, err := Read(f, format)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set, nil
}

// maxBytes limits the size of a file, which is read into memory.
const maxBytes = 2 << 30

// Read reads a set of at most 2 GiB. An error in a line of JSONL wraps a
// [*retriever.LineError], and a set without questions is [question.ErrNone]. Some
// sets repeat ids: further items with an id get a number after it.
func Read(r io.Reader, format Format) (*Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("dataset: the file has more than %d bytes", maxBytes)
	}
	data = charsets.Unmarked(data)
	if start := bytes.TrimSpace(data); len(start) > 0 && start[0] == '{' {
		data = nullNaN(data)
	}
	if format == Detect {
		if format, err = detect(data); err != nil {
			return nil, err
		}
	}
	read, ok := readers[format]
	if !ok {
		return nil, fmt.Errorf("dataset: %w: %q; known are %v", ErrFormat, format, Formats())
	}
	set := &Set{Format: format, Skipped: map[string]int{}, unnamed: map[int]string{}}
	if err := read(set, data); err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", format, err)
	}
	if len(set.Items) == 0 {
		return nil, fmt.Errorf("dataset: %s: %w%s", format, question.ErrNone, set.skipped())
	}
	set.uniqueIDs()
	return set, nil
}

var readers = map[Format]func(*Set, []byte) error{
	SQuAD: readSQuAD, NQOpen: readNQOpen, PopQA: readPopQA, PubMedQA: readPubMedQA,
	RGB: readRGB, CLAPnq: readCLAPnq, MTRAG: readMTRAG, Plain: readPlain,
}

// skipped lists the skipped items for an error message.
func (s *Set) skipped() (text string) {
	for _, reason := range slices.Sorted(maps.Keys(s.Skipped)) {
		text += fmt.Sprintf(", %d skipped: %s", s.Skipped[reason], reason)
	}
	return text
}

func (s *Set) uniqueIDs() {
	given := map[string]bool{}
	for _, item := range s.Items {
		given[item.ID] = true
	}
	used, next := map[string]bool{}, map[string]int{}
	for i := range s.Items {
		id := s.Items[i].ID
		made := id == ""
		if made {
			id = cmp.Or(s.unnamed[i], string(s.Format)+"-"+strconv.Itoa(i+1))
		}
		// An id that is made up must not be one that the file gives.
		for base := id; used[id] || made && given[id]; made = true {
			next[base] = max(next[base]+1, 2)
			id = base + "#" + strconv.Itoa(next[base])
		}
		used[id] = true
		s.Items[i].ID = id
	}
}

// add adds an item with its answers, trimmed and distinct. The first is the answer,
// the others are aliases. Without answers the question is unanswerable.
func (s *Set) add(item Item, answers []string) error {
	item.Question.Question = strings.TrimSpace(item.Question.Question)
	if item.Question.Question == "" {
		return errors.New("the question is empty")
	}
	seen := map[string]bool{"": true}
	var clean []string
	for _, a := range answers {
		if a = strings.TrimSpace(a); !seen[a] {
			seen[a] = true
			clean = append(clean, a)
		}
	}
	item.Unanswerable = len(clean) == 0
	if !item.Unanswerable {
		item.Answer, item.Aliases = clean[0], clean[1:]
	}
	if len(item.Question.Evidence) == 0 {
		var texts []string
		for _, p := range item.Evidence {
			texts = append(texts, p.Text)
		}
		item.NameEvidence(texts)
	}
	s.Items = append(s.Items, item)
	return nil
}
