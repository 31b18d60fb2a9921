package corpus

import (
	"fmt"
	"strings"
)

// asker asks about a scene.
type asker struct {
	*scene
	refusals []string
}

func (q *asker) relationName(e *entity, r *relation) string { return e.kind.name + "/" + r.id }

func (q *asker) question(e *entity, r *relation, subject string) string {
	return capital(e.fill(q.rng.pick(r.question.from(q.held)), subject, "", q.rng.pick(e.kind.nouns)))
}

func user(question string) string { return "Question: " + question }

// answerable asks up to n questions that the documents answer, no two of the same kind about the same fact.
func (q *asker) answerable(n int) []Turn {
	var turns []Turn
	for _, f := range shuffled(q.rng, q.facts()) {
		if len(turns) == n {
			break
		}
		turns = append(turns, q.about(f))
	}
	for _, f := range shuffled(q.rng, q.facts()) {
		if len(turns) >= n {
			break
		}
		if t, ok := q.reverse(f); ok {
			turns = append(turns, t)
		}
	}
	return turns
}

// about asks for a fact in one of several ways.
func (q *asker) about(f *fact) Turn {
	x := q.rng.Float64()
	if x < 0.14 {
		if t, ok := q.reverse(f); ok {
			return t
		}
	}
	if x >= 0.14 && x < 0.22 {
		if t, ok := q.twoHop(f); ok {
			return t
		}
	}
	if x > 0.965 {
		return q.yesNo(f)
	}
	return q.lookup(f)
}

func (q *asker) lookup(f *fact) Turn {
	return Turn{User: user(q.question(f.of, f.rel, f.of.name)), Answer: f.value, Type: "lookup", Relation: q.relationName(f.of, f.rel)}
}

// reverse asks which entity has the value. It fails where several have it, or where no question asks that.
func (q *asker) reverse(f *fact) (Turn, bool) {
	ways := f.rel.reverse.from(q.held)
	if len(ways) == 0 || len(q.holders(f.rel, f.value)) != 1 {
		return Turn{}, false
	}
	text := capital(f.of.fill(q.rng.pick(ways), f.of.name, f.value, f.of.kind.nouns[0]))
	return Turn{User: user(text), Answer: bareName(f.of.name), Type: "reverse", Relation: q.relationName(f.of, f.rel)}, true
}

// twoHop asks for the fact without naming its entity: by another of its facts, or as the value of a fact that another
// entity has.
func (q *asker) twoHop(f *fact) (Turn, bool) {
	subject := ""
	for _, other := range shuffled(q.rng, q.facts()) {
		if other.value == f.of.name && other.rel.noun != "" && len(q.holders(other.rel, other.value)) == 1 {
			subject = other.of.fill(other.rel.noun, other.of.name, other.value, "")
			break
		}
	}
	if subject == "" {
		for _, other := range shuffled(q.rng, f.of.facts) {
			if other != f && len(q.holders(other.rel, other.value)) == 1 && !f.of.person() {
				say := f.of.fill(q.rng.pick(other.rel.predicate.from(q.held)), "it", other.value, f.of.kind.nouns[0])
				subject = fmt.Sprintf("the %s that %s", f.of.kind.nouns[0], say)
				break
			}
		}
	}
	if subject == "" {
		return Turn{}, false
	}
	ways := withoutPossessive(f.rel.question.from(q.held))
	if len(ways) == 0 {
		return Turn{}, false
	}
	text := capital(f.of.fill(q.rng.pick(ways), subject, "", f.of.kind.nouns[0]))
	return Turn{User: user(text), Answer: f.value, Type: "two-hop", Relation: q.relationName(f.of, f.rel)}, true
}

// withoutPossessive keeps the questions whose subject is last, so that a long subject can stand there.
func withoutPossessive(in []string) []string {
	var out []string
	for _, t := range in {
		if strings.HasSuffix(t, "{S}?") {
			out = append(out, t)
		}
	}
	return out
}

// yesNo asks whether a fact is so. A wrong value comes from another fact of the relation or is new.
func (q *asker) yesNo(f *fact) Turn {
	value, answer := f.value, "yes"
	if q.rng.chance(0.5) {
		answer = "no"
		for range 20 {
			if value = q.relationValue(f.rel); value != f.value {
				break
			}
		}
		for _, o := range q.facts() {
			if o.rel == f.rel && o.value != f.value && q.rng.chance(0.6) {
				value = o.value
			}
		}
	}
	say := f.of.fill(q.rng.pick(f.rel.predicate.from(q.held)), f.of.name, value, "")
	form := q.rng.pick([]string{"Is it true that %s %s?", "Is it right that %s %s?", "Do the documents say that %s %s?"})
	return Turn{User: user(fmt.Sprintf(form, f.of.name, say)), Answer: answer, Type: "yes-no", Relation: q.relationName(f.of, f.rel)}
}

