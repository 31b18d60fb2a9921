package recipe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/meter"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/seed"
	"github.com/ragft/ragft/internal/sentences"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// WhenAbsent says what [RAFT] teaches where the passage with the answer is not shown.
type WhenAbsent string

// The choices. The paper teaches the reference answer, from memory; that
// contradicts abstaining, so it is not the default here.
const (
	AbsentRefuse WhenAbsent = "refuse" // RAFT.Refusal
	AbsentGold   WhenAbsent = "gold"   // the reference answer, without a quote, as the paper does
	AbsentSelf   WhenAbsent = "self"   // a refusal in the model's own words
)

// RAFT is retrieval-augmented fine-tuning (arXiv 2403.10131): each question
// with the passage that answers it, the oracle, among distractors that the
// search finds for it; in a share of the rows the oracle is left out. The
// target quotes the oracle word for word and then answers:
//
//	The document says: "The mill is run by Mara Venn."
//	Answer: Mara Venn
//
// [answer.Final] takes the answer out again. The oracle is the best passage with a
// sentence that holds the answer, among those of RecipeInput.Evidence if there is
// one. Where [question.Question].Evidence names the passages, since no words tell, it is one
// of those, and the quote their sentence nearest to question and answer, by token
// F1. It needs Search and Questions, and Model where Reason is set or WhenAbsent is
// AbsentSelf. What does not fit into its context then costs each row its last
// distractors, or, where they do not suffice, drops the row. A model that cannot
// count tokens is asked what fits, and with AbsentSelf, once it refused a prompt,
// about the rows with the oracle as well, so that one rule cuts both; without
// AbsentSelf it is shown the oracle alone, and only rows whose oracle is too long
// for it are dropped. Passages of like length leave as many in both kinds of row; a
// distractor that alone is too long leaves one more where the oracle goes before it.
type RAFT struct {
	OracleShare float64    // rows that show the oracle, of those with one; 0 = 0.8, as in the paper, negative = none
	Distractors int        // passages without the answer; 0 = 3, negative = none
	WhenAbsent  WhenAbsent // "" = AbsentRefuse
	Refusal     string     // "" = [DefaultRefusal]
	// DropRefusals leaves out the questions for which Refusal would be taught.
	DropRefusals bool

	// Reason lets the model write the way from the passage to the answer. What
	// it writes is taken if it holds a sentence of the oracle word for word and
	// the answer; otherwise the row quotes the sentence with the answer.
	Reason    bool
	MaxTokens int // of the reasoning, and of a refusal; 0 = 128
}

// DefaultRefusal is what recipes without a model teach for "I do not know".
const DefaultRefusal = "Sorry, the documents do not say."

// DefaultReasonPrompt is the system message with which [RAFT] asks for reasoning.
const DefaultReasonPrompt = "Show how the document answers the question: quote the sentence that says it, word for word and in quotation marks, and end with the answer."

// DropNoOracle: no passage among the first fifty has a sentence with the answer,
// or with one of its parts, or none is of [question.Question].Evidence.
const DropNoOracle rows.DropReason = "no-oracle"

// Name is "raft".
func (RAFT) Name() string { return "raft" }

func (r RAFT) withDefaults() RAFT {
	if r.OracleShare == 0 {
		r.OracleShare = 0.8
	}
	r.OracleShare = max(r.OracleShare, 0)
	if r.Distractors == 0 {
		r.Distractors = 3
	}
	r.Distractors = max(r.Distractors, 0)
	if r.WhenAbsent == "" {
		r.WhenAbsent = AbsentRefuse
	}
	if r.Refusal == "" {
		r.Refusal = DefaultRefusal
	}
	if r.MaxTokens <= 0 {
		r.MaxTokens = 128
	}
	return r
}

// generates tells whether the model takes part.
func (r RAFT) generates() bool { return r.Reason || r.WhenAbsent == AbsentSelf }

