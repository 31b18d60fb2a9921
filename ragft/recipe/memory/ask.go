package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// Instructions of the steps.
const (
	extractPrompt = `List the entities that the document tells of, each with its name as the document writes it, ` +
		`its type and what the document says of it, and the relations between them. ` +
		`Reply in JSON: {"entities": [{"name", "type", "description"}], "relations": [{"source", "target", "description"}]}. ` +
		`Types are organisation, person, place, event, object and concept.`
	globalPrompt = `Write a question about the subject as a whole, and its answer, ` +
		`thinking step by step from what is given and from nothing else. The question must be clear by itself. ` +
		`Reply in JSON: {"able": true or false, "question": ..., "thought": ..., "answer": ...}, ` +
		`with able false where what is given is not enough.`
	localQuestionPrompt = `Write a question about the subject that the document answers and that is clear without the document. ` +
		`Reply in JSON: {"able": true or false, "thought": ..., "question": ...}, with able false where the document says too little.`
	localAnswerPrompt = `Answer the question from the document, thinking first. ` +
		`Reply in JSON: {"able": true or false, "thought": ..., "answer": ...}, with able false where the document does not say.`
)

// unreadLimit is the number of replies, none of them JSON, that show that a
// model cannot list entities.
const unreadLimit = 4

// errNoEntities means that the model found nothing in the documents to make
// questions about.
var errNoEntities = errors.New("no entities were found")

// inBatches asks about items a batch at a time, and takes the replies to those
// that are not too long. check, if not nil, is called after each batch.
func (b *build) inBatches(ctx context.Context, what string, n int, request func(i int) ask, take func(i int, s model.Sample),
	check func() error) error {
	for done := 0; done < n; {
		end := min(done+b.in.Batch, n)
		asks := make([]ask, 0, end-done)
		for i := done; i < end; i++ {
			asks = append(asks, request(i))
		}
		responses, err := b.chatThatFits(ctx, asks)
		if err != nil {
			return fmt.Errorf("%s %d to %d: %w", what, done+1, end, err)
		}
		for k, response := range responses {
			if len(response.Samples) == 0 {
				b.out.Dropped["too-long"]++
				continue
			}
			take(done+k, response.Samples[0])
		}
		if check != nil {
			if err := check(); err != nil {
				return err
			}
		}
		done = end
		b.m.Report(b.Name()+": "+what, done, n, len(b.out.Rows))
	}
	return nil
}

// ask is a request that can show fewer passages.
type ask struct {
	instruction, about string
	chunks             []retriever.Chunk
	maxTokens          int
	schema             json.RawMessage
	seed               []string
}

func (b *build) request(a ask) model.Request {
	hits := make([]retriever.Hit, len(a.chunks))
	for i, c := range a.chunks {
		hits[i].Chunk = c
	}
	text := strings.TrimSpace(layout.Task(a.instruction, hits))
	if a.about != "" {
		text += "\nSubject: " + a.about
	}
	return model.Request{Messages: layout.User(text), MaxTokens: a.maxTokens, Schema: a.schema,
		Seed: seed.Derive(b.in.Seed, append([]string{b.Name()}, a.seed...)...)}
}

// chatThatFits shows half as many passages as long as they do not fit. A prompt
// that is too long with one has a response without samples.
func (b *build) chatThatFits(ctx context.Context, asks []ask) ([]model.Response, error) {
	chat := func(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
		return b.m.Chat(ctx, b.in.Model, reqs)
	}
	return reading.ChatThatFits(ctx, chat, len(asks),
		func(i int) model.Request { return b.request(asks[i]) },
		func(i int) bool {
			n := len(asks[i].chunks)
			if n < 2 {
				return false
			}
			asks[i].chunks = asks[i].chunks[:n/2]
			return true
		})
}

// extract has the model list entities and relations.
func (b *build) extract(ctx context.Context) error {
	g := newGraphBuilder()
	replies, last := 0, ""
	schema := extractionSchema(max(1, b.MaxEntities), max(1, b.MaxRelations.Or(0)))
	err := b.inBatches(ctx, "passages", len(b.in.Corpus), func(i int) ask {
		return ask{instruction: extractPrompt, chunks: b.in.Corpus[i : i+1], maxTokens: b.ExtractTokens, schema: schema,
			seed: []string{"extract", b.in.Corpus[i].ID}}
	}, func(i int, s model.Sample) {
		g.add(i, b.in.Corpus[i], s, b.MaxEntities, b.MaxRelations.Or(0))
		replies, last = replies+1, s.Text
	}, func() error {
		if unread := g.graph.unread + g.graph.truncated; unread == replies && unread >= unreadLimit {
			return fmt.Errorf("%w: none of the first %d replies is complete JSON (%d were truncated), the last being %.80q; "+
				"use a model that can write JSON, or raise Recipe.ExtractTokens (now %d)", errNoEntities, unread, g.graph.truncated, last,
				b.ExtractTokens)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.out.graph = g.finish()
	if len(b.out.graph.entities) == 0 {
		return fmt.Errorf("%w in %d passages (unreadable replies: %d; truncated ones: %d; entities whose name is not in the passage: %d; "+
			"passages longer than the model's context: %d): use a more capable model, or smaller passages",
			errNoEntities, len(b.in.Corpus), b.out.graph.unread, b.out.graph.truncated, b.out.graph.invented, b.out.Dropped["too-long"])
	}
	return nil
}
