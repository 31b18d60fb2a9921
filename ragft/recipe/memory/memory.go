package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// System messages of [Recipe].
const (
	DefaultExtractPrompt = `List the entities that the document tells of, each with its name as the document writes it, its type and what the document says of it, and the relations between them. ` +
		`Reply in JSON: {"entities": [{"name", "type", "description"}], "relations": [{"source", "target", "description"}]}. Types are organisation, person, place, event, object and concept.`
	DefaultGlobalPrompt = `Write a question about the subject as a whole, and its answer, thinking step by step from what is given and from nothing else. ` +
		`The question must be clear by itself. Reply in JSON: {"able": true or false, "question": ..., "thought": ..., "answer": ...}, with able false where what is given is not enough.`
	DefaultLocalQuestionPrompt = `Write a question about the subject that the document answers and that is clear without the document. ` +
		`Reply in JSON: {"able": true or false, "thought": ..., "question": ...}, with able false where the document says too little.`
	DefaultLocalAnswerPrompt = `Answer the question from the document, thinking first. ` +
		`Reply in JSON: {"able": true or false, "thought": ..., "answer": ...}, with able false where the document does not say.`
)

// Memory makes rows with which a model answers from the question alone, both
// about single facts and about the documents as a whole: RAG-Tuned-LLM
// (arXiv 2503.16071). The model lists entities and relations of each passage,
// under a JSON Schema; they are merged over the passages; and rows come of
//
//   - each entity and each relation: a fixed question with its descriptions as
//     answer, and one that the model writes and answers in view of the passages;
//   - the corpus: questions that the model writes in view of the entities that
//     most passages tell of;
//   - each passage with each of its entities and relations, as far as the cap
//     goes: a question about it, then thought and answer.
//
// Prompts are closed. Targets that the model writes end as those of [recipe.RAFT] do,
// see [answer.Final]; those of the fixed questions are descriptions alone.
// Unlike the published code it leaves out what the model says it is unable to
// write, or declines. It needs Model and Corpus. Sources of the rows are
// "memory/entity", "memory/relation", "memory/corpus" and "memory/local".
type Recipe struct {
	MaxEntities  int // of a passage; 0 = 8
	MaxRelations int // of a passage; 0 = 8, negative = none
	MaxLocal     int // pairs of a passage with an entity or relation that are asked about; 0 = 4, negative = none
	GlobalChunks int // passages shown for an entity or a relation; 0 = 30, or as many as fit
	CorpusRows   int // questions about the corpus; 0 = 5, negative = none

	// HeldOut is the share of the questions that the model writes which become
	// probes in place of rows, in [0, 1); 0 = none. Other rows may tell what they
	// ask, as those about the entity do, see [rows.SplitProbes]; probes that a row asks
	// as well, in nearly the same words, are left out. See [probe.Run].
	HeldOut float64

	ExtractTokens int // limit for entities and relations; 0 = 1024
	MaxTokens     int // limit for a question with its answer; 0 = 384
}

// Reasons why something that [Recipe] asked for is no row.
const (
	DropUnable     rows.DropReason = "unable"     // the model said so, or declined
	DropUnread     rows.DropReason = "unread"     // no JSON, or without question or answer
	DropContextual rows.DropReason = "contextual" // the question speaks of "the document"
	DropHeldOut    rows.DropReason = "held-out"   // became a probe
	DropLeaked     rows.DropReason = "leaked"     // would have become a probe, but a row asks it in nearly the same words
)

// ErrNoEntities means that a model found nothing in the documents to make
// questions of.
var ErrNoEntities = errors.New("no entities were found")

// MemoryResult is what [Recipe.Build] made.
type Result struct {
	recipe.Result
	Graph *Graph
	// Probes are local questions that no row asks, for closed-book evaluation,
	// GlobalProbes such questions about an entity, a relation or the corpus.
	Probes, GlobalProbes []question.Question
}

// Name is "memory".
func (Recipe) Name() string { return "memory" }

func (r Recipe) withDefaults() Recipe {
	for _, f := range []struct {
		field *int
		value int
	}{{&r.MaxEntities, 8}, {&r.MaxRelations, 8}, {&r.MaxLocal, 4}, {&r.GlobalChunks, 30}, {&r.CorpusRows, 5}, {&r.ExtractTokens, 1024}, {&r.MaxTokens, 384}} {
		if *f.field == 0 {
			*f.field = f.value
		}
		*f.field = max(*f.field, 0)
	}
	return r
}

