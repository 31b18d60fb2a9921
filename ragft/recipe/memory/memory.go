package memory

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/words"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/recipe"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// Recipe makes rows with which a model answers from the question alone, both
// about single facts and about the documents as a whole: RAG-Tuned-LLM
// (arXiv 2503.16071). The model lists entities and relations of each passage,
// under a JSON Schema; they are merged over the passages; and rows are made of
//
//   - each entity and each relation: a fixed question with its descriptions as
//     answer, and one that the model writes and answers with the passages in view;
//   - the corpus: questions that the model writes with the entities in view that
//     most passages mention;
//   - each passage with each of its entities and relations, up to a limit: a
//     question about it, then thought and answer.
//
// Prompts are closed. Targets that the model writes end as those of [recipe.RAFT]
// do, see [answer.Final]; those of the fixed questions are descriptions alone.
// Unlike in the published code, what the model says it cannot write is left out.
// It needs Model and Corpus. Sources of the rows are "memory/entity",
// "memory/relation", "memory/corpus" and "memory/local".
//
// Besides those of [recipe.Result], what gave no row is dropped as "unable" (the
// model said so, or declined), "unread" (no JSON, or without question or answer),
// "contextual" (the question speaks of "the document"), "held-out" (it became a
// probe) and "leaked" (it would have become a probe, but a row asks nearly the
// same).
type Recipe struct {
	MaxEntities  int            // of a passage; 0 = 8
	MaxRelations opt.Value[int] // of a passage; unset = 8
	MaxLocal     opt.Value[int] // entities and relations of a passage that are asked about; unset = 4
	GlobalChunks int            // passages shown for an entity or a relation, as many as fit; 0 = 30
	CorpusRows   opt.Value[int] // questions about the corpus; unset = 5

	// HeldOut is the share of the questions written by the model that become
	// probes instead of rows, in [0, 1). 0 = none. Other rows may tell the answer,
	// such as those about the entity, see [rows.Taught].
	HeldOut float64

	ExtractTokens int // limit for entities and relations; 0 = 1024
	MaxTokens     int // limit for a question with its answer; 0 = 384
}

// Result is what [Recipe.Build] made.
type Result struct {
	recipe.Result
	// Probes are questions about single facts that no row asks, for a closed-book
	// evaluation, in a group for each passage; GlobalProbes are such questions about
	// an entity, a relation or the corpus.
	Probes, GlobalProbes []question.Question

	graph *graph
}

// Name is "memory".
func (Recipe) Name() string { return "memory" }

func (r Recipe) withDefaults() Recipe {
	r.MaxEntities, r.GlobalChunks = cmp.Or(r.MaxEntities, 8), cmp.Or(r.GlobalChunks, 30)
	r.ExtractTokens, r.MaxTokens = cmp.Or(r.ExtractTokens, 1024), cmp.Or(r.MaxTokens, 384)
	r.MaxRelations, r.MaxLocal, r.CorpusRows = opt.Of(r.MaxRelations.Or(8)), opt.Of(r.MaxLocal.Or(4)), opt.Of(r.CorpusRows.Or(5))
	return r
}

func (r Recipe) options() map[string]any {
	return map[string]any{
		"MaxEntities": r.MaxEntities, "MaxRelations": r.MaxRelations.Or(0), "MaxLocal": r.MaxLocal.Or(0), "GlobalChunks": r.GlobalChunks,
		"CorpusRows": r.CorpusRows.Or(0), "HeldOut": r.HeldOut, "ExtractTokens": r.ExtractTokens, "MaxTokens": r.MaxTokens,
	}
}

func (r Recipe) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"MaxEntities", r.MaxEntities}, {"MaxRelations", r.MaxRelations.Or(0)}, {"MaxLocal", r.MaxLocal.Or(0)}, {"GlobalChunks", r.GlobalChunks},
		{"CorpusRows", r.CorpusRows.Or(0)}, {"ExtractTokens", r.ExtractTokens}, {"MaxTokens", r.MaxTokens}} {
		if f.value < 0 {
			return fmt.Errorf("%s is %d: it cannot be negative", f.name, f.value)
		}
	}
	if !(r.HeldOut >= 0 && r.HeldOut < 1) {
		return fmt.Errorf("HeldOut is %v: it is a share below 1", r.HeldOut)
	}
	return nil
}