// Estimate is one call a question where the model takes part, two where it may
// have to be asked what fits beside what it writes.
func (r RAFT) Estimate(in Input) (model.Cost, error) {
	r = r.withDefaults()
	if err := in.Needs(r.generates(), true, true, false); err != nil {
		return model.Cost{}, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	if !(r.OracleShare <= 1) {
		return model.Cost{}, fmt.Errorf("ragft: %s: OracleShare is %v: it is a share from 0 to 1", r.Name(), r.OracleShare)
	}
	switch r.WhenAbsent {
	case AbsentRefuse, AbsentGold, AbsentSelf:
	default:
		return model.Cost{}, fmt.Errorf("ragft: %s: WhenAbsent is %q: it is %s, %s or %s", r.Name(), r.WhenAbsent, AbsentRefuse, AbsentGold, AbsentSelf)
	}
	c := model.Cost{}
	if r.generates() {
		c.Calls = len(in.Questions)
		if _, counts := model.As[model.TokenCounter](in.Model); r.Reason && r.WhenAbsent == AbsentSelf && !counts {
			c.Calls *= 2
		}
		c.Tokens = c.Calls * r.MaxTokens
	}
	return c, nil
}

// raftDraft is a row on its way; ask is what the model is asked for it, if anything.
type raftDraft struct {
	question question.Question
	shown    []retriever.Hit // oracles first; the row has them in the order of rng
	least    int             // of shown: fewer drop the row
	rng      rand.PCG
	refused  bool // the prompt with all passages was too long for the model
	row      rows.Row
	oracles  []oracle // shown; none = absent
	ask      []model.Message
	drop     rows.DropReason
}

// oracle is a passage with the sentence that answers a question, or a part of it.
type oracle struct {
	hit      retriever.Hit
	sentence string
}

// Rows makes one row a question.
func (r RAFT) Rows(ctx context.Context, in Input) (*Result, error) {
	if _, err := r.Estimate(in); err != nil {
		return nil, err
	}
	in, r = in.WithDefaults(), r.withDefaults()
	m := meter.New(in.Progress, in.Logger)
	out := &Result{Dropped: map[rows.DropReason]int{}}
	var all []*raftDraft
	for len(all) < len(in.Questions) {
		batch := in.Questions[len(all):min(len(all)+in.Batch, len(in.Questions))]
		drafts := make([]*raftDraft, len(batch))
		for i, q := range batch {
			var err error
			if drafts[i], err = r.draft(ctx, in, q); err != nil {
				return nil, err
			}
		}
		if err := r.generateThatFits(ctx, in, m, drafts); err != nil {
			return nil, fmt.Errorf("ragft: %s: questions %s to %s: %w", r.Name(), batch[0].ID, batch[len(batch)-1].ID, err)
		}
		all = append(all, drafts...)
		m.Report(r.Name(), len(all), len(in.Questions), accepted(all))
	}
	if err := r.fitAlike(ctx, in, m, all); err != nil {
		return nil, fmt.Errorf("ragft: %s: %w", r.Name(), err)
	}
	for _, d := range all {
		if d.drop != "" {
			out.Dropped[d.drop]++
			continue
		}
		out.Rows = append(out.Rows, d.row)
	}
	out.Cost = m.Cost(len(out.Rows))
	return out, nil
}

// draft finds the passages of a question and the target as far as it needs no
// model. As many passages are shown with the oracle as without, so that their
// number gives nothing away.
func (r RAFT) draft(ctx context.Context, in Input, q question.Question) (*raftDraft, error) {
	found, err := in.Search.Search(ctx, q.Question, reading.EvidenceDepth)
	if err != nil {
		return nil, fmt.Errorf("ragft: %s: search for question %s: %w", r.Name(), q.ID, err)
	}
	d := &raftDraft{question: q}
	var named, others []retriever.Hit
	given := question.Question{Evidence: question.HitTexts(in.Evidence[q.ID])}
	for _, hit := range found {
		if given.IsEvidence(hit) {
			named = append(named, hit)
		} else {
			others = append(others, hit)
		}
	}
	oracles := oraclesOf(q, slices.Concat(named, others))
	answerable := len(q.Golds()) > 0
	if answerable && len(oracles) == 0 {
		d.drop = DropNoOracle
		return d, nil
	}
	d.rng.Seed(seed.Derive(in.Seed, "raft", q.ID), in.Seed)
	if answerable && rand.New(&d.rng).Float64() < r.OracleShare {
		d.oracles = oracles
	}
	shown := oracleHits(d.oracles)
	total := r.Distractors + 1
	if answerable {
		total = r.Distractors + len(oracleHits(oracles))
	}
	for _, hit := range others {
		if len(shown) < total && !question.HoldsPart(hit, q) {
			shown = append(shown, hit)
		}
	}
	d.least = min(len(shown), max(1, len(oracleHits(d.oracles))))
	if r.generates() {
		if shown, err = r.fit(in, q, shown); err != nil {
			return nil, fmt.Errorf("ragft: %s: question %s: %w", r.Name(), q.ID, err)
		}
		if len(shown) < d.least {
			d.drop = rows.DropTooLong
			return d, nil
		}
	}
	r.show(in, d, shown)
	return d, nil
}

// show makes the row of a draft with these passages, and the target as far as it
// needs no model.
func (r RAFT) show(in Input, d *raftDraft, hits []retriever.Hit) {
	q, answerable := d.question, len(d.question.Golds()) > 0
	d.shown = hits
	shown, rng := slices.Clone(hits), d.rng // a copy: as many passages have the same order each time
	rand.New(&rng).Shuffle(len(shown), func(i, j int) { shown[i], shown[j] = shown[j], shown[i] })
	d.row = rows.Row{
		ID: q.ID + "/" + r.Name(), Source: r.Name(), Messages: q.ReadMessages(in.Prompts, shown),
		QuestionID: q.ID, Question: q.Question, Golds: q.Golds(), Context: question.LabelContext(q, shown),
		Chunks: rows.ChunkRefs(shown), Provenance: in.Provenance(r, nil),
	}
	switch {
	case d.oracles != nil:
		d.target(rows.KindAnswer, quoteTarget(q, d.oracles))
		if r.Reason {
			reason := layout.Chat(DefaultReasonPrompt, layout.Documents(q.Question, oracleHits(d.oracles))+"\n\nThe answer is: "+layout.Indent(q.Answer, layout.JudgeLine))
			d.ask = layout.WithHistory(reason, q.History)
		}
	case r.WhenAbsent == AbsentGold && answerable:
		d.target(rows.KindAnswer, layout.AnswerMarker+" "+q.Answer)
	case r.WhenAbsent == AbsentSelf:
		d.ask = q.RefuseMessages(in.Prompts, shown)
	case r.DropRefusals && answerable:
		d.drop = rows.DropNoRefusal
	case r.DropRefusals:
		d.drop = rows.DropUnanswerable
	default:
		d.target(rows.KindRefusal, r.Refusal)
	}
}

// fit leaves out the last passages where the model is asked, in a row with the
// oracle as in one without, see [RAFT] for what their number then tells.
func (r RAFT) fit(in Input, q question.Question, hits []retriever.Hit) ([]retriever.Hit, error) {
	hits, err := reading.Fit(in.Model, r.MaxTokens, func(hits []retriever.Hit) []model.Message { return q.ReadMessages(in.Prompts, hits) }, hits)
	if err == nil && r.WhenAbsent == AbsentSelf {
		hits, err = reading.Fit(in.Model, r.MaxTokens, func(hits []retriever.Hit) []model.Message { return q.RefuseMessages(in.Prompts, hits) }, hits)
	}
	return hits, err
}

// oraclesOf finds the best passage of which a sentence holds the answer; of an
// answer in parts one for each. None is found where one is missing.
func oraclesOf(q question.Question, found []retriever.Hit) []oracle {
	if len(q.Evidence) > 0 {
		return nearestEvidence(q, found)
	}
	parts := q.Parts
	if len(parts) == 0 {
		parts = [][]string{q.Golds()}
	}
	var oracles []oracle
	for _, part := range parts {
		at := slices.IndexFunc(found, func(hit retriever.Hit) bool { return sentenceWith(hit.Text, part) != "" })
		if at < 0 {
			return nil
		}
		one := oracle{found[at], sentenceWith(found[at].Text, part)}
		if !slices.ContainsFunc(oracles, func(o oracle) bool { return o.hit.ID == one.hit.ID && o.sentence == one.sentence }) {
			oracles = append(oracles, one)
		}
	}
	return oracles
}

// nearestEvidence finds the passage of the question's evidence with the sentence
// that is nearest to question and answer.
func nearestEvidence(q question.Question, found []retriever.Hit) []oracle {
	var nearest []oracle
	best := -1.0
	for _, hit := range found {
		if !q.IsEvidence(hit) {
			continue
		}
		for _, s := range sentences.Split(hit.Text) {
			if f := answer.F1(s.Text, []string{q.Question + " " + q.Answer}); f > best {
				best, nearest = f, []oracle{{hit, strings.Join(strings.Fields(s.Text), " ")}}
			}
		}
	}
	return nearest
}

// sentenceWith returns the first sentence that holds one of the answers, its
// white space made single; "" = none.
func sentenceWith(text string, golds []string) string {
	if !answer.Contains(text, golds) {
		return ""
	}
	for _, s := range sentences.Split(text) {
		if answer.Contains(s.Text, golds) {
			return strings.Join(strings.Fields(s.Text), " ")
		}
	}
	return ""
}

// oracleHits are the passages of oracles, once each.
func oracleHits(oracles []oracle) []retriever.Hit {
	var hits []retriever.Hit
	for _, o := range oracles {
		if !slices.ContainsFunc(hits, func(hit retriever.Hit) bool { return hit.ID == o.hit.ID }) {
			hits = append(hits, o.hit)
		}
	}
	return hits
}

// target ends the row.
func (d *raftDraft) target(kind rows.Kind, text string) {
	prompt := d.row.Messages
	if n := len(prompt); prompt[n-1].Role == model.RoleAssistant {
		prompt = prompt[:n-1]
	}
	d.row.Kind, d.row.Messages = kind, append(slices.Clip(prompt), model.Message{Role: model.RoleAssistant, Content: text})
}

// quoteTarget quotes the sentences that hold the answer, quotation marks within
// them as single ones, and answers.
func quoteTarget(q question.Question, oracles []oracle) string {
	var b strings.Builder
	for _, o := range oracles {
		b.WriteString(`The document says: "` + strings.ReplaceAll(o.sentence, `"`, "'") + "\"\n")
	}
	return b.String() + layout.AnswerMarker + " " + q.Answer
}

// generateThatFits is generate, with fewer passages where the model refuses a
// prompt as too long. Which these are shows only one by one.
func (r RAFT) generateThatFits(ctx context.Context, in Input, m *meter.Meter, drafts []*raftDraft) error {
	err := r.generate(ctx, in, m, drafts)
	if !errors.Is(err, model.ErrPromptTooLong) {
		return err
	}
	for _, d := range drafts {
		one := func() error { return r.generate(ctx, in, m, []*raftDraft{d}) }
		if d.oracles == nil {
			err = r.shorten(in, d, one)
		} else if err = one(); errors.Is(err, model.ErrPromptTooLong) { // the oracle alone
			d.drop, err = rows.DropTooLong, nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shorten leaves out the last passages of a draft, or the draft where too few
// are left, until the model does not refuse what is asked with them.
func (r RAFT) shorten(in Input, d *raftDraft, ask func() error) error {
	for {
		if err := ask(); !errors.Is(err, model.ErrPromptTooLong) {
			return err
		}
		d.refused = true
		if len(d.shown) <= d.least {
			d.drop = rows.DropTooLong
			return nil
		}
		r.show(in, d, d.shown[:len(d.shown)-1])
	}
}

// fitAlike asks about the rows with the oracle what was asked about those
// without, if any of these was refused as too long: its shorter rows would give
// the oracle away.
func (r RAFT) fitAlike(ctx context.Context, in Input, m *meter.Meter, all []*raftDraft) error {
	if !slices.ContainsFunc(all, func(d *raftDraft) bool { return d.refused }) {
		return nil
	}
	with := slices.DeleteFunc(slices.Clone(all), func(d *raftDraft) bool { return d.oracles == nil || d.drop != "" })
	ask := func(drafts ...*raftDraft) error {
		reqs := make([]model.Request, len(drafts))
		for i, d := range drafts {
			reqs[i] = model.Request{Messages: d.question.RefuseMessages(in.Prompts, d.shown), MaxTokens: r.MaxTokens}
		}
		_, err := m.Chat(ctx, in.Model, reqs)
		return err
	}
	for done := 0; done < len(with); {
		batch := with[done:min(done+in.Batch, len(with))]
		err := ask(batch...)
		if errors.Is(err, model.ErrPromptTooLong) {
			for _, d := range batch {
				target, provenance := d.row.Response(), d.row.Provenance
				if err = r.shorten(in, d, func() error { return ask(d) }); err != nil {
					break
				}
				d.target(rows.KindAnswer, target) // which making the row again has replaced
				d.row.Provenance = provenance
			}
		}
		if err != nil {
			return fmt.Errorf("what fits beside the oracle: questions %s to %s: %w", batch[0].question.ID, batch[len(batch)-1].question.ID, err)
		}
		done += len(batch)
		m.Report(r.Name()+": what fits beside the oracle", done, len(with), accepted(all))
	}
	return nil
}

// accepted counts the drafts that are not dropped.
func accepted(drafts []*raftDraft) (n int) {
	for _, d := range drafts {
		if d.drop == "" {
			n++
		}
	}
	return n
}

// generate asks the model for what the drafts leave to it.
func (r RAFT) generate(ctx context.Context, in Input, m *meter.Meter, drafts []*raftDraft) error {
	var reqs []model.Request
	var of []int
	for i, d := range drafts {
		if d.ask != nil {
			reqs = append(reqs, model.Request{Messages: d.ask, MaxTokens: r.MaxTokens})
			of = append(of, i)
		}
	}
	if len(reqs) == 0 {
		return nil
	}
	responses, err := m.Chat(ctx, in.Model, reqs)
	if err != nil {
		return err
	}
	for k, response := range responses {
		d, text := drafts[of[k]], strings.TrimSpace(response.Samples[0].Text)
		switch {
		case d.oracles == nil && answer.IsRefusal(text):
			d.target(rows.KindRefusal, text)
			d.row.Provenance = in.Provenance(r, in.Model)
		case d.oracles == nil:
			d.drop = rows.DropNoRefusal
		case !response.Samples[0].Truncated && d.question.In(text) && slices.ContainsFunc(oracleHits(d.oracles), func(hit retriever.Hit) bool { return quotes(text, hit) }):
			d.target(rows.KindAnswer, text+"\n"+layout.AnswerMarker+" "+d.question.Answer)
			d.row.Provenance = in.Provenance(r, in.Model)
		}
	}
	return nil
}

// quotes tells whether the text holds a sentence of the passage word for word.
func quotes(text string, hit retriever.Hit) bool {
	text = strings.Join(strings.Fields(text), " ")
	return slices.ContainsFunc(sentences.Split(hit.Text), func(s retriever.Chunk) bool {
		sentence := strings.Join(strings.Fields(s.Text), " ")
		return len(strings.Fields(sentence)) >= 4 && strings.Contains(text, strings.TrimRight(sentence, ".!? "))
	})
}
