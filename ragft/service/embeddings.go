//go:build cgo

package service

import (
	"encoding/base64"
	"encoding/binary"
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
	m, err := s.model(req.Model)
	if err != nil {
		return err
	}
	model := m.Local.Llama()
	switch {
	case model.Pooling() == "":
		return &apiError{status: http.StatusBadRequest, Code: "unsupported", Param: "model",
			Message: "the model has no embeddings: its file has no pooling type"}
	case req.Dimensions != nil && *req.Dimensions != model.EmbeddingLength():
		return bad("dimensions", "the model's embeddings have %d dimensions and cannot be shortened", model.EmbeddingLength())
	case req.EncodingFormat != "" && req.EncodingFormat != "float" && req.EncodingFormat != "base64":
		return bad("encoding_format", "encoding_format must be \"float\" or \"base64\"")
	}
	inputs, err := req.Input.tokenize(model, maxInputs, "input")
	if err != nil {
		return err
	}
	c, err := s.embedder(m)
	if err != nil {
		return err
	}
	vectors, err := c.Embed(r.Context(), inputs)
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
	s.metrics.tokens(m.Name, tokens, 0)
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "data": data, "model": m.Name, "usage": map[string]int{"prompt_tokens": tokens, "total_tokens": tokens},
	})
	return nil
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