// Estimate is the most that the limits allow: what a corpus holds is not known
// before.
func (r Recipe) Estimate(in recipe.Input) (model.Cost, error) {
	if err := cmp.Or(in.NeedModel(), in.NeedCorpus(), r.check()); err != nil {
		return model.Cost{}, fmt.Errorf("%s: %w", r.Name(), err)
	}
	r = r.withDefaults()
	n := len(in.Corpus)
	written := n*(r.MaxEntities+r.MaxRelations.Or(0)+2*r.MaxLocal.Or(0)) + r.CorpusRows.Or(0)
	return model.Cost{Calls: n + written, Tokens: n*r.ExtractTokens + written*r.MaxTokens}, nil
}

// Rows is [Recipe.Build] without the probes.
func (r Recipe) Rows(ctx context.Context, in recipe.Input) (*recipe.Result, error) {
	built, err := r.Build(ctx, in)
	if err != nil {
		return nil, err
	}
	return &built.Result, nil
}

// build is one run of [Recipe.Build].
type build struct {
	Recipe
	in         recipe.Input
	m          *meter.Meter
	out        *Result
	provenance rows.Provenance

	asked map[string]bool // the fixed questions, and those that the model wrote, normalised
}

// Build makes the rows, and probes. Progress counts passages, then the questions
// of each kind.
func (r Recipe) Build(ctx context.Context, in recipe.Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	b := &build{asked: map[string]bool{}, Recipe: r, in: in, m: meter.New(in.Progress, in.Logger),
		out: &Result{Result: recipe.Result{Dropped: map[string]int{}}}, provenance: in.Provenance(r.options(), in.Model)}
	for _, step := range []func(context.Context) error{b.extract, b.global, b.corpus, b.local} {
		if err := step(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name(), err)
		}
	}
	b.dropLeakedProbes()
	b.out.Cost = b.m.Cost(len(b.out.Rows))
	return b.out, nil
}

// reply is what the model writes about a question.
type reply struct {
	Able     bool   `json:"able"`
	Question string `json:"question"`
	Thought  string `json:"thought"`
	Answer   string `json:"answer"`
}

// target is thought and answer.
func (r reply) target() string {
	if r.Thought == "" {
		return layout.AnswerMarker + " " + r.Answer
	}
	return r.Thought + "\n" + layout.AnswerMarker + " " + r.Answer
}

// read parses a reply, and counts it by the reason if it cannot be used.
func (b *build) read(sample model.Sample, q, a bool) (reply, bool) {
	r := reply{Able: true}
	reason := ""
	err := json.Unmarshal([]byte(sample.Text), &r)
	r.Question, r.Thought, r.Answer = oneLine(r.Question), oneLine(r.Thought), oneLine(r.Answer)
	switch {
	case err != nil:
		reason = "unread"
	case !r.Able, a && answer.IsRefusal(r.Answer), q && answer.IsRefusal(r.Question):
		reason = "unable"
	case q && words.Count(r.Question) < 3, a && answer.Normalize(r.Answer) == "":
		reason = "unread"
	case q && layout.Contextual.MatchString(r.Question):
		reason = "contextual"
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

// everyPlace lists the passages that mention the entities shown for questions
// about the corpus.
func (b *build) everyPlace() []int {
	var places []int
	for _, e := range b.mostMentioned() {
		places = append(places, e.chunks...)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// rowOrProbe adds a row or, for the share that is held out, a probe. The wording
// decides, so that a question is never both. A question that was written before
// is left out, and so is a fixed one: it would teach two answers. group is that of a probe.
func (b *build) rowOrProbe(id, source, q, group string, reply reply, places []int, probes *[]question.Question) {
	asked := answer.Normalize(q)
	if b.asked[asked] {
		b.out.Dropped["duplicate"]++
		return
	}
	b.asked[asked] = true
	if seed.Uniform(b.in.Seed, "memory probe", asked) < b.HeldOut {
		b.out.Dropped["held-out"]++
		*probes = append(*probes, question.Question{ID: id, Question: q, Answer: reply.Answer, Group: group})
		return
	}
	b.row(id, source, q, reply.target(), places)
}

// dropLeakedProbes leaves out the probes that a row asks as well.
func (b *build) dropLeakedProbes() {
	for _, probes := range []*[]question.Question{&b.out.Probes, &b.out.GlobalProbes} {
		_, _, leaked := rows.Taught(*probes, b.out.Rows, question.LeakOptions{})
		if len(leaked) == 0 {
			continue
		}
		*probes = slices.DeleteFunc(*probes, func(q question.Question) bool {
			return slices.ContainsFunc(leaked, func(l question.Question) bool { return l.ID == q.ID })
		})
		b.out.Dropped["held-out"] -= len(leaked)
		b.out.Dropped["leaked"] += len(leaked)
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
		QuestionID: b.Name() + "/" + id, Question: question, Context: answer.Absent, Chunks: refs, Provenance: b.provenance,
	})
}
