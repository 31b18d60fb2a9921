package question

import (
	"context"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
)

// write makes a question for each answer: rules make some, and if they cannot, the model completes given beginnings. Of those
// with good wording, the one that the model finds likeliest is used.
func (c *composer) write(ctx context.Context, drafts []*draft) ([]*draft, error) {
	var reqs []model.Request
	var of []int
	var begins []string
	options := make([][]string, len(drafts))
	reasons := make([]string, len(drafts))
	for i, d := range drafts {
		for _, q := range ruled(d.candidate) {
			c.offer(d, q, &options[i], &reasons[i])
		}
		if d.ruled = len(options[i]) > 0; d.ruled {
			continue // they are true to the sentence, which a small model's are often not
		}
		begin := starts(d.candidate)
		if !c.begins {
			begin = []string{""}
		}
		for _, b := range begin {
			reqs = append(reqs, model.Request{Messages: writeMessages(d.chunk, d.candidate), Begin: b, Stop: []string{"?", "\n"},
				MaxTokens: c.MaxTokens})
			of, begins = append(of, i), append(begins, b)
		}
	}
	var responses []model.Response
	if len(reqs) > 0 {
		var err error
		if responses, err = c.meter.Chat(ctx, c.model, reqs); err != nil {
			return nil, err
		}
	}
	for k, response := range responses {
		i, sample := of[k], response.Samples[0]
		if sample.Truncated {
			reasons[i] = "truncated"
			continue
		}
		question := completed(begins[k], sample.Text)
		if drafts[i].located && asksPerson.MatchString(question) {
			reasons[i] = "wrong-kind"
			continue
		}
		c.offer(drafts[i], question, &options[i], &reasons[i])
	}
	drafts, err := c.likeliest(ctx, drafts, options, reasons)
	if err != nil {
		return nil, err
	}
	return c.clear(ctx, drafts)
}

// completed is the question that the model made of a beginning.
func completed(begin, text string) string {
	if begin == "" {
		text = strings.TrimSpace(text)
		for _, label := range []string{"**Question:**", "Question:"} {
			text = strings.TrimPrefix(text, label)
		}
	}
	text = strings.Join(strings.Fields(begin+" "+text), " ")
	text = strings.NewReplacer(" 's ", "'s ", " ’s ", "’s ", " ,", ",").Replace(text)
	if text = strings.TrimRight(text, ` ."?`); strings.Count(text, `"`)%2 == 1 {
		text += `"`
	}
	return text + "?"
}

// offer adds a question to the options of an answer, if its wording is good.
func (c *composer) offer(d *draft, question string, options *[]string, reason *string) {
	question = strings.Join(strings.Fields(question), " ")
	if bad := badWording(question, d.candidate, d.chunk); bad != "" {
		*reason = bad
		return
	}
	*options = append(*options, question)
}

// likeliest takes, of the questions for each answer, the one that the model finds likeliest after sentence and answer.
func (c *composer) likeliest(ctx context.Context, drafts []*draft, options [][]string, reasons []string) ([]*draft, error) {
	var left []*draft
	var completions []model.Completion
	for i, d := range drafts {
		if len(options[i]) == 0 {
			c.reject(reasons[i])
			continue
		}
		left = append(left, d)
		d.question = options[i][0]
		for _, q := range options[i] {
			completions = append(completions, model.Completion{Messages: writeMessages(d.chunk, d.candidate), Response: q})
		}
	}
	if c.scorer == nil || len(completions) == 0 {
		return left, nil
	}
	scores, err := c.scorer.Score(ctx, completions)
	if err != nil {
		return nil, err
	}
	k := 0
	for i, d := range drafts {
		for j, q := range options[i] {
			if mean := scores[k].Sum / float64(scores[k].Tokens); j == 0 || mean > d.score {
				d.question, d.score = q, mean
			}
			k++
		}
	}
	return left, nil
}

// least is by how many nats the passage must make an answer likelier if the model's own answer does not contain it. If the
// model wrote the question, it must also be the likeliest answer of the passage, and a time or an amount. Questions made by
// rules need neither: they are true to their sentence.
const least = 1.0

// muchSaid is the number of content words that make a question clear without a name, among others that have one.
const muchSaid = 5