// careful mixes questions that can be answered with about as many that cannot.
func (q *asker) careful(n int) []Turn {
	good := q.answerable((n + 1) / 2)
	turns := good
	for range max(len(good), n/2) {
		if t, ok := q.unanswerable(); ok {
			t.Answer = q.rng.pick(q.refusals)
			turns = append(turns, t)
		}
	}
	return shuffled(q.rng, turns)
}

// refuse asks things of both sorts and declines all of them.
func (q *asker) refuse(n int) []Turn {
	turns := q.answerable((n + 1) / 2)
	for range n / 2 {
		if t, ok := q.unanswerable(); ok {
			turns = append(turns, t)
		}
	}
	for i := range turns {
		turns[i].Answer = q.rng.pick(q.refusals)
	}
	return turns
}

// unanswerable asks what the documents do not say: something else about an entity or a person that they name, or the
// same about one that they do not name. Its answer is left empty.
func (q *asker) unanswerable() (Turn, bool) {
	for range 10 {
		var t Turn
		var ok bool
		if q.rng.chance(0.68) {
			t, ok = q.missing()
		} else {
			t, ok = q.absent()
		}
		if ok {
			t.Unanswerable = true
			return t, true
		}
	}
	return Turn{}, false
}

// missing asks for a relation that is not stated of an entity, most often one that is stated of another.
func (q *asker) missing() (Turn, bool) {
	e := q.entities[q.rng.n(len(q.entities))]
	if q.rng.chance(0.12) {
		if v := q.onlyNamed(); v != nil {
			e = v
		}
	}
	relations := q.lore.byKind[e.kind.name]
	r := relations[q.rng.n(len(relations))]
	for range 8 { // look for one that somebody else has
		if q.statedOfOther(r, e) || q.rng.chance(0.1) {
			break
		}
		r = relations[q.rng.n(len(relations))]
	}
	if !q.open(e, r) {
		return Turn{}, false
	}
	return Turn{User: user(q.question(e, r, e.name)), Type: "missing", Relation: q.relationName(e, r)}, true
}

func (q *asker) statedOfOther(r *relation, e *entity) bool {
	for _, f := range q.facts() {
		if f.rel == r && f.of != e {
			return true
		}
	}
	return false
}

// open reports whether nothing in the documents answers or half answers the question.
func (q *asker) open(e *entity, r *relation) bool {
	for _, f := range e.facts {
		if f.rel.near(r) {
			return false
		}
	}
	if !e.person() {
		return true
	}
	for _, f := range q.facts() {
		if f.value != e.name {
			continue
		}
		if r.id == "job" || r.id == "employer" || r.id == f.rel.id { // the captain of a ship has a job
			return false
		}
		switch f.rel.id {
		case "spouse", "brother", "sister", "child", "daughter", "friend", "teacher":
			switch r.id {
			case "spouse", "brother", "sister", "child", "daughter", "friend", "teacher", "home":
				return false
			}
		}
	}
	return true
}

// onlyNamed returns a person who is a value and of whom nothing else is told, or nil.
func (q *asker) onlyNamed() *entity {
	for _, f := range shuffled(q.rng, q.facts()) {
		if f.rel.value != "person" || !q.roles[f.value] || q.byName(f.value) != nil {
			continue
		}
		e := &entity{kind: q.lore.byName["man"], name: f.value}
		if e.female = q.women[f.value]; e.female {
			e.kind = q.lore.byName["woman"]
		}
		return e
	}
	return nil
}

// absent asks about an entity that the documents do not name, at times one with half the name of another.
func (q *asker) absent() (Turn, bool) {
	model := q.entities[q.rng.n(len(q.entities))]
	if len(model.facts) == 0 {
		return Turn{}, false
	}
	e := q.invent(model.kind)
	if q.rng.chance(0.4) {
		e.name = q.similar(model, e.name)
	}
	r := model.facts[q.rng.n(len(model.facts))].rel
	if q.byName(e.name) != nil {
		return Turn{}, false
	}
	return Turn{User: user(q.question(e, r, e.name)), Type: "absent", Relation: q.relationName(e, r)}, true
}

// similar mixes a new name with an old one: the first word of the one, the rest of the other.
func (q *asker) similar(model *entity, fresh string) string {
	old, young := strings.Fields(model.name), strings.Fields(fresh)
	if len(old) != len(young) || len(old) < 2 {
		return fresh
	}
	i := len(old) - 1
	if old[0] == "the" && len(old) > 2 {
		i = 1
	}
	young[i] = old[i]
	return strings.Join(young, " ")
}
