package retriever

import "strings"

// maxWithin is the number of texts among which a text is searched for as a part of one. Copies are recognised among all.
const maxWithin = 1000

// shown are the texts of a ranking, without differences in white space.
type shown struct {
	all    map[string]bool
	joined []string
}

// add adds a text, unless it says nothing that one of the others does not say word for word.
func (t *shown) add(text string) bool {
	text = " " + strings.Join(strings.Fields(text), " ") + " "
	if t.all[text] {
		return false
	}
	for _, other := range t.joined[:min(len(t.joined), maxWithin)] {
		if len(other) > len(text) && strings.Contains(other, text) {
			return false
		}
	}
	if t.all == nil {
		t.all = map[string]bool{}
	}
	t.all[text] = true
	t.joined = append(t.joined, text)
	return true
}
