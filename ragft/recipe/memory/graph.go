package memory

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// entity is something that the documents mention, merged over their passages.
type entity struct {
	name         string   // as it is written most often
	descriptions []string // different ones, in the order of the passages
	chunks       []int    // places in the corpus
}

// relation is what the documents say about two entities together.
type relation struct {
	source, target string // names of entities
	descriptions   []string
	chunks         []int
}

// graph is what a model found in a corpus.
type graph struct {
	entities  []entity
	relations []relation

	unread    int // passages whose reply was not JSON
	invented  int // entities whose name is not in their passage
	dangling  int // relations with an end that is no entity of their passage
	truncated int // passages whose reply was cut by the length limit

	local []localFacts // by passage
}

// localFacts are the entities and relations of one passage, by their places in the graph.
type localFacts struct{ entities, relations []int }

// entityTypes are those of arXiv 2503.16071.
var entityTypes = []string{"organisation", "person", "place", "event", "object", "concept"}

// extracted is a model's reply about one passage.
type extracted struct {
	Entities []struct {
		Name        string `json:"name"`
		Type        string `json:"type"`
		Description string `json:"description"`
	} `json:"entities"`
	Relations []struct {
		Source      string `json:"source"`
		Target      string `json:"target"`
		Description string `json:"description"`
	} `json:"relations"`
}

// objectSchema is a JSON Schema of an object with these properties: able is a
// boolean, type one of [entityTypes], the others texts of these greatest lengths.
func objectSchema(lengths map[string]int, names ...string) map[string]any {
	// encoding/json sorts the keys of maps, and the order of the properties is
	// the one in which a model writes them; so they are put together by hand.
	var b strings.Builder
	b.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			b.WriteByte(',')
		}
		property := map[string]any{"type": "string", "maxLength": lengths[name]}
		switch name {
		case "able":
			property = map[string]any{"type": "boolean"}
		case "type":
			property = map[string]any{"enum": entityTypes}
		}
		key, _ := json.Marshal(name) // strings cannot fail
		value, _ := json.Marshal(property)
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return map[string]any{"type": "object", "properties": json.RawMessage(b.String()), "required": names, "additionalProperties": false}
}

// extractionSchema is that of [extracted].
func extractionSchema(entities, relations int) json.RawMessage {
	lengths := map[string]int{"name": 60, "description": 300, "source": 60, "target": 60}
	array := func(items map[string]any, most int) string {
		raw, _ := json.Marshal(map[string]any{"type": "array", "items": items, "maxItems": most})
		return string(raw)
	}
	return json.RawMessage(`{"type":"object","properties":{"entities":` +
		array(objectSchema(lengths, "name", "type", "description"), entities) +
		`,"relations":` + array(objectSchema(lengths, "source", "target", "description"), relations) + `},"required":["entities","relations"]}`)
}

// replySchema is an object with these properties: able is a boolean, the others are texts.
func replySchema(names ...string) json.RawMessage {
	raw, _ := json.Marshal(objectSchema(map[string]int{"question": 200, "thought": 600, "answer": 400}, names...))
	return raw
}

// graphBuilder merges what was found passage by passage.
type graphBuilder struct {
	graph     *graph
	entities  map[string]int // normalised name -> place
	relations map[[2]string]int
	spellings []map[string]int // of each entity
}

func newGraphBuilder() *graphBuilder {
	return &graphBuilder{graph: &graph{}, entities: map[string]int{}, relations: map[[2]string]int{}}
}

// add takes the reply about the passage at a place of the corpus.
func (b *graphBuilder) add(place int, chunk retriever.Chunk, sample model.Sample, maxEntities, maxRelations int) {
	g := b.graph
	for len(g.local) <= place {
		g.local = append(g.local, localFacts{})
	}
	var found extracted
	if err := json.Unmarshal([]byte(sample.Text), &found); err != nil {
		if sample.Truncated {
			g.truncated++
		} else {
			g.unread++
		}
		return
	}
	local := &g.local[place]
	here := map[string]bool{}
	for _, given := range found.Entities[:min(len(found.Entities), maxEntities)] {
		name, description := oneLine(given.Name), oneLine(given.Description)
		key := answer.Normalize(name)
		if key == "" || description == "" || !answer.Contains(chunk.Title+"\n"+chunk.Text, []string{name}) {
			g.invented++
			continue
		}
		at, ok := b.entities[key]
		if !ok {
			at = len(g.entities)
			b.entities[key] = at
			g.entities = append(g.entities, entity{})
			b.spellings = append(b.spellings, map[string]int{})
		}
		e := &g.entities[at]
		b.spellings[at][name]++
		e.name = mostFrequent(b.spellings[at])
		e.descriptions = addText(e.descriptions, description)
		if !here[key] {
			here[key] = true
			e.chunks, local.entities = append(e.chunks, place), append(local.entities, at)
		}
	}
	b.relate(place, found, here, maxRelations)
}

func (b *graphBuilder) relate(place int, found extracted, here map[string]bool, most int) {
	g := b.graph
	seen := map[int]bool{}
	for _, given := range found.Relations[:min(len(found.Relations), most)] {
		source, target, description := answer.Normalize(given.Source), answer.Normalize(given.Target), oneLine(given.Description)
		if !here[source] || !here[target] || source == target || description == "" {
			g.dangling++
			continue
		}
		key := [2]string{min(source, target), max(source, target)} // a relation is the same from both sides
		at, ok := b.relations[key]
		if !ok {
			at = len(g.relations)
			b.relations[key] = at
			g.relations = append(g.relations, relation{source: source, target: target})
		}
		r := &g.relations[at]
		r.descriptions = addText(r.descriptions, description)
		if !seen[at] {
			seen[at] = true
			r.chunks, g.local[place].relations = append(r.chunks, place), append(g.local[place].relations, at)
		}
	}
}

// finish puts the entities' names into the relations.
func (b *graphBuilder) finish() *graph {
	for i := range b.graph.relations {
		r := &b.graph.relations[i]
		r.source, r.target = b.graph.entities[b.entities[r.source]].name, b.graph.entities[b.entities[r.target]].name
	}
	return b.graph
}

// addText adds a text that is not there yet.
func addText(texts []string, text string) []string {
	key := answer.Normalize(text)
	if slices.ContainsFunc(texts, func(other string) bool { return answer.Normalize(other) == key }) {
		return texts
	}
	return append(texts, text)
}

// mostFrequent is the key with the highest count, the first by name among equals.
func mostFrequent(counts map[string]int) string {
	keys := make([]string, 0, len(counts))
	for key := range counts {
		keys = append(keys, key)
	}
	return slices.MinFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b)) })
}

// oneLine makes one line of a text.
func oneLine(text string) string {
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
}
