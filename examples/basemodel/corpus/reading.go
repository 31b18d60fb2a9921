package corpus

import (
	"fmt"
	"strings"
)

// readingItem makes documents and questions on them. Size runs from 0 (one short document) to 1.
func (g *Generator) readingItem(k Kind, size float64) Item {
	s := g.newScene()
	prefix := g.documents(s, size)
	it := Item{Kind: k, Instruction: g.instruction(k), Prefix: prefix}
	q := &asker{scene: s, refusals: g.prompts.refusals(s.held || g.split == testSplit)}
	want := g.rng.between(4, 8)
	switch k {
	case Careful:
		it.Turns = q.careful(want)
	case Refuse:
		it.Turns = q.refuse(2)
	default:
		it.Turns = q.answerable(want)
	}
	return it
}

// documents fills the scene and writes its documents.
func (g *Generator) documents(s *scene, size float64) string {
	n := g.documentCount(size)
	kinds := g.pickKinds(s, n)
	w := &writer{scene: s, size: size, filling: 0.22 * size}
	bound := g.opts.MaxWords
	if size == 1 && g.rng.chance(0.25) { // some long ones, with more that nobody asks for
		bound, w.filling = bound*4/3, 0.5
	}
	var docs [][]*entity
	for range n {
		entities := 1
		if x := g.rng.Float64(); x < 0.3*size {
			entities = 2 + g.rng.n(2)
		}
		var of []*entity
		for range entities {
			e := s.add(kinds[g.rng.n(len(kinds))])
			s.state(e, g.factCount(bound/(n*entities), size))
			if len(e.facts) > 0 {
				of = append(of, e)
			}
		}
		docs = append(docs, of)
	}
	g.rng.Shuffle(len(docs), func(i, j int) { docs[i], docs[j] = docs[j], docs[i] })
	var texts []string
	for _, of := range docs {
		var parts []string
		for _, e := range of {
			parts = append(parts, w.paragraph(e))
		}
		texts = append(texts, document(len(texts)+1, w.title(of), strings.Join(parts, w.rng.pick([]string{" ", " ", "\n"}))))
	}
	return strings.Join(texts, "")
}

// document formats one document as the library's prompts do.
func document(n int, title, text string) string {
	if title != "" {
		title = " " + title
	}
	return fmt.Sprintf("Document %d:%s\n%s\n\n", n, title, text)
}

func (g *Generator) documentCount(size float64) int {
	if size < 0.15 {
		return 1 + g.rng.n(2)
	}
	w := []float64{0.12, 0.27 * (0.4 + 0.6*size), 0.32 * size, 0.2 * size, 0.09 * size}
	if len(w) > g.opts.MaxDocuments {
		w = w[:g.opts.MaxDocuments]
	}
	return 1 + g.rng.weighted(w)
}

// factCount keeps an entity within a number of words; a fact takes about eleven, without what is put between.
func (g *Generator) factCount(words int, size float64) int {
	most := min(max(words/13, 1), 6)
	least := min(2, most)
	if size < 0.3 {
		most = min(most, 4)
	}
	return g.rng.between(least, most)
}

// pickKinds draws few kinds for many entities, so that most have a rival of their kind.
func (g *Generator) pickKinds(s *scene, docs int) []*kind {
	weights := make([]float64, len(s.lore.kinds))
	for i, k := range s.lore.kinds {
		weights[i] = k.weight
	}
	n := 1
	if docs > 1 {
		n += g.rng.n(3)
	}
	var out []*kind
	for range n {
		k := &s.lore.kinds[g.rng.weighted(weights)]
		out = append(out, k)
		if k.name == "man" || k.name == "woman" {
			out = append(out, s.lore.byName["man"], s.lore.byName["woman"])
		}
	}
	return out
}
