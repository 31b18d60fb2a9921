package openai

import (
	"math"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/ragft/model"
)

// refusing is a server that refuses requests with a field, and says so with a status and a body.
func refusing(field string, status int, said string) *answering {
	return &answering{refuse: func(body map[string]any) (int, string) {
		if _, sent := body[field]; sent {
			return status, said
		}
		return 0, ""
	}}
}

// Refusals as OpenAI and others word them, which name the field by its status, its param or in the middle of a sentence.
func TestMoreRefusals(t *testing.T) {
	log := warnings(t)
	for _, c := range []struct {
		field  string
		status int
		said   string
	}{
		{"logprobs", 403, `{"error":{"message":"You are not allowed to request logprobs from this model","type":"invalid_request_error"}}`},
		{"stream", 400, `{"error":{"message":"Your organization must be verified to stream this model.","type":"invalid_request_error",` +
			`"param":"stream","code":"unsupported_value"}}`},
		{"top_p", 400, `{"error":{"message":"The value must be the default.","param":"top_p","code":"unsupported_parameter"}}`},
		{"logprobs", 400, `{"error":{"code":400,"message":"Logprobs is not enabled for models/gemini-2.5-pro","status":"INVALID_ARGUMENT"}}`},
		{"top_p", 400, `{"error":{"message":"TOP_P is not supported"}}`},
	} {
		s := refusing(c.field, c.status, c.said)
		log.Reset()
		shown := ""
		req := model.Request{Messages: layout.Chat("a", "b"), TopP: 0.5, OnText: func(piece string) { shown += piece }}
		got, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{req})
		require.NoError(t, err, c.said)
		require.Equal(t, []string{"Ada. Bo", "Ada. Bo"}, []string{shown, got[0].Samples[0].Text})
		require.Len(t, s.bodies, 2, c.said)
		require.NotContains(t, s.bodies[1], c.field)
		require.Contains(t, log.String(), "fields="+c.field)
		require.True(t, math.IsNaN(got[0].Samples[0].MeanLogProb))
	}
}

// What names no field is an error as before: a key that may do nothing, and words that are fields elsewhere.
func TestRefusalsOfNoField(t *testing.T) {
	for said, want := range map[string]struct {
		status int
		err    error
	}{
		`{"error":{"message":"Country, region, or territory not supported","code":"unsupported_country_region_territory"}}`: {403,
			model.ErrUnauthorized},
		`{"error":{"message":"Your organization must be verified.","param":null}}`:                       {403, model.ErrUnauthorized},
		`{"error":{"message":"Stop: Streams and Seed rounds are not served."}}`:                          {400, model.ErrRequest},
		`{"error":{"message":"top_p must be at most 1.","param":"top_p","code":"invalid_value"}}`:        {400, model.ErrRequest},
		`{"error":{"message":"Temperature must be at most 2."}}`:                                         {400, model.ErrRequest},
		`{"error":{"message":"messages must be shorter","param":"messages","code":"unsupported_value"}}`: {400, model.ErrRequest},
	} {
		s := &answering{refuse: func(map[string]any) (int, string) { return want.status, said }}
		req := full()
		req.Temperature = 1
		_, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{req})
		require.ErrorIs(t, err, want.err, said)
		require.Len(t, s.bodies, 1, said)
	}
}

// Errors of the server itself are tried again, as OpenAI's clients do, and the others are not.
func TestErrorsThatPass(t *testing.T) {
	for status, again := range map[int]bool{
		http.StatusRequestTimeout: true, http.StatusConflict: true, http.StatusTooManyRequests: true, http.StatusInternalServerError: true,
		http.StatusBadGateway: true, http.StatusServiceUnavailable: true, 529: true, http.StatusBadRequest: false,
		http.StatusUnauthorized: false, http.StatusForbidden: false, http.StatusNotFound: false,
	} {
		first := true
		s := &answering{refuse: func(map[string]any) (int, string) {
			if first {
				first = false
				return status, `{"error":{"message":"not now"}}`
			}
			return 0, ""
		}}
		_, err := s.open(t, Options{}).Chat(t.Context(), []model.Request{{Messages: layout.Chat("a", "b")}})
		require.Equal(t, again, err == nil, "%d: %v", status, err)
	}
}
