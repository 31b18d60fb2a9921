package memory

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// subject is an entity or a relation.
type subject struct {
	id, name, source, question string
	descriptions               []string
	places                     []int
}

// Wordings of the fixed questions, drawn by seed, so that more than one is learnt.
var (
	entityQuestions   = []string{"What do you know about %s?", "Tell me about %s.", "What is there to say about %s?", "Describe %s."}
	relationQuestions = []string{"How are %s and %s related?", "What connects %s and %s?", "What have %s and %s to do with each other?"}
)

func (b *build) worded(wordings []string, names ...any) string {
	wording := wordings[seed.Derive(b.in.Seed, "memory wording", fmt.Sprint(names...))%uint64(len(wordings))]
	return fmt.Sprintf(wording, names...)
}

func (b *build) subjects() []subject {
	var all []subject
	for i, e := range b.out.graph.entities {
		all = append(all, subject{fmt.Sprint("entity/", i+1), e.name, "memory/entity", b.worded(entityQuestions, e.name), e.descriptions,
			e.chunks})
	}
	for i, r := range b.out.graph.relations {
		all = append(all, subject{fmt.Sprint("relation/", i+1), r.source + " and " + r.target, "memory/relation",
			b.worded(relationQuestions, r.source, r.target), r.descriptions, r.chunks})
	}
	return all
}

func (b *build) global(ctx context.Context) error {
	subjects := b.subjects()
	for _, s := range subjects {
		b.asked[answer.Normalize(s.question)] = true
	}
	schema := replySchema("able", "question", "thought", "answer")
	return b.inBatches(ctx, "entities and relations", len(subjects), func(i int) ask {
		s := subjects[i]
		return ask{instruction: globalPrompt, about: s.name + ". " + strings.Join(s.descriptions, " "),
			chunks: b.chunksAt(s.places[:min(len(s.places), b.GlobalChunks)]), maxTokens: b.MaxTokens, schema: schema,
			seed: []string{"global", s.id}}
	}, func(i int, sample model.Sample) {
		s := subjects[i]
		b.row(s.id+"/known", s.source, s.question, strings.Join(s.descriptions, " "), s.places)
		if reply, ok := b.read(sample, true, true); ok {
			b.rowOrProbe(s.id+"/asked", s.source, reply.Question, "", reply, s.places, &b.out.GlobalProbes)
		}
	}, nil)
}

// mostMentioned are the entities that most passages mention.
func (b *build) mostMentioned() []entity {
	entities := slices.Clone(b.out.graph.entities)
	slices.SortStableFunc(entities, func(x, y entity) int { return len(y.chunks) - len(x.chunks) })
	return entities[:min(len(entities), 40)]
}

// corpus asks about the documents as a whole, with the entities in view that most
// passages mention.
func (b *build) corpus(ctx context.Context) error {
	var list []retriever.Chunk
	for _, e := range b.mostMentioned() {
		list = append(list, retriever.Chunk{Title: e.name, Text: strings.Join(e.descriptions, " ")})
	}
	schema := replySchema("able", "question", "thought", "answer")
	return b.inBatches(ctx, "the corpus", b.CorpusRows.Or(0), func(i int) ask {
		// each question begins with other entities, so that greedy replies differ
		from := i * len(list) / max(1, b.CorpusRows.Or(0))
		return ask{instruction: globalPrompt, about: "all these documents together", chunks: slices.Concat(list[from:], list[:from]),
			maxTokens: b.MaxTokens, schema: schema, seed: []string{"corpus", fmt.Sprint(i)}}
	}, func(i int, sample model.Sample) {
		if reply, ok := b.read(sample, true, true); ok {
			b.rowOrProbe(fmt.Sprint("corpus/", i+1), "memory/corpus", reply.Question, "", reply, b.everyPlace(), &b.out.GlobalProbes)
		}
	}, nil)
}

// local asks about each passage with its entities and relations: a question, then its answer.
func (b *build) local(ctx context.Context) error {
	type pair struct {
		place          int
		id, name, text string
	}
	var pairs []pair
	g := b.out.graph
	for place, facts := range g.local {
		var here []pair
		for _, e := range facts.entities {
			here = append(here, pair{place: place, id: fmt.Sprintf("entity/%d", e+1), name: g.entities[e].name})
		}
		for _, r := range facts.relations {
			here = append(here, pair{place: place, id: fmt.Sprintf("relation/%d", r+1), name: g.relations[r].source + " and " +
				g.relations[r].target})
		}
		slices.SortStableFunc(here, func(x, y pair) int {
			return seed.Order(b.in.Seed, "memory local", fmt.Sprint(place, x.id), fmt.Sprint(place, y.id))
		})
		pairs = append(pairs, here[:min(len(here), b.MaxLocal.Or(0))]...)
	}
	var asked []pair
	schema := replySchema("able", "thought", "question")
	err := b.inBatches(ctx, "local questions", len(pairs), func(i int) ask {
		p := pairs[i]
		return ask{instruction: localQuestionPrompt, about: p.name, chunks: b.chunksAt([]int{p.place}), maxTokens: b.MaxTokens, schema: schema,
			seed: []string{"local question", b.in.Corpus[p.place].ID, p.id}}
	}, func(i int, sample model.Sample) {
		if reply, ok := b.read(sample, true, false); ok {
			p := pairs[i]
			p.text = reply.Question
			asked = append(asked, p)
		}
	}, nil)
	if err != nil {
		return err
	}
	schema = replySchema("able", "thought", "answer")
	return b.inBatches(ctx, "local answers", len(asked), func(i int) ask {
		p := asked[i]
		return ask{instruction: localAnswerPrompt, about: layout.Indent(p.text, layout.DocumentLine), chunks: b.chunksAt([]int{p.place}),
			maxTokens: b.MaxTokens, schema: schema,
			seed: []string{"local answer", b.in.Corpus[p.place].ID, p.text}}
	}, func(i int, sample model.Sample) {
		reply, ok := b.read(sample, false, true)
		if !ok {
			return
		}
		p := asked[i]
		b.rowOrProbe(fmt.Sprintf("local/%d/%s", p.place+1, p.id), "memory/local", p.text, b.in.Corpus[p.place].ID, reply, []int{p.place},
			&b.out.Probes)
	}, nil)
}
