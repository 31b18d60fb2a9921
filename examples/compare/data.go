//go:build cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/examples/basemodel/corpus"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// read returns the questions, and the documents that came with them where -docs names none.
func (c *comparison) read() ([]question.Question, []retriever.Document, error) {
	set, err := dataset.ReadFile(c.questions, dataset.Format(c.format))
	if err != nil {
		return nil, nil, err
	}
	c.leaveOut(set)
	questions := set.Questions()
	if c.limit > 0 && len(questions) > c.limit {
		_, questions = question.Split(questions, float64(c.limit)/float64(len(questions)), c.seed)
	}
	documents := set.Documents()
	c.evidence = set.Evidence()
	if c.docs == "" && len(documents) == 0 {
		return nil, nil, fmt.Errorf("no passages come with %s: name a folder of documents with -docs", c.questions)
	}
	return questions, documents, nil
}

// leaveOut makes a share of the answerable questions unanswerable: their own passages go. Others may still hold the answer.
func (c *comparison) leaveOut(set *dataset.Set) {
	if c.unanswerable <= 0 {
		return
	}
	_, drawn := question.Split(set.Questions(), c.unanswerable, c.seed)
	gone := map[string]bool{}
	for _, q := range drawn {
		gone[q.ID] = true
	}
	for i := range set.Items {
		if item := &set.Items[i]; gone[item.ID] {
			item.Question = question.Question{ID: item.ID, Question: item.Question.Question, Group: item.Group, Unanswerable: true}
			item.Evidence = nil
		}
	}
}

// unlabelled leaves the questions to learn from as Self-Demo's paper has them: each has an answer, and for some the search
// does not find it.
func (c *comparison) unlabelled() {
	c.train = slices.DeleteFunc(c.train, func(q question.Question) bool { return len(q.Golds()) == 0 })
	_, drawn := question.Split(c.train, c.missed, c.seed)
	golds := map[string][]string{}
	for _, q := range drawn {
		golds[q.Question] = q.Golds()
	}
	c.learnt = missing{c.index, golds}
}

// missing is an index that does not find the answers to some questions.
type missing struct {
	*retriever.Index
	golds map[string][]string // by question
}

func (m missing) Search(ctx context.Context, query string, k int) ([]retriever.Hit, error) {
	golds, missed := m.golds[query]
	if !missed {
		return m.Index.Search(ctx, query, k)
	}
	hits, err := m.Index.Search(ctx, query, 4*k)
	hits = slices.DeleteFunc(hits, func(hit retriever.Hit) bool {
		return answer.Contains(hit.Text, golds) || answer.Contains(hit.Title, golds)
	})
	return hits[:min(k, len(hits))], err
}

func (c *comparison) makeIndex(ctx context.Context, documents []retriever.Document) (err error) {
	if c.index, err = retriever.NewMemory(retriever.IndexOptions{}); err != nil {
		return err
	}
	split := retriever.SplitOptions{Size: c.chunk}
	if c.docs != "" {
		if _, err := c.index.Sync(ctx, c.docs, retriever.SyncOptions{Split: split}); err != nil {
			return err
		}
	} else {
		var chunks []retriever.Chunk
		for _, d := range documents {
			more, err := retriever.Split(d, split)
			if err != nil {
				return err
			}
			chunks = append(chunks, more...)
		}
		if err := c.index.Add(ctx, chunks); err != nil {
			return err
		}
	}
	for chunk, err := range c.index.Chunks(ctx) {
		if err != nil {
			return err
		}
		c.corpus = append(c.corpus, chunk)
	}
	if len(c.corpus) == 0 {
		return errors.New("the documents hold no text")
	}
	return nil
}

// general is what has nothing to do with the documents: simple facts and plain prose that the shipped model has learnt.
// One half is there to be replayed, the other to see what was forgotten.
type general struct {
	replayed, asked    []question.Question
	replayText, scored []string
}

const generalTexts = 60 // of each half

func makeGeneral(seed uint64) (general, error) {
	facts, err := corpus.New(corpus.Options{})
	if err != nil {
		return general{}, err
	}
	prose, err := corpus.New(corpus.Options{Seed: seed, Weights: map[corpus.Kind]float64{corpus.Text: 1}})
	if err != nil {
		return general{}, err
	}
	var questions []question.Question
	for i, item := range facts.TestClosed(seed) {
		turn := item.Turns[0]
		questions = append(questions, question.Question{
			ID: fmt.Sprint("fact-", i+1), Question: strings.TrimPrefix(turn.User, "Question: "), Answer: turn.Answer,
		})
	}
	var g general
	g.replayed, g.asked = question.Split(questions, 0.5, seed)
	for range generalTexts {
		g.replayText = append(g.replayText, prose.Next(1).Text)
		g.scored = append(g.scored, prose.Next(1).Text)
	}
	return g, nil
}

// plain is the recipe of closed questions with their answers and nothing else, to be mixed with others.
type plain struct{ questions []question.Question }

func (plain) Name() string { return "plain" }

func (plain) Estimate(recipe.Input) (model.Cost, error) { return model.Cost{}, nil }

func (p plain) Rows(_ context.Context, in recipe.Input) (*recipe.Result, error) {
	out := &recipe.Result{}
	for _, q := range p.questions {
		out.Rows = append(out.Rows, rows.Row{
			ID: q.ID + "/" + p.Name(), Kind: "instruction", Source: p.Name(), QuestionID: q.ID, Question: q.Question, Golds: q.Golds(),
			Messages: append(in.Prompts.WithDefaults().ClosedMessages(q.Question), model.Message{Role: model.RoleAssistant, Content: q.Answer}),
		})
	}
	return out, nil
}
