package dataset

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Write writes the whole set in the format [Plain]: the questions as
// [question.Write] does, with the turns before them, and their passages. An item
// whose line would be longer than 8 MiB is an error.
func (s *Set) Write(w io.Writer) error {
	err := jsonl.Write(w, s.Items)
	if bad := new(retriever.LineError); errors.As(err, &bad) {
		return fmt.Errorf("dataset: question %s: %w", s.Items[bad.Line-1].ID, bad.Err)
	}
	if err != nil {
		return fmt.Errorf("dataset: %w", err)
	}
	return nil
}

// WriteFile is [Set.Write] to a file, which is replaced atomically.
func (s *Set) WriteFile(path string) error {
	if err := atomicfile.WritePrivate(path, s.Write); err != nil {
		return fmt.Errorf("dataset: write %s: %w", path, err)
	}
	return nil
}

// Evidence returns the evidence of each question, by id, for [eval.Config]. It has
// no entry for questions without evidence.
func (s *Set) Evidence() map[string][]retriever.Hit {
	return s.hits(func(item Item) []Passage { return item.Evidence })
}

// Distractors returns the distractors of each question, by id, for [eval.Config].
func (s *Set) Distractors() map[string][]retriever.Hit {
	return s.hits(func(item Item) []Passage { return item.Distractors })
}

// Altered returns the passages with a false answer of each question, by id, for
// [robust.Options].
func (s *Set) Altered() map[string]question.Altered {
	out := map[string]question.Altered{}
	for id, hits := range s.hits(func(item Item) []Passage { return item.Altered }) {
		out[id] = question.Altered{Shown: hits}
	}
	for _, item := range s.Items {
		if altered, ok := out[item.ID]; ok {
			altered.False = item.False
			out[item.ID] = altered
		}
	}
	return out
}

func (s *Set) hits(of func(Item) []Passage) map[string][]retriever.Hit {
	out := map[string][]retriever.Hit{}
	for _, item := range s.Items {
		for _, p := range of(item) {
			hash := sha256.Sum256([]byte(p.Title + "\x00" + p.Text))
			id := "given-" + hex.EncodeToString(hash[:6]) // the same for every occurrence of the passage
			out[item.ID] = append(out[item.ID], retriever.Hit{Chunk: retriever.Chunk{
				ID: id, Source: cmp.Or(p.Title, id), Title: p.Title, Text: p.Text, End: len(p.Text),
			}})
		}
	}
	return out
}
