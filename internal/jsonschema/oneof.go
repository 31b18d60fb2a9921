package jsonschema

import (
	"encoding/json"
	"fmt"
	"slices"
)

// checkOneOf returns an error if a value may fit two of the alternatives of a oneOf: the grammar gives the values of any of them.
// The schema has been followed, so that every reference leads to something.
func (g *Rules) checkOneOf(alternatives []*node) error {
	leaves := make([][]*node, len(alternatives))
	for i, one := range alternatives {
		var err error
		if leaves[i], err = one.leaves(nil, nil); err != nil {
			return err
		}
		for k := range i {
			if !g.apart(leaves[k], leaves[i], true) {
				return fmt.Errorf("oneOf: one value may fit both alternative %d and alternative %d: "+
					"give each object a required property with a const of its own, or use anyOf", k+1, i+1)
			}
		}
	}
	if g.compared > maxWork {
		return fmt.Errorf("%w: the alternatives of oneOf can hardly be told apart", errTooLarge)
	}
	return nil
}

// apart reports whether no value is one of both sides. inside says whether to look into objects. Where there is too much to
// compare, the answer does not matter.
func (g *Rules) apart(a, b []*node, inside bool) bool {
	for _, one := range a {
		for _, other := range b {
			if g.compared += 1 + len(one.texts); g.compared > maxWork {
				return true
			}
			if !g.leavesApart(one, other, inside) {
				return false
			}
		}
	}
	return true
}

func (g *Rules) leavesApart(a, b *node, inside bool) bool {
	common := a.kind & b.kind
	switch {
	case a.texts != nil && b.texts != nil:
		return !slices.ContainsFunc(a.canonical, func(value string) bool {
			_, both := slices.BinarySearch(b.canonical, value)
			return both
		})
	case a.texts != nil || b.texts != nil:
		kind := a.kind | b.kind // that of the one which is no enum
		return !slices.ContainsFunc(slices.Concat(a.texts, b.texts), func(text string) bool { return kindOfText(text)&kind != 0 })
	case common != objectKind:
		return common == 0
	}
	return inside && a.members != nil && b.members != nil && g.objectsApart(a.members, b.members)
}

// objectsApart reports whether no object that the grammar gives for one schema, which has the members of that schema alone, fits
// the other: if each requires what the other never has, or one requires a member whose values the other does not allow.
func (g *Rules) objectsApart(a, b []member) bool {
	missing := func(from, in []member) bool {
		return slices.ContainsFunc(from, func(m member) bool {
			return m.required && !slices.ContainsFunc(in, func(other member) bool { return other.name == m.name })
		})
	}
	if g.compared += len(a) * len(b); g.compared > maxWork || missing(a, b) && missing(b, a) {
		return true
	}
	for _, m := range a {
		at := slices.IndexFunc(b, func(other member) bool { return other.name == m.name })
		if at < 0 || !m.required && !b[at].required {
			continue
		}
		one, err := m.value.leaves(nil, nil)
		other, alsoErr := b[at].value.leaves(nil, nil)
		if err == nil && alsoErr == nil && g.apart(one, other, false) {
			return true
		}
	}
	return false
}

// canonical returns values in one form of each, in order: 1 and 1.0 are the same number.
func canonical(texts []string) []string {
	out := slices.Clone(texts)
	for i, text := range texts {
		var value any
		if json.Unmarshal([]byte(text), &value) == nil { // or a number too large for it, which is what it is
			if data, err := json.Marshal(value); err == nil {
				out[i] = string(data)
			}
		}
	}
	slices.Sort(out)
	return out
}
