package jsonschema

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// kinds of values, as bits.
type kinds uint8

const (
	stringKind kinds = 1 << iota
	numberKind       // integers, too
	booleanKind
	nullKind
	arrayKind
	objectKind
	allKinds = objectKind<<1 - 1
)

// kindOf returns the kind of a type's values, 0 if there is no such type.
func kindOf(typed string) kinds {
	switch typed {
	case "string":
		return stringKind
	case "number", "integer":
		return numberKind
	case "boolean":
		return booleanKind
	case "null":
		return nullKind
	case "array":
		return arrayKind
	case "object":
		return objectKind
	}
	return 0
}

// kindOfText returns the kind of a value that is written in JSON.
func kindOfText(value string) kinds {
	switch value[0] {
	case '"':
		return stringKind
	case '{':
		return objectKind
	case '[':
		return arrayKind
	case 't', 'f':
		return booleanKind
	case 'n':
		return nullKind
	}
	return numberKind
}

// node is a schema for follow: alternatives, a reference, or a leaf.
type node struct {
	either    []*node // alternatives, or what is referred to
	ref, rule string  // of a reference

	id    uint32   // of a leaf
	kind  kinds    // of its values; 0 = those of texts
	ways  int      // alternatives that are open at most within it, but for those of what lies in it
	texts []string // the values of an enum

	canonical []string // texts, as equal values are equal

	items   *node    // of an array, and of an object of any members; nil = anything
	members []member // of an object, in order; nil = any
}

// anything is what lies in arrays and objects that say nothing about it.
var anything = &node{kind: allKinds, ways: 1}

func (n *node) inner() *node { return cmp.Or(n.items, anything) }

type member struct {
	name     string
	required bool
	value    *node
}

func (g *Rules) leaf(kind kinds) *node {
	g.leaves++
	return &node{id: uint32(g.leaves), kind: kind, ways: 1}
}

// enum returns the node of values of which so many are open at one place. Arrays and objects among them are counted as if they
// were of any values, as others may be open beside them.
func (g *Rules) enum(texts []string, ways int) *node {
	one, deep := g.leaf(0), g.leaf(0)
	one.texts, one.canonical, one.ways, deep.ways = texts, canonical(texts), ways, ways
	for _, text := range texts {
		deep.kind |= kindOfText(text) & (arrayKind | objectKind)
	}
	if deep.kind == 0 {
		return one
	}
	deep.items = g.leaf(allKinds)
	deep.items.items, deep.items.ways = deep.items, ways
	return &node{either: []*node{one, deep}}
}