// clear drops questions that could be about another passage. Of those without a name or number, these are the ones for which the
// search does not find their passage first, and, where most questions have a name, those that say little.
func (c *composer) clear(ctx context.Context, drafts []*draft) ([]*draft, error) {
	if c.Searcher == nil {
		return drafts, nil
	}
	named := 0
	for _, d := range drafts {
		if names(d.question) {
			named++
		}
	}
	var kept []*draft
	for _, d := range drafts {
		if !names(d.question) {
			hits, err := c.Searcher.Search(ctx, d.question, 1)
			if err != nil {
				return nil, err
			}
			little := 2*named > len(drafts) && len(contentWords(d.question)) < muchSaid
			if little || len(hits) == 0 || hits[0].ID != d.chunk.ID {
				c.reject("vague")
				continue
			}
		}
		kept = append(kept, d)
	}
	return kept, nil
}

// names reports that a question has a name or a number.
func names(question string) bool {
	return midCapital.MatchString(question) || anyNumber.MatchString(question)
}

// readable keeps the questions whose answer the model finds in the passage.
func (c *composer) readable(ctx context.Context, drafts []*draft) ([]*draft, error) {
	reqs := make([]model.Request, len(drafts))
	for i, d := range drafts {
		reqs[i] = model.Request{Messages: readMessages(d.chunk, d.question), MaxTokens: readTokens, Stop: []string{"\n"}}
	}
	responses, err := c.meter.Chat(ctx, c.model, reqs)
	if err != nil {
		return nil, err
	}
	var left, unsure []*draft
	for i, d := range drafts {
		d.read = answer.Contains(responses[i].Samples[0].Text, []string{d.text})
		if !d.read {
			unsure = append(unsure, d)
		}
	}
	if err := c.weigh(ctx, unsure); err != nil {
		return nil, err
	}
	for _, d := range drafts {
		if !d.read && (d.support < least || !d.ruled && !measured(d.kind)) {
			c.reject("not-read")
			continue
		}
		left = append(left, d)
	}
	return left, nil
}

// measured reports a kind of answer that a sentence rarely has twice, so that the question is rarely about another one. With
// names, a small model mixes up who did what.
func measured(k kind) bool { return k != name && k != phrase && k != quoted }

// weigh measures how much likelier the passage makes an answer; an answer of the passage that is likelier still makes it 0.
func (c *composer) weigh(ctx context.Context, drafts []*draft) error {
	if c.scorer == nil || len(drafts) == 0 {
		return nil
	}
	var completions []model.Completion
	var counts []int
	for _, d := range drafts {
		all := []string{d.text}
		if !d.ruled {
			all = append(all, c.rivals(d)...)
		}
		counts = append(counts, len(all))
		for _, text := range all {
			completions = append(completions, model.Completion{Messages: readMessages(d.chunk, d.question), Response: text})
		}
		completions = append(completions, model.Completion{Messages: closedMessages(d.question), Response: d.text})
	}
	scores, err := c.scorer.Score(ctx, completions)
	if err != nil {
		return err
	}
	k := 0
	for i, d := range drafts {
		own := scores[k]
		d.support = own.Sum - scores[k+counts[i]].Sum
		for _, rival := range scores[k+1 : k+counts[i]] {
			if rival.Sum/float64(rival.Tokens) > own.Sum/float64(own.Tokens) {
				d.support = 0
			}
		}
		k += counts[i] + 1
	}
	return nil
}

// rivals are a few other answers of the passage, those of the same kind first.
func (c *composer) rivals(d *draft) []string {
	var same, rest []string
	for _, a := range answers(d.chunk, c.inside, c.MaxWords, c.Seed) {
		switch {
		case a.text == d.text, strings.Contains(a.text, d.text), strings.Contains(d.text, a.text), strings.Contains(d.question, a.text):
		case a.kind == d.kind:
			same = append(same, a.text)
		default:
			rest = append(rest, a.text)
		}
	}
	all := append(same, rest...)
	return all[:min(len(all), 5)]
}

// unknown drops the questions that the model answers without the passage.
func (c *composer) unknown(ctx context.Context, drafts []*draft) ([]*draft, error) {
	reqs := make([]model.Request, len(drafts))
	for i, d := range drafts {
		reqs[i] = model.Request{Messages: closedMessages(d.question), MaxTokens: readTokens, Stop: []string{"\n"}}
	}
	responses, err := c.meter.Chat(ctx, c.model, reqs)
	if err != nil {
		return nil, err
	}
	var left []*draft
	for i, d := range drafts {
		if answer.Contains(responses[i].Samples[0].Text, []string{d.text}) {
			c.reject("known")
			continue
		}
		left = append(left, d)
	}
	return left, nil
}
