//go:build cgo

package service

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/model/local"
)

// maxDocuments is the largest number of documents in a request for reranking.
const maxDocuments = 1000

// rerankRequest is the body of POST /v1/rerank, in the form of llama-server and Jina.
type rerankRequest struct {
	Model           string    `json:"model"`
	Query           *string   `json:"query"`
	Documents       *[]string `json:"documents"`
	TopN            *int      `json:"top_n"`
	ReturnDocuments bool      `json:"return_documents"`
}

type ranked struct {
	Index    int             `json:"index"`
	Score    float64         `json:"relevance_score"`
	Document *rankedDocument `json:"document,omitempty"`
}

type rankedDocument struct {
	Text string `json:"text"`
}

func (q *rerankRequest) check(reranker *local.Reranker) error {
	switch {
	case reranker == nil:
		return &apiError{status: http.StatusNotImplemented, Code: "unsupported", Message: "this service has no reranker"}
	case q.Model != "" && q.Model != reranker.Name():
		return &apiError{status: http.StatusNotFound, Code: "model_not_found", Param: "model",
			Message: fmt.Sprintf("the reranker is %q; there is none named %q", reranker.Name(), q.Model)}
	case q.Query == nil:
		return bad("query", "query is missing")
	case q.Documents == nil || len(*q.Documents) == 0:
		return bad("documents", "documents must be a list of at least one text")
	case len(*q.Documents) > maxDocuments:
		return bad("documents", "there are %d documents, at most %d are allowed", len(*q.Documents), maxDocuments)
	case q.TopN != nil && *q.TopN < 1:
		return bad("top_n", "top_n must be at least 1")
	}
	return nil
}

// rerank answers POST /v1/rerank.
func (s *Service) rerank(w http.ResponseWriter, r *http.Request) error {
	var req rerankRequest
	if err := read(r, &req); err != nil {
		return err
	}
	m := s.config.Reranker
	if err := req.check(m); err != nil {
		return err
	}
	documents := *req.Documents
	scores, tokens, err := m.Scores(r.Context(), *req.Query, documents)
	var long *llama.PromptTooLongError
	if errors.As(err, &long) { // documents are cut
		return tooLong("query", long.Tokens, long.Size)
	}
	if err != nil {
		return err
	}
	results := make([]ranked, len(scores))
	for i, score := range scores {
		results[i] = ranked{Index: i, Score: score}
		if req.ReturnDocuments {
			results[i].Document = &rankedDocument{documents[i]}
		}
	}
	slices.SortStableFunc(results, func(a, b ranked) int { return cmp.Compare(b.Score, a.Score) })
	if req.TopN != nil {
		results = results[:min(*req.TopN, len(results))]
	}
	s.metrics.tokens(m.Name(), tokens, 0)
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "model": m.Name(), "results": results, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
	return nil
}
