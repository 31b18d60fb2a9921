// Package dataset reads the question sets with which retrieval-augmented
// answering is measured in the field, in the files that their authors publish,
// so that a model tuned here can be compared on known ground. No set is
// shipped; each has its own licence.
//
//	set, err := dataset.ReadFile("dev-v2.0.json", dataset.Detect)
//	...
//	index.Add(ctx, chunksOf(set.Documents())) // or an index of your own
//	evaluation, err := ragft.Evaluate(ctx, ragft.EvalConfig{
//		Questions: set.Questions(), Evidence: set.Evidence(), Distractors: set.Distractors(), ...})
//
// What a set knows beyond questions and answers is kept: the passage with the
// evidence, distractors, passages with a false answer, the turns before the
// question. See [Item]. [Set.Write] writes all of it in one form.
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

	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Format names the layout of a file.
type Format string

// The formats.
const (
	// Detect looks at the beginning of the file.
	Detect Format = ""
	// SQuAD is the JSON of SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018).
	// A question that its paragraph does not answer is unanswerable.
	SQuAD Format = "squad"
	// NQOpen is JSONL of {"question", "answer": [...]} (Lee et al. 2019), also
	// with "answers" and "ctxs", the passages with isgold marks of Liu et al. 2023.
	NQOpen Format = "nq-open"
	// PopQA is the TSV of Mallen et al. 2023.
	PopQA Format = "popqa"
	// PubMedQA is the JSON of PQA-L (Jin et al. 2019). The answer is yes, no
	// or maybe; the abstract without its conclusion is the evidence.
	PubMedQA Format = "pubmedqa"
	// RGB is JSONL of Chen et al. 2023 (arXiv 2309.01431): en.json, en_refine.json,
	// en_int.json and en_fact.json.
	RGB Format = "rgb"
	// CLAPnq is the annotated JSONL of Rosenthal et al. 2024 (arXiv 2404.02103).
	CLAPnq Format = "clapnq"
	// MTRAG is JSONL of the generation tasks of Katsis et al. 2025
	// (arXiv 2501.03468): reference.jsonl, RAG.jsonl, reference+RAG.jsonl and
	// synthetic.jsonl. PARTIAL counts as answerable, as in the authors' scoring;
	// a task that is neither that nor UNANSWERABLE (conversational,
	// underspecified) is left out, and counted. The contexts that the annotators
	// marked are the evidence: what a search found beside them may hold the answer
	// or not, and is left out, but for unanswerable tasks, whose distractors it is.
	// In a file without marks (synthetic.jsonl) all contexts are the evidence.
	MTRAG Format = "mtrag"
	// Plain is JSONL of one's own, see [question.Read], with the fields of
	// [Item], all optional: "passages": [{"title", "text"}] that hold the evidence,
	// "distractors", "altered" and "false", and the turns before the question as
	// "history": [{"role": "user" or "assistant", "content"}]. A question without
	// an id gets "q" and its line number. It is what [Set.Write] writes.
	Plain Format = "plain"
)

// Formats lists the formats by name.
func Formats() []Format {
	return []Format{SQuAD, NQOpen, PopQA, PubMedQA, RGB, CLAPnq, MTRAG, Plain}
}

// Passage is a text that came with a question.
type Passage struct {
	Title string `json:"title,omitempty"`
	Text  string `json:"text"`
}

// Item is one question of a set, with the turns before it in History (MTRAG).
type Item struct {
	question.Question
	// Evidence is what the set says holds the answer; of an unanswerable
	// question, the passages that it was asked about, which do not. The texts
	// are in Question.Evidence too where the words of the answer do not tell
	// them from other passages.
	Evidence []Passage `json:"passages,omitempty"`
	// Distractors came with the question and do not hold the answer.
	Distractors []Passage `json:"distractors,omitempty"`
	// Altered are passages in which the answer was replaced by False (RGB,
	// counterfactual robustness).
	Altered []Passage `json:"altered,omitempty"`
	False   string    `json:"false,omitempty"`
}

// Set is the content of one file.
type Set struct {
	Format Format
	Items  []Item
	// Skipped counts items that cannot be scored, by reason.
	Skipped map[string]int
}

// Questions returns the questions in the order of the file.
func (s *Set) Questions() []question.Question {
	questions := make([]question.Question, len(s.Items))
	for i, item := range s.Items {
		questions[i] = item.Question
	}
	return questions
}

// Documents returns every passage that came with the questions once, as
// documents to be indexed: evidence and distractors, not the altered ones.
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

// ErrFormat means that a file is not in the format asked for, or in none that
// is known.
var ErrFormat = errors.New("not in a known format")

// ReadFile is [Read] of a file.
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

// maxBytes bounds what a file may claim in memory.
const maxBytes = 2 << 30

// Read reads a set. Errors in JSONL name the line. Two items of one id get
// different ones, by a number after it, since some sets repeat theirs.
func Read(r io.Reader, format Format) (*Set, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	if len(data) > maxBytes {
		return nil, fmt.Errorf("dataset: more than %d bytes", maxBytes)
	}
	if start := bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))); len(start) > 0 && start[0] == '{' {
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
	set := &Set{Format: format, Skipped: map[string]int{}}
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

// skipped lists what was left out, "" where nothing was.
func (s *Set) skipped() (text string) {
	for _, reason := range slices.Sorted(maps.Keys(s.Skipped)) {
		text += fmt.Sprintf(", %d left out: %s", s.Skipped[reason], reason)
	}
	return text
}

func (s *Set) uniqueIDs() {
	seen := map[string]int{}
	for i := range s.Items {
		id := cmp.Or(s.Items[i].ID, string(s.Format)+"-"+strconv.Itoa(i+1))
		seen[id]++
		if n := seen[id]; n > 1 {
			id += "#" + strconv.Itoa(n)
		}
		s.Items[i].ID = id
	}
}

// add puts an item in, with the answers cleaned: trimmed, distinct, the first
// one as the answer. None makes the question unanswerable.
func (s *Set) add(item Item, answers []string) error {
	item.Question.Question = strings.TrimSpace(item.Question.Question)
	if item.Question.Question == "" {
		return errors.New("a question without text")
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