// leaves appends the leaves that a value may be. path is how they were reached, within one value.
func (n *node) leaves(out []*node, path []*node) (_ []*node, err error) {
	switch {
	case slices.Contains(path, n):
		return nil, fmt.Errorf("$ref %.100q is itself, with no array or object between", n.ref)
	case len(out) >= maxAlternatives:
		return nil, errTooManyAlternatives
	case n.either == nil:
		return append(out, n), nil
	}
	for _, one := range n.either {
		if out, err = one.leaves(out, append(path, n)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// place is what may come next in a text: one of some values, or a member of one of some objects. Alternatives that begin alike
// stay open together, and those within each of them add up.
type place struct {
	values  []*node
	objects []within
}

// within is an object of which the members before one have been passed.
type within struct {
	object *node // of any members, if it has none
	at     int
}

func (w within) any() bool { return w.object.members == nil }

// follower goes through the places of all texts of a schema.
type follower struct {
	left []place // to look at
	seen map[string]bool
	work int
}

// maxWork bounds the alternatives of all places that are looked at.
const maxWork = 200_000

// follow returns an error if more alternatives than maxAlternatives may be open at one place of a text, as the time of a token
// grows with them, for all requests. It counts some twice that llama.cpp finds to be the same, and leaves out none; blanks and
// numbers make a few ways of each.
func follow(root *node) error {
	f := &follower{seen: map[string]bool{}, left: []place{{values: []*node{root}}}}
	for len(f.left) > 0 {
		p := f.left[len(f.left)-1]
		f.left = f.left[:len(f.left)-1]
		var err error
		if p.objects != nil {
			err = f.members(p.objects)
		} else {
			err = f.values(p.values)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// known reports whether a place was seen before, by what tells it from others.
func (f *follower) known(key []byte) bool {
	known := f.seen[string(key)]
	f.seen[string(key)] = true
	return known
}

// open counts the alternatives of a new place.
func (f *follower) open(n int) error {
	if n > maxAlternatives {
		return errTooManyAlternatives
	}
	if f.work += n; f.work > maxWork {
		return fmt.Errorf("%w: its alternatives can hardly be told apart", errTooLarge)
	}
	return nil
}

func (f *follower) values(nodes []*node) error {
	var leaves []*node
	var err error
	for _, n := range nodes {
		if leaves, err = n.leaves(leaves, nil); err != nil {
			return err
		}
	}
	slices.SortFunc(leaves, func(a, b *node) int { return int(a.id) - int(b.id) })
	ways, key := 0, []byte("v")
	for _, leaf := range leaves {
		ways, key = ways+leaf.ways, binary.LittleEndian.AppendUint32(key, leaf.id)
	}
	if f.known(key) {
		return nil
	}
	var items []*node
	var objects []within
	for _, leaf := range leaves {
		if leaf.kind&arrayKind != 0 {
			items = append(items, leaf.inner())
		}
		if leaf.kind&objectKind != 0 {
			objects = append(objects, within{leaf, 0})
		}
	}
	if len(items) > 0 {
		f.left = append(f.left, place{values: items})
	}
	if len(objects) > 0 {
		f.left = append(f.left, place{objects: objects})
	}
	return f.open(ways)
}

func (f *follower) members(objects []within) error {
	slices.SortFunc(objects, func(a, b within) int { return cmp.Or(int(a.object.id)-int(b.object.id), a.at-b.at) })
	key := []byte("m")
	for _, o := range objects {
		key = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(key, o.object.id), uint32(o.at))
	}
	if f.known(key) {
		return nil
	}
	open := 0
	groups := map[string][]within{} // by the name of the next member, with what comes after it
	var others []within             // in which it may have any name
	for _, o := range objects {
		if open += o.object.ways; o.any() {
			others = append(others, o)
		}
		for at := o.at; at < len(o.object.members); at++ {
			m := o.object.members[at]
			groups[m.name] = append(groups[m.name], within{o.object, at + 1})
			if open++; m.required {
				break
			}
		}
	}
	if err := f.open(open); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		if err := f.member(append(groups[name], others...)); err != nil {
			return err
		}
	}
	if len(others) > 0 {
		return f.member(others)
	}
	return nil
}

// member goes on with the value of a member that all of some objects have, and with what may come after it: of alternatives with
// different values only those stay open that have the one which was written.
func (f *follower) member(objects []within) error {
	var values []*node
	texts := map[string][]within{}
	byKind := map[kinds][]within{}
	for _, o := range objects {
		value := o.object.inner()
		if !o.any() {
			value = o.object.members[o.at-1].value
		}
		if values = append(values, value); len(objects) == 1 {
			byKind[allKinds] = objects
			break
		}
		leaves, err := value.leaves(nil, nil)
		if err != nil {
			return err
		}
		has := kinds(0)
		said := map[string]bool{}
		for _, leaf := range leaves {
			has |= leaf.kind
			for _, text := range leaf.texts {
				said[text] = true
			}
		}
		for text := range said {
			if has&kindOfText(text) == 0 { // or it stands among those of the kind
				texts[text] = append(texts[text], o)
			}
		}
		for kind := kinds(1); kind <= allKinds; kind <<= 1 {
			if has&kind != 0 {
				byKind[kind] = append(byKind[kind], o)
			}
		}
		f.work += len(leaves) + len(said)
	}
	f.left = append(f.left, place{values: values})
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		f.left = append(f.left, place{objects: slices.Concat(texts[text], byKind[kindOfText(text)])})
	}
	for _, kind := range slices.Sorted(maps.Keys(byKind)) {
		f.left = append(f.left, place{objects: byKind[kind]})
	}
	return nil
}
