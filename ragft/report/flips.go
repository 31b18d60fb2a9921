package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/robust"
)

// reportFlip is a question whose outcome changed. Number is its number in the browser; 0 = it is
// not there.
type reportFlip struct {
	robust.Flip
	Question string
	Number   int
	Sides    []flipSide // what was shown before and after; empty = unknown
}

// flipSide is what was shown before the change, or after it.
type flipSide struct {
	Name     string
	Passages []flipPassage
}

// flipPassage is a passage of a side. Parts is empty if the other side shows it unchanged.
type flipPassage struct {
	Number      int
	Title, Note string
	Parts       []flipPart
}

// flipPart is a part of a passage. Changed says that the other side lacks it.
type flipPart struct {
	Text    string
	Changed bool
}

// flipSides compares what was shown before and after.
func flipSides(before, after []eval.Document) []flipSide {
	if len(before)+len(after) == 0 {
		return nil
	}
	return []flipSide{
		newFlipSide("shown before", "removed", "then", before, after),
		newFlipSide("shown after", "new", "was", after, before),
	}
}

// documentsAt returns the documents with these indexes.
func documentsAt(documents []eval.Document, places []int) (shown []eval.Document) {
	for _, n := range places {
		shown = append(shown, documents[n])
	}
	return shown
}

func newFlipSide(name, alone, elsewhere string, documents, others []eval.Document) flipSide {
	side := flipSide{Name: name}
	for i, d := range documents {
		p := flipPassage{Number: i + 1, Title: d.Title}
		if p.Title == "" {
			p.Title = d.Source
		}
		at := slices.IndexFunc(others, func(o eval.Document) bool { return o.ID == d.ID })
		switch {
		case at < 0:
			p.Note, p.Parts = alone, []flipPart{{Text: d.Text}}
		case others[at].Text == d.Text && others[at].Title == d.Title:
			p.Note = "unchanged"
			if at != i {
				p.Note = fmt.Sprintf("%s number %d", elsewhere, at+1)
			}
			if slices.ContainsFunc(documents[:i], func(o eval.Document) bool { return o.ID == d.ID }) {
				p.Note = "repeated"
			}
		default:
			p.Note, p.Parts = "changed", wordDiff(d.Text, others[at].Text)
		}
		side.Passages = append(side.Passages, p)
	}
	return side
}

// wordDiff splits a text into the words that it has in common with another one, by a longest
// common subsequence, and the others.
func wordDiff(text, other string) []flipPart {
	words, others := strings.SplitAfter(text, " "), strings.SplitAfter(other, " ")
	if len(words)*len(others) > 1<<20 {
		return []flipPart{{Text: text, Changed: true}}
	}
	same := func(i, j int) bool { return strings.TrimSpace(words[i]) == strings.TrimSpace(others[j]) }
	longest := make([][]int, len(words)+1) // common words from i and j on
	for i := range longest {
		longest[i] = make([]int, len(others)+1)
	}
	for i := len(words) - 1; i >= 0; i-- {
		for j := len(others) - 1; j >= 0; j-- {
			if longest[i][j] = max(longest[i+1][j], longest[i][j+1]); same(i, j) {
				longest[i][j] = longest[i+1][j+1] + 1
			}
		}
	}
	var parts []flipPart
	add := func(word string, changed bool) {
		if n := len(parts); n > 0 && parts[n-1].Changed == changed {
			parts[n-1].Text += word
		} else {
			parts = append(parts, flipPart{word, changed})
		}
	}
	i, j := 0, 0
	for i < len(words) {
		switch {
		case j < len(others) && same(i, j):
			add(words[i], false)
			i, j = i+1, j+1
		case j < len(others) && longest[i][j+1] > longest[i+1][j]:
			j++
		default:
			add(words[i], true)
			i++
		}
	}
	return parts
}
