package corpus

import "strings"

// entity is somebody or something that documents tell of.
type entity struct {
	kind   *kind
	name   string // with "the" where the name takes it
	female bool
	facts  []*fact
}

// fact says that the entity has the value.
type fact struct {
	of    *entity
	rel   *relation
	value string
}

// scene is the world of one item: entities and what its documents say of them.
type scene struct {
	rng      *rng
	lore     *lore
	names    *namer
	held     bool
	entities []*entity
	towns    []string        // names of settlements that values may share
	roles    map[string]bool // names of people that occur as values
	women    map[string]bool // those of them who are women
}

func (g *Generator) newScene() *scene {
	return &scene{rng: g.rng, lore: g.world, names: newNamer(g.rng, g.split), held: g.held, roles: map[string]bool{}, women: map[string]bool{}}
}

// bareName drops the article, as answers do.
func bareName(name string) string { return strings.TrimPrefix(name, "the ") }

func (e *entity) person() bool { return e.kind.name == "man" || e.kind.name == "woman" }

func (s *scene) anyOf(kind string) *entity {
	for _, e := range s.entities {
		if e.kind.name == kind {
			return e
		}
	}
	return nil
}

// somebody names a person, at times one of whom the documents tell more. That makes questions in two steps possible.
func (s *scene) somebody() string {
	if s.rng.chance(0.3) {
		for _, e := range shuffled(s.rng, s.entities) {
			if e.person() && !s.roles[e.name] {
				s.roles[e.name] = true
				return e.name
			}
		}
	}
	female := s.rng.chance(0.5)
	name := s.names.first(female) + " " + s.names.surname()
	s.roles[name], s.women[name] = true, female
	return name
}

func (s *scene) somewhere() string {
	if len(s.towns) > 0 && s.rng.chance(0.35) {
		return s.rng.pick(s.towns)
	}
	if e := s.anyOf("village"); e != nil && s.rng.chance(0.3) {
		return e.name
	}
	t := s.names.place()
	s.towns = append(s.towns, t)
	return t
}

// add makes an entity of the kind without facts.
func (s *scene) add(k *kind) *entity {
	e := s.invent(k)
	s.entities = append(s.entities, e)
	return e
}

// invent makes an entity that the documents do not know.
func (s *scene) invent(k *kind) *entity {
	e := &entity{kind: k, name: strings.TrimSpace(k.naming(s.names)), female: k.name == "woman"}
	if k.alive && !e.person() {
		e.female = s.rng.chance(0.5)
	}
	return e
}

// state gives the entity up to n facts. It prefers relations that others of its kind have, so that finding the right
// relation is not enough to answer.
func (s *scene) state(e *entity, n int) {
	var shared, rest []*relation
	for _, r := range shuffled(s.rng, s.lore.byKind[e.kind.name]) {
		if s.stated(r, e.kind) && s.rng.chance(0.75) {
			shared = append(shared, r)
		} else {
			rest = append(rest, r)
		}
	}
	for _, r := range append(shared, rest...) {
		if len(e.facts) == n {
			return
		}
		if !s.allowed(e, r) {
			continue
		}
		if v, ok := s.draw(e, r); ok {
			e.facts = append(e.facts, &fact{of: e, rel: r, value: v})
		}
	}
}

func (s *scene) stated(r *relation, k *kind) bool {
	for _, e := range s.entities {
		if e.kind == k && e.has(r) != nil {
			return true
		}
	}
	return false
}

func (e *entity) has(r *relation) *fact {
	for _, f := range e.facts {
		if f.rel == r {
			return f
		}
	}
	return nil
}

func (s *scene) allowed(e *entity, r *relation) bool {
	for _, f := range e.facts {
		if f.rel.clashes(r) {
			return false
		}
	}
	return true
}

// draw finds a value that is neither the entity itself nor the value of another fact of it, and mostly one that no
// other entity has for the same relation.
func (s *scene) draw(e *entity, r *relation) (string, bool) {
	for try := range 12 {
		v := s.relationValue(r)
		if v == bareName(e.name) || v == e.name || try < 8 && s.valued(r, v) {
			continue
		}
		clash := false
		for _, f := range e.facts {
			clash = clash || f.value == v
		}
		if !clash {
			return v, true
		}
	}
	return "", false
}

// relationValue draws a value. Brothers, sons and the like are named freshly: they may not be people of the scene,
// about whose kin the documents would then say more than the facts know.
func (s *scene) relationValue(r *relation) string {
	switch r.value {
	case "man", "woman":
		return s.names.first(r.value == "woman") + " " + s.names.surname()
	}
	if r.id == "spouse" || r.id == "friend" {
		return s.names.first(s.rng.chance(0.5)) + " " + s.names.surname()
	}
	return s.value(r.value)
}

func (s *scene) valued(r *relation, v string) bool { return len(s.holders(r, v)) > 0 }

// holders returns the facts of the relation with that value.
func (s *scene) holders(r *relation, v string) []*fact {
	var out []*fact
	for _, e := range s.entities {
		if f := e.has(r); f != nil && f.value == v {
			out = append(out, f)
		}
	}
	return out
}

func (s *scene) facts() []*fact {
	var out []*fact
	for _, e := range s.entities {
		out = append(out, e.facts...)
	}
	return out
}

// byName returns the entity of that name, or nil.
func (s *scene) byName(name string) *entity {
	for _, e := range s.entities {
		if e.name == name || bareName(e.name) == name {
			return e
		}
	}
	return nil
}
