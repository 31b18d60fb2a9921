//go:build cgo

package eval_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/llamachat"
	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/llama"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// counting counts the tokens of prompts that a model computed, and keeps the prompts.
type counting struct {
	*local.Model
	prompts  [][]llama.Token
	computed int
}

func (c *counting) Chat(ctx context.Context, requests []model.Request) ([]model.Response, error) {
	for _, r := range requests {
		prompt, err := c.Llama().TokenizeChat(llamachat.Messages(r.Messages), llama.ChatOptions{})
		if err != nil {
			return nil, err
		}
		c.prompts = append(c.prompts, prompt)
	}
	responses, err := c.Model.Chat(ctx, requests)
	for _, r := range responses {
		c.computed += r.PromptTokens - r.ReusedTokens
	}
	return responses, err
}

// nodes counts the nodes of the prefix tree of the prompts.
func (c *counting) nodes() (nodes int) {
	slices.SortFunc(c.prompts, slices.Compare)
	for i, p := range c.prompts {
		same := 0
		for i > 0 && same < min(len(p), len(c.prompts[i-1])) && p[same] == c.prompts[i-1][same] {
			same++
		}
		nodes += len(p) - same
	}
	return nodes
}

// TestPromptsAreReadOnce evaluates the shipped model and one adapted from it in several arms. The base judges.
func TestPromptsAreReadOnce(t *testing.T) {
	const path = "../../examples/basemodel/ragft-base-f16.gguf"
	m, err := local.Open(t.Context(), path, local.Options{Threads: 1})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	adapted, err := m.Adapted(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}), 1)
	require.NoError(t, err)
	base, tuned := &counting{Model: m}, &counting{Model: adapted}
	index, questions := village(t)
	prompts := prompt.Default()
	config := eval.Config{Questions: questions, Search: index, Passages: 4, MaxTokens: 6, Resamples: 50, Seed: 1}
	for name, counted := range map[string]*counting{"base": base, "tuned": tuned} {
		cached, err := cache.Open(counted, t.TempDir())
		require.NoError(t, err)
		t.Cleanup(func() { cached.Close() })
		config.Systems = append(config.Systems,
			eval.System{Name: name, Model: cached, Setting: eval.SettingRetrieval},
			eval.System{Name: name + ", told to decline", Model: cached, Setting: eval.SettingRetrieval, Prompt: prompts.Careful},
			eval.System{Name: name + ", gold", Model: cached, Setting: eval.SettingGold},
			eval.System{Name: name + ", no documents", Model: cached})
		if name == "base" {
			config.Judge = judge.Options{Model: cached}
		}
	}
	slices.SortFunc(config.Systems, func(a, b eval.System) int { return len(a.Name) - len(b.Name) }) // the models take turns
	_, err = eval.Run(t.Context(), config)
	require.NoError(t, err)
	for name, c := range map[string]*counting{"base": base, "tuned": tuned} {
		require.GreaterOrEqual(t, len(c.prompts), 3*len(questions))
		nodes := c.nodes()
		require.GreaterOrEqual(t, c.computed, nodes)
		require.LessOrEqual(t, float64(c.computed), 1.05*float64(nodes), "%s: %d tokens for %d nodes", name, c.computed, nodes)
		t.Logf("%s: %d prompts, %d tokens computed for %d nodes", name, len(c.prompts), c.computed, nodes)
	}
}

// village is an index of some notes, with questions about each in another order.
func village(t *testing.T) (*retriever.Index, []question.Question) {
	index, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { index.Close() })
	var questions []question.Question
	trades := []string{"baker", "potter", "weaver"}
	places := []string{"Arden", "Belmont", "Corley", "Dunmore", "Elmsted", "Farley", "Granton", "Hollow"}
	for _, place := range places {
		text := fmt.Sprintf("%s lies at the river, an hour from the coast, and has one street with old houses. ", place) +
			"A market is held there in spring, when the boats come up from the sea with salt and cloth, and the bridge is closed for a day. "
		for k, trade := range trades {
			text += fmt.Sprintf(
				"The %s of %s is called %s, and works there since the flood. ",
				trade,
				place,
				[]string{"Mara", "Tobin", "Ilse"}[k]+place,
			)
		}
		chunk := retriever.Chunk{ID: place, Source: place + ".md", Title: place, Text: text, End: len(text)}
		require.NoError(t, index.Add(t.Context(), []retriever.Chunk{chunk}))
	}
	for k, trade := range trades {
		for _, place := range places {
			questions = append(questions, question.Question{ID: trade + place,
				Question: fmt.Sprintf("Who is the %s of %s?", trade, place), Answer: []string{"Mara", "Tobin", "Ilse"}[k] + place})
		}
	}
	return index, questions
}