// Estimate is the most that the caps allow: what a corpus holds is not known before.
func (r Recipe) Estimate(in recipe.Input) (model.Cost, error) {
	if err := in.Needs(true, false, false, true); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	if !(r.HeldOut >= 0 && r.HeldOut < 1) {
		return model.Cost{}, fmt.Errorf("ragft: %s: HeldOut is %v: it is a share below 1", r.Name(), r.HeldOut)
	}
	r = r.withDefaults()
	n := len(in.Corpus)
	written := n*(r.MaxEntities+r.MaxRelations+2*r.MaxLocal) + r.CorpusRows
	return model.Cost{Calls: n + written, Tokens: n*r.ExtractTokens + written*r.MaxTokens}, nil
}

// Rows is [Recipe.Build] without graph and probes.
func (r Recipe) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	built, err := r.Build(ctx, in)
	if err != nil {
		return nil, err
	}
	return &built.Result, nil
}

// unreadLimit is the number of replies, none of them JSON, that show that a
// model cannot list entities.
const unreadLimit = 4

// memoryBuild is the state of one Build.
type build struct {
	Recipe
	in  recipe.Input
	m   *meter.Meter
	out *Result

	asked map[string]bool // questions that the model wrote, normalised
}

// Build makes the rows. Progress counts passages, then the questions of each kind.
func (r Recipe) Build(ctx context.Context, in recipe.Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in = in.WithDefaults()
	b := &build{asked: map[string]bool{}, Recipe: r.withDefaults(), in: in, m: meter.New(in.Progress, in.Logger),
		out: &Result{Result: recipe.Result{Dropped: map[rows.DropReason]int{}}}}
	for _, step := range []func(context.Context) error{b.extract, b.global, b.corpus, b.local} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("ragft: %s: %w", r.Name(), err)
		}
	}
	b.gateProbes()
	b.out.Cost = b.m.Cost(len(b.out.Rows))
	return b.out, nil
}

// inBatches asks about items a batch at a time, and takes the replies to those
// that are not too long. check, if not nil, comes after each batch.
func (b *build) inBatches(ctx context.Context, what string, n int, request func(i int) ask, take func(i int, s model.Sample), check func() error) error {
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
				b.out.Dropped[rows.DropTooLong]++
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

// memoryAsk is a request that can show fewer passages.
type ask struct {
	system, about string
	chunks        []retriever.Chunk
	maxTokens     int
	schema        json.RawMessage
	seed          []string
}

func (b *build) request(a ask) model.Request {
	hits := make([]retriever.Hit, len(a.chunks))
	for i, c := range a.chunks {
		hits[i].Chunk = c
	}
	text := strings.TrimSpace(strings.TrimSuffix(layout.Documents("", hits), "Question: "))
	if a.about != "" {
		text += "\n\nSubject: " + a.about
	}
	return model.Request{Messages: layout.Chat(a.system, strings.TrimSpace(text)), MaxTokens: a.maxTokens, Schema: a.schema,
		Seed: seed.Derive(b.in.Seed, append([]string{b.Name()}, a.seed...)...)}
}

// chatThatFits shows half as many passages as long as they do not fit. A prompt
// that is too long with one has a response without samples.
func (b *build) chatThatFits(ctx context.Context, asks []ask) ([]model.Response, error) {
	reqs := make([]model.Request, len(asks))
	for i, a := range asks {
		reqs[i] = b.request(a)
	}
	responses, err := b.m.Chat(ctx, b.in.Model, reqs)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return responses, err
	}
	responses = make([]model.Response, len(asks))
	for i, a := range asks {
		for {
			one, err := b.m.Chat(ctx, b.in.Model, []model.Request{b.request(a)})
			if err == nil {
				responses[i] = one[0]
				break
			}
			if !errors.Is(err, model.ErrPromptTooLong) {
				return nil, err
			}
			if len(a.chunks) < 2 {
				break
			}
			a.chunks = a.chunks[:len(a.chunks)/2]
		}
	}
	return responses, nil
}

// extract has the model list entities and relations.
func (b *build) extract(ctx context.Context) error {
	g := newGraphBuilder()
	replies, last := 0, ""
	schema := extractionSchema(max(1, b.MaxEntities), max(1, b.MaxRelations))
	err := b.inBatches(ctx, "passages", len(b.in.Corpus), func(i int) ask {
		return ask{system: DefaultExtractPrompt, chunks: b.in.Corpus[i : i+1], maxTokens: b.ExtractTokens, schema: schema, seed: []string{"extract", b.in.Corpus[i].ID}}
	}, func(i int, s model.Sample) {
		g.add(i, b.in.Corpus[i], s, b.MaxEntities, b.MaxRelations)
		replies, last = replies+1, s.Text
	}, func() error {
		if unread := g.graph.Unread + g.graph.Truncated; unread == replies && unread >= unreadLimit {
			return fmt.Errorf("%w: none of the first %d replies is whole JSON (%d cut by the length limit), the last being %.80q; use a model that can write JSON, or raise Memory.ExtractTokens (now %d)",
				ErrNoEntities, unread, g.graph.Truncated, last, b.ExtractTokens)
		}
		return nil
	})
	if err != nil {
		return err
	}
	b.out.Graph = g.finish()
	if len(b.out.Graph.Entities) == 0 {
		return fmt.Errorf("%w in %d passages: %d replies unread, %d cut, %d entities whose name does not stand in the passage, %d passages longer than the model's context; use a more able model, or smaller passages",
			ErrNoEntities, len(b.in.Corpus), b.out.Graph.Unread, b.out.Graph.Truncated, b.out.Graph.Invented, b.out.Dropped[rows.DropTooLong])
	}
	return nil
}

