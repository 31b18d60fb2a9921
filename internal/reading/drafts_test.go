package reading

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

func TestChosen(t *testing.T) {
	sample := func(text string, tokens int, mean float64) model.Sample {
		return model.Sample{Text: text, Tokens: tokens, MeanLogProb: mean, Excluded: -3}
	}
	cut := sample("Ann Lee, who", 4, -0.01)
	cut.Truncated = true
	unknown := sample("Ann", 2, math.NaN())
	for name, c := range map[string]struct {
		samples []model.Sample
		want    string
	}{
		"alone":              {[]model.Sample{sample("Ann", 2, -2)}, "Ann"},
		"surer":              {[]model.Sample{sample("Ann", 2, -1), sample("Mary Lee", 3, -0.5)}, "Mary Lee"},
		"less sure":          {[]model.Sample{sample("Ann", 2, -1), sample("Mary Lee", 3, -1.5)}, "Ann"},
		"surest of several":  {[]model.Sample{sample("Ann", 2, -1), sample("Bob", 2, -0.9), sample("Cid of Dunmore", 8, -0.3)}, "Cid of Dunmore"},
		"equal":              {[]model.Sample{sample("Ann", 2, -1), sample("Bob", 2, -1)}, "Ann"},
		"long":               {[]model.Sample{sample("Ann", 2, -1), sample("Mary", ShortTokens+1, -0.01)}, "Ann"},
		"first is long":      {[]model.Sample{sample("Mary", ShortTokens+1, -1), sample("Ann", 2, -0.01)}, "Mary"},
		"as long as may be":  {[]model.Sample{sample("Ann", 2, -1), sample("Mary", ShortTokens, -0.01)}, "Mary"},
		"cut off":            {[]model.Sample{sample("Ann", 2, -1), cut}, "Ann"},
		"first is cut off":   {[]model.Sample{cut, sample("Ann", 2, -0.001)}, "Ann Lee, who"},
		"refusal":            {[]model.Sample{sample("Ann", 2, -1), sample("I don't know.", 5, -0.01)}, "Ann"},
		"first is a refusal": {[]model.Sample{sample("I don't know.", 5, -1), sample("Ann", 2, -0.01)}, "I don't know."},
		"blank":              {[]model.Sample{sample("Ann", 2, -1), sample(" ", 1, -0.01)}, "Ann"},
		"first is blank":     {[]model.Sample{sample("", 1, -1), sample("Ann", 2, -0.01)}, ""},
		"unknown":            {[]model.Sample{sample("Bob", 2, -1), unknown}, "Bob"},
		"first is unknown":   {[]model.Sample{unknown, sample("Bob", 2, -1)}, "Ann"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Chosen(c.samples)
			require.Equal(t, c.want, got.Text)
			require.Equal(t, -3.0, got.Excluded)
		})
	}
}

func TestDraftsAreDrawnBesideTheAnswer(t *testing.T) {
	m := &fake.Model{Reply: func(req model.Request, i int) model.Sample {
		if req.Temperature == 0 {
			return model.Sample{Text: "Ann", Tokens: 2, MeanLogProb: -1}
		}
		return model.Sample{Text: fmt.Sprint("Cid ", i+1), Tokens: 2, MeanLogProb: -2 + 0.5*float64(i)}
	}}
	ask := func(n int) []*Asking {
		return []*Asking{{Hits: fake.InnHits()[:n], Messages: func([]retriever.Hit) []model.Message {
			return []model.Message{{Role: model.RoleUser, Content: "Who?"}}
		}}}
	}
	var pieces []string
	like := model.Request{MaxTokens: 40, Exclude: []string{"No."}, Stop: []string{"!"}, OnText: func(s string) { pieces = append(pieces, s) }}
	r := Reader{Model: m, Drafts: 4, Like: like}
	got, err := r.Answer(t.Context(), ask(1))
	require.NoError(t, err)
	require.Len(t, got[0].Samples, 5)
	require.Equal(t, "Ann", got[0].Samples[0].Text)
	require.Equal(t, "Cid 4", Chosen(got[0].Samples).Text)
	require.Equal(t, []string{"Ann"}, pieces, "drafts are not shown")
	require.Len(t, m.Requests, 2)
	drafts := m.Requests[1]
	require.Equal(t, 4, drafts.Samples)
	require.Equal(t, ShortTokens+1, drafts.MaxTokens)
	require.Equal(t, like.Exclude, drafts.Exclude)
	require.Equal(t, like.Stop, drafts.Stop)
	require.Positive(t, drafts.Temperature)

	for name, c := range map[string]struct {
		r    Reader
		hits int
		want int
	}{
		"short limit":  {Reader{Model: m, Drafts: 4, Like: model.Request{MaxTokens: 8}}, 1, 2},
		"none":         {Reader{Model: m, Like: like}, 1, 1},
		"drawn itself": {Reader{Model: m, Drafts: 4, Like: model.Request{Temperature: 1}}, 1, 1},
		"no passages":  {Reader{Model: m, Drafts: 4, Like: like}, 0, 1},
		"ensemble":     {Reader{Model: m, Drafts: 4, Ensemble: &answer.Ensemble{}, Like: like}, 2, 2},
	} {
		t.Run(name, func(t *testing.T) {
			m.Requests = nil
			got, err := c.r.Answer(t.Context(), ask(c.hits))
			require.NoError(t, err)
			require.Len(t, got, 1)
			require.Len(t, m.Requests, c.want)
			if name == "short limit" {
				require.Equal(t, 8, m.Requests[1].MaxTokens)
			}
		})
	}
}
