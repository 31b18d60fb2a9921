//go:build cgo

package service

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/http"

	"github.com/ragft/ragft/llama"
)

// maxInputs is the largest number of texts in a request for embeddings.
const maxInputs = 2048

type embedding struct {
	Object    string `json:"object"`
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"`
}

// embed answers POST /v1/embeddings.
func (s *Service) embed(w http.ResponseWriter, r *http.Request) error {
	var req embeddingRequest
	if err := read(r, &req); err != nil {
		return err
	}
	name, model, embed, err := s.embeddingModel(req.Model)
	if err != nil {
		return err
	}
	switch {
	case model.Pooling() == "", model.Pooling() == "rank":
		return &apiError{status: http.StatusBadRequest, Code: "unsupported", Param: "model",
			Message: "the model has no embeddings: its file has no pooling type"}
	case req.Dimensions != nil && *req.Dimensions != model.Dimensions():
		return bad("dimensions", "the model's embeddings have %d dimensions and cannot be shortened", model.Dimensions())
	case req.EncodingFormat != "" && req.EncodingFormat != "float" && req.EncodingFormat != "base64":
		return bad("encoding_format", "encoding_format must be \"float\" or \"base64\"")
	}
	inputs, err := req.Input.tokenize(model, maxInputs, "input")
	if err != nil {
		return err
	}
	vectors, err := embed(r.Context(), inputs)
	var long *llama.PromptTooLongError
	if errors.As(err, &long) {
		place := "input"
		if len(inputs) > 1 {
			place = fmt.Sprintf("input[%d]", long.Request)
		}
		return tooLong(place, long.Tokens, long.Size)
	}
	if err != nil {
		return err
	}
	data, tokens := make([]embedding, len(vectors)), 0
	for i, v := range vectors {
		tokens += len(inputs[i])
		data[i] = embedding{Object: "embedding", Index: i, Embedding: v}
		if req.EncodingFormat == "base64" {
			b := make([]byte, 0, 4*len(v))
			for _, x := range v {
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
			}
			data[i].Embedding = base64.StdEncoding.EncodeToString(b)
		}
	}
	s.metrics.tokens(name, tokens, 0)
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "data": data, "model": name, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
	return nil
}

// embeddingModel returns what makes the embeddings of a request: the embedder, if there is one and the request names it or no
// model, or else the model that it names.
func (s *Service) embeddingModel(named string) (
	name string, m *llama.Model, embed func(context.Context, [][]llama.Token) ([][]float32, error), err error,
) {
	if e := s.config.Embedder; e != nil && (named == "" || named == e.Name()) {
		return e.Name(), e.Llama(), e.EmbedTokens, nil
	}
	of, err := s.model(named)
	if err != nil {
		return "", nil, nil, err
	}
	return of.Name, of.Local.Llama(), func(ctx context.Context, texts [][]llama.Token) ([][]float32, error) {
		c, err := s.embedder(of)
		if err != nil {
			return nil, err
		}
		return c.Embed(ctx, texts)
	}, nil
}

// embedder returns the context for a model's embeddings, and creates it for the first request.
func (s *Service) embedder(m *Model) (*llama.Context, error) {
	s.embedMu.Lock()
	defer s.embedMu.Unlock()
	model := m.Local.Llama()
	if c := s.embedders[model]; c != nil {
		return c, nil
	}
	c, err := model.NewContext(llama.ContextOptions{Embeddings: true})
	if err != nil {
		return nil, err
	}
	s.embedders[model] = c
	return c, nil
}