// memorySubject is an entity or a relation.
type memorySubject struct {
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

func (b *build) subjects() []memorySubject {
	var all []memorySubject
	for i, e := range b.out.Graph.Entities {
		all = append(all, memorySubject{fmt.Sprint("entity/", i+1), e.Name, "memory/entity", b.worded(entityQuestions, e.Name), e.Descriptions, e.Chunks})
	}
	for i, r := range b.out.Graph.Relations {
		all = append(all, memorySubject{fmt.Sprint("relation/", i+1), r.Source + " and " + r.Target, "memory/relation",
			b.worded(relationQuestions, r.Source, r.Target), r.Descriptions, r.Chunks})
	}
	return all
}

func (b *build) global(ctx context.Context) error {
	subjects := b.subjects()
	schema := replySchema("able", "question", "thought", "answer")
	return b.inBatches(ctx, "entities and relations", len(subjects), func(i int) ask {
		s := subjects[i]
		return ask{system: DefaultGlobalPrompt, about: s.name + ". " + strings.Join(s.descriptions, " "),
			chunks: b.chunksAt(s.places[:min(len(s.places), max(1, b.GlobalChunks))]), maxTokens: b.MaxTokens, schema: schema, seed: []string{"global", s.id}}
	}, func(i int, sample model.Sample) {
		s := subjects[i]
		b.row(s.id+"/known", s.source, s.question, strings.Join(s.descriptions, " "), s.places)
		if reply, ok := b.read(sample, true, true); ok {
			b.rowOrProbe(s.id+"/asked", s.source, reply.Question, reply, s.places, &b.out.GlobalProbes)
		}
	}, nil)
}

// mostTold are the entities that most passages tell of.
func (b *build) mostTold() []Entity {
	entities := slices.Clone(b.out.Graph.Entities)
	slices.SortStableFunc(entities, func(x, y Entity) int { return len(y.Chunks) - len(x.Chunks) })
	return entities[:min(len(entities), 40)]
}

// corpus asks about the documents as a whole, in view of the entities that most passages tell of.
func (b *build) corpus(ctx context.Context) error {
	var list []retriever.Chunk
	for _, e := range b.mostTold() {
		list = append(list, retriever.Chunk{Title: e.Name, Text: strings.Join(e.Descriptions, " ")})
	}
	schema := replySchema("able", "question", "thought", "answer")
	return b.inBatches(ctx, "the corpus", b.CorpusRows, func(i int) ask {
		// each question begins with other entities, so that greedy replies differ
		from := i * len(list) / max(1, b.CorpusRows)
		return ask{system: DefaultGlobalPrompt, about: "all these documents together", chunks: slices.Concat(list[from:], list[:from]),
			maxTokens: b.MaxTokens, schema: schema, seed: []string{"corpus", fmt.Sprint(i)}}
	}, func(i int, sample model.Sample) {
		if reply, ok := b.read(sample, true, true); ok {
			b.rowOrProbe(fmt.Sprint("corpus/", i+1), "memory/corpus", reply.Question, reply, b.everyPlace(), &b.out.GlobalProbes)
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
	g := b.out.Graph
	for place, facts := range g.local {
		var here []pair
		for _, e := range facts.entities {
			here = append(here, pair{place: place, id: fmt.Sprintf("entity/%d", e+1), name: g.Entities[e].Name})
		}
		for _, r := range facts.relations {
			here = append(here, pair{place: place, id: fmt.Sprintf("relation/%d", r+1), name: g.Relations[r].Source + " and " + g.Relations[r].Target})
		}
		slices.SortStableFunc(here, func(x, y pair) int {
			return seed.Order(b.in.Seed, "memory local", fmt.Sprint(place, x.id), fmt.Sprint(place, y.id))
		})
		pairs = append(pairs, here[:min(len(here), b.MaxLocal)]...)
	}
	var asked []pair
	schema := replySchema("able", "thought", "question")
	err := b.inBatches(ctx, "local questions", len(pairs), func(i int) ask {
		p := pairs[i]
		return ask{system: DefaultLocalQuestionPrompt, about: p.name, chunks: b.chunksAt([]int{p.place}), maxTokens: b.MaxTokens, schema: schema,
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
		return ask{system: DefaultLocalAnswerPrompt, about: layout.Indent(p.text, layout.DocumentLine), chunks: b.chunksAt([]int{p.place}), maxTokens: b.MaxTokens, schema: schema,
			seed: []string{"local answer", b.in.Corpus[p.place].ID, p.text}}
	}, func(i int, sample model.Sample) {
		reply, ok := b.read(sample, false, true)
		if !ok {
			return
		}
		p := asked[i]
		b.rowOrProbe(fmt.Sprintf("local/%d/%s", p.place+1, p.id), "memory/local", p.text, reply, []int{p.place}, &b.out.Probes)
	}, nil)
}

// memoryReply is what the model writes of a question.
type memoryReply struct {
	Able     bool   `json:"able"`
	Question string `json:"question"`
	Thought  string `json:"thought"`
	Answer   string `json:"answer"`
}

// target is thought and answer.
func (r memoryReply) target() string {
	if r.Thought == "" {
		return layout.AnswerMarker + " " + r.Answer
	}
	return r.Thought + "\n" + layout.AnswerMarker + " " + r.Answer
}

// read takes a reply apart and counts why it cannot be used.
func (b *build) read(sample model.Sample, q, a bool) (memoryReply, bool) {
	r := memoryReply{Able: true}
	reason := rows.DropReason("")
	err := json.Unmarshal([]byte(sample.Text), &r)
	r.Question, r.Thought, r.Answer = tidy(r.Question), tidy(r.Thought), tidy(r.Answer)
	switch {
	case err != nil:
		reason = DropUnread
	case !r.Able, a && answer.IsRefusal(r.Answer), q && answer.IsRefusal(r.Question):
		reason = DropUnable
	case q && len(strings.Fields(r.Question)) < 3, a && answer.Normalize(r.Answer) == "":
		reason = DropUnread
	case q && question.Contextual.MatchString(r.Question):
		reason = DropContextual
	}
	if reason != "" {
		b.out.Dropped[reason]++
	}
	return r, reason == ""
}

func (b *build) chunksAt(places []int) []retriever.Chunk {
	var chunks []retriever.Chunk
	for _, p := range places {
		chunks = append(chunks, b.in.Corpus[p])
	}
	return chunks
}

// everyPlace is where the entities are told of that a question about the corpus was written from.
func (b *build) everyPlace() []int {
	var places []int
	for _, e := range b.mostTold() {
		places = append(places, e.Chunks...)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// rowOrProbe adds a row, or, for the share that is held out, a probe. The
// wording decides, so that a question is never both. A question that was written
// before is left out: it would teach two answers.
func (b *build) rowOrProbe(id, source, q string, reply memoryReply, places []int, probes *[]question.Question) {
	asked := answer.Normalize(q)
	if b.asked[asked] {
		b.out.Dropped[recipe.DropDuplicate]++
		return
	}
	b.asked[asked] = true
	if float64(seed.Derive(b.in.Seed, "memory probe", answer.Normalize(q))>>11)/(1<<53) < b.HeldOut {
		b.out.Dropped[DropHeldOut]++
		*probes = append(*probes, question.Question{ID: id, Question: q, Answer: reply.Answer})
		return
	}
	b.row(id, source, q, reply.target(), places)
}

// gateProbes leaves out the probes that a row asks as well.
func (b *build) gateProbes() {
	for _, probes := range []*[]question.Question{&b.out.Probes, &b.out.GlobalProbes} {
		leaked := rows.SplitProbes(*probes, b.out.Rows, question.LeakOptions{}).Leaked
		if len(leaked) == 0 {
			continue
		}
		*probes = slices.DeleteFunc(*probes, func(q question.Question) bool {
			return slices.ContainsFunc(leaked, func(l question.Question) bool { return l.ID == q.ID })
		})
		b.out.Dropped[DropHeldOut] -= len(leaked)
		b.out.Dropped[DropLeaked] += len(leaked)
	}
}

// row adds a row with the closed prompt.
func (b *build) row(id, source, question, target string, places []int) {
	var refs []rows.ChunkRef
	for _, c := range b.chunksAt(places) {
		refs = append(refs, rows.ChunkRef{ID: c.ID, Source: c.Source, Start: c.Start, End: c.End})
	}
	b.out.Rows = append(b.out.Rows, rows.Row{
		ID: b.Name() + "/" + id, Kind: rows.KindClosed, Source: source,
		Messages:   append(b.in.Prompts.ClosedMessages(question), model.Message{Role: model.RoleAssistant, Content: target}),
		QuestionID: b.Name() + "/" + id, Question: question, Context: answer.Absent, Chunks: refs, Provenance: b.in.Provenance(b.Recipe, b.in.Model),
	})
}
