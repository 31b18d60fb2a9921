package corpus

import (
	"fmt"
	"strings"
)

// judgeItem asks of several answers whether they agree with a reference. The turns have nothing in common.
func (g *Generator) judgeItem() Item {
	it := Item{Kind: Judge, Instruction: g.instruction(Judge)}
	for range 4 {
		s := g.newScene()
		e := s.add(&s.lore.kinds[g.rng.n(len(s.lore.kinds))])
		s.state(e, 2)
		if len(e.facts) == 0 {
			continue
		}
		q := &asker{scene: s, refusals: g.prompts.refusals(s.held)}
		it.Turns = append(it.Turns, q.judged(q.lookup(e.facts[0]), e.facts[0]))
	}
	return it
}

// judged turns a question with its answer into one about an answer that is right or wrong.
func (q *asker) judged(t Turn, f *fact) Turn {
	reference, prediction, verdict := f.value, "", "yes"
	if q.rng.chance(0.5) {
		prediction = q.agreeing(f)
	} else {
		prediction, verdict = q.differing(f), "no"
	}
	return Turn{
		User:   fmt.Sprintf("%s\nReference: %s\nAnswer: %s", t.User, reference, prediction),
		Answer: verdict, Type: "judge", Relation: t.Relation,
	}
}

// agreeing says the same as the fact's value in other words, or leaves out or adds what does not matter.
func (q *asker) agreeing(f *fact) string {
	v := f.value
	switch q.rng.n(8) {
	case 0, 1:
		return v
	case 2:
		return v + "."
	case 3:
		return capital(fmt.Sprintf("%s %s.", f.of.name, f.of.fill(q.rng.pick(f.rel.predicate.train), f.of.name, v, f.of.kind.nouns[0])))
	case 4:
		return q.rng.pick([]string{"It is ", "The answer is ", "I think it is ", "According to the documents, it is "}) + v + "."
	case 5:
		return "the " + v
	case 6:
		if fields := strings.Fields(v); len(fields) > 1 && f.rel.value == "person" {
			return fields[len(fields)-1]
		}
		return strings.ToLower(v)
	}
	if n, _, found := strings.Cut(v, " "); found && n[0] >= '0' && n[0] <= '9' {
		return "about " + v
	}
	return capital(v)
}

// differing says something else than the fact's value.
func (q *asker) differing(f *fact) string {
	if q.rng.chance(0.15) {
		return q.rng.pick(q.refusals)
	}
	v := f.value
	for range 20 {
		if v = q.relationValue(f.rel); !strings.EqualFold(v, f.value) {
			break
		}
	}
	switch q.rng.n(4) {
	case 0:
		return capital(fmt.Sprintf("%s %s.", f.of.name, f.of.fill(q.rng.pick(f.rel.predicate.train), f.of.name, v, f.of.kind.nouns[0])))
	case 1:
		return q.rng.pick([]string{"It is ", "The answer is ", "I think it is "}) + v + "."
	case 2:
		if last := len(f.value) - 1; f.value[last] >= '0' && f.value[last] <= '9' { // one digit changed
			d := '0' + (f.value[last]-'0'+byte(q.rng.between(1, 9)))%10
			return f.value[:last] + string(rune(d))
		}
	}
	return v
}
