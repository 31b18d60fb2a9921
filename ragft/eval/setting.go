package eval

import (
	"context"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// Setting says which passages a system is shown. "" always means SettingClosed.
type Setting string

// The settings.
const (
	SettingClosed      Setting = ""             // none: the question alone (closed-book)
	SettingRetrieval   Setting = "retrieval"    // the best Config.Passages of the search
	SettingGold        Setting = "gold"         // only those that hold the answer
	SettingDistractors Setting = "distractors"  // Config.Passages without the answer: those of the data set, or the best of the search
	SettingLong        Setting = "long-context" // as much of the corpus as fits, best first
)

// ShowsPassages reports whether systems with this setting are shown passages.
func (s Setting) ShowsPassages() bool { return s != SettingClosed }

// Describe names the setting and what is shown, as tables do.
func (s Setting) Describe() string {
	switch s {
	case SettingClosed:
		return "closed-book: the question alone"
	case SettingRetrieval:
		return "retrieval: the best passages"
	case SettingGold:
		return "gold: only passages with the answer"
	case SettingDistractors:
		return "distractors: only passages without the answer"
	case SettingLong:
		return "long context: as much of the corpus as fits"
	}
	return string(s)
}

// messages returns the prompt of a question in this setting.
func (s Setting) messages(prompts prompt.Set, q question.Question, hits []retriever.Hit) []model.Message {
	if s.ShowsPassages() {
		return q.ReadMessages(prompts, hits)
	}
	return q.ClosedMessages(prompts)
}

func (s Setting) known() bool {
	switch s {
	case SettingClosed, SettingRetrieval, SettingGold, SettingDistractors, SettingLong:
		return true
	}
	return false
}

// longFallback is the number of bytes of passages shown in [SettingLong] to a model
// that cannot count tokens.
const longFallback = 16 << 10

// passagesFor returns the passages that a system is shown for question i, before they
// are cut to the context of the model, and notes in the record whether longFallback
// cut them.
func (e *evaluator) passagesFor(ctx context.Context, s System, i int, r *Record) (hits []retriever.Hit, err error) {
	q := e.questions[i].Question
	switch s.Setting {
	case SettingClosed:
		return nil, nil
	case SettingRetrieval:
		hits = e.hits[i][:min(len(e.hits[i]), e.Passages)]
	case SettingGold:
		hits = e.gold(i)
	case SettingDistractors:
		if given := e.Distractors[q.ID]; len(given) > 0 {
			hits = given[:min(len(given), e.Passages)]
			break
		}
		for _, hit := range e.hits[i] {
			if !q.HeldBy(hit) && len(hits) < e.Passages {
				hits = append(hits, hit)
			}
		}
	case SettingLong:
		if hits, err = e.corpus(ctx, i, longest(s.Model)); err != nil {
			return nil, err
		}
	}
	if s.Change != nil {
		hits = s.Change(q, slices.Clone(hits), e.hits[i])
	}
	if _, ok := model.As[model.TokenCounter](s.Model); s.Setting == SettingLong && !ok {
		some := someOf(hits)
		hits, r.cut = some, len(some) < len(hits)
	}
	return hits, nil
}

// gold returns Config.Evidence of the question; else the best Config.Passages of the
// search that belong to the evidence of the question; else the best passage that holds
// the answer, or one for each part of an answer in parts. If there is none it returns
// the best passage, so that the prompt keeps its shape.
func (e *evaluator) gold(i int) []retriever.Hit {
	q := e.questions[i].Question
	if given := e.Evidence[q.ID]; len(given) > 0 {
		return given
	}
	var found []retriever.Hit
	parts := q.Parts
	switch {
	case len(q.Evidence) > 0:
		parts = nil
		for _, hit := range e.hits[i] {
			if len(found) < e.Passages && q.IsEvidence(hit) {
				found = append(found, hit)
			}
		}
	case len(parts) == 0:
		parts = [][]string{q.Golds()}
	}
	for _, part := range parts {
		at := slices.IndexFunc(e.hits[i], func(hit retriever.Hit) bool {
			return answer.Contains(hit.Text, part) || answer.Contains(hit.Title, part)
		})
		if at >= 0 && !slices.ContainsFunc(found, func(hit retriever.Hit) bool { return hit.ID == e.hits[i][at].ID }) {
			found = append(found, e.hits[i][at])
		}
	}
	if len(found) == 0 {
		return e.hits[i][:min(1, len(e.hits[i]))]
	}
	return found
}

// longest is a number of passages that a model cannot be shown all of: each takes at least a token, or a byte.
func longest(m model.Model) int {
	if counter, ok := model.As[model.TokenCounter](m); ok {
		return counter.ContextTokens() + 1
	}
	return longFallback + 1
}

// longSearch is how many passages of the corpus are put in the order of the search.
const longSearch = 1000

// readCorpus lists as many passages as a question may need behind those of the search, if the index can list them.
func (e *evaluator) readCorpus(ctx context.Context) error {
	if e.chunks != nil {
		return nil
	}
	e.chunks = []retriever.Chunk{}
	lister, ok := e.Search.(retriever.Lister)
	if !ok {
		return nil
	}
	most := 0
	for _, s := range e.Systems {
		if s.Setting == SettingLong {
			most = max(most, longest(s.Model)+longSearch)
		}
	}
	for chunk, err := range lister.Chunks(ctx) {
		if err != nil {
			return fmt.Errorf("list the corpus: %w", err)
		}
		if e.chunks = append(e.chunks, chunk); len(e.chunks) >= most {
			break
		}
	}
	return nil
}

// corpus returns the passages up to a number: those that share words with the question by
// score, then the others in the order of the corpus.
func (e *evaluator) corpus(ctx context.Context, i, most int) ([]retriever.Hit, error) {
	if err := e.readCorpus(ctx); err != nil {
		return nil, err
	}
	hits, err := e.Search.Search(ctx, e.questions[i].Question.Question, max(reading.EvidenceDepth, min(len(e.chunks), longSearch)))
	if err != nil {
		return nil, fmt.Errorf("search for question %s: %w", e.questions[i].ID, err)
	}
	seen := make(map[string]bool, len(hits))
	for _, hit := range hits {
		seen[hit.ID] = true
	}
	for _, chunk := range e.chunks {
		if len(hits) >= most {
			break
		}
		if !seen[chunk.ID] {
			hits = append(hits, retriever.Hit{Chunk: chunk})
		}
	}
	return hits, nil
}

// someOf returns the passages that a model is shown that cannot count tokens.
func someOf(hits []retriever.Hit) []retriever.Hit {
	size := 0
	for n, hit := range hits {
		if size += len(hit.Title) + len(hit.Text); size > longFallback {
			return hits[:max(1, n)]
		}
	}
	return hits
}
