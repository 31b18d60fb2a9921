//go:build cgo

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// article is one article of SQuAD 2.0.
type article struct {
	Title      string `json:"title"`
	Paragraphs []struct {
		Context string  `json:"context"`
		QAs     []asked `json:"qas"`
	} `json:"paragraphs"`
}

func (a article) title() string { return strings.ReplaceAll(a.Title, "_", " ") }

// asked is a question about a paragraph.
type asked struct {
	ID         any    `json:"id"`
	Question   string `json:"question"`
	Impossible bool   `json:"is_impossible"`
	Answers    []struct {
		Text string `json:"text"`
	} `json:"answers"`
}

// question returns it with its answers.
func (a asked) question(group string) question.Question {
	q := question.Question{ID: fmt.Sprint(a.ID), Question: strings.TrimSpace(a.Question), Group: group}
	for k, answer := range a.Answers {
		if k == 0 {
			q.Answer = answer.Text
		} else if answer.Text != q.Answer && !slices.Contains(q.Aliases, answer.Text) {
			q.Aliases = append(q.Aliases, answer.Text)
		}
	}
	return q
}

// readSquad reads a file in the format of SQuAD.
func readSquad(path string) ([]article, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set struct {
		Data []article `json:"data"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return set.Data, nil
}

// side is what is learnt from, or what is measured on: documents and the questions about them. Questions of GapAbsent are
// about other articles, which are not among the documents.
type side struct {
	documents []retriever.Document
	questions []question.Question
}

// first is a side with the first n questions of each kind.
func (s side) first(n int) side {
	seen := map[question.Gap]int{}
	var kept []question.Question
	for _, q := range s.questions {
		if seen[q.Gap]++; seen[q.Gap] <= n {
			kept = append(kept, q)
		}
	}
	return side{s.documents, kept}
}

// asked is a side with the documents alone that hold the answers of its questions.
func (s side) asked() side {
	groups := map[string]bool{}
	for _, q := range answerable(s.questions) {
		groups[q.Group] = true
	}
	documents := slices.DeleteFunc(slices.Clone(s.documents), func(d retriever.Document) bool { return !groups[d.Source] })
	return side{documents, nil}
}

// sizes are the numbers of questions of each kind.
type sizes struct{ answerable, altered, absent int }

// split divides articles into a half to learn from and a half to measure on, and each half into articles whose documents are
// there and articles that are hidden. Which is which depends on the seed.
func split(path string, seed uint64, learn, held sizes) (learnt, measured side, err error) {
	all, err := readSquad(path)
	if err != nil {
		return side{}, side{}, err
	}
	if len(all) < 4 {
		return side{}, side{}, fmt.Errorf("%s has %d articles; it takes four, to learn from, to measure on, and to hide of each", path, len(all))
	}
	rng := rand.New(rand.NewPCG(seed, 0x73706c6974))
	rng.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	middle := len(all) / 2
	return half(all[:middle], learn, rng), half(all[middle:], held, rng), nil
}

// half makes a side of articles, a third of them hidden.
func half(articles []article, n sizes, rng *rand.Rand) side {
	hide := max(1, len(articles)/3)
	var s side
	var answerable, altered, absent []question.Question
	for i, a := range articles {
		for p, paragraph := range a.Paragraphs {
			group := fmt.Sprintf("%s/%d", a.Title, p)
			if i >= hide {
				s.documents = append(s.documents, retriever.Document{Source: group, Title: a.title(), Text: paragraph.Context})
			}
			for _, qa := range paragraph.QAs {
				q := qa.question(group)
				switch {
				case i < hide && !qa.Impossible:
					absent = append(
						absent,
						question.Question{ID: q.ID, Question: q.Question, Group: group, Unanswerable: true, Gap: question.GapAbsent},
					)
				case i < hide:
				case qa.Impossible:
					altered = append(
						altered,
						question.Question{ID: q.ID, Question: q.Question, Group: group, Unanswerable: true, Gap: question.GapAltered},
					)
				case q.Answer != "":
					answerable = append(answerable, q)
				}
			}
		}
	}
	s.questions = slices.Concat(draw(answerable, n.answerable, rng), draw(altered, n.altered, rng), draw(absent, n.absent, rng))
	return s
}

func draw(questions []question.Question, n int, rng *rand.Rand) []question.Question {
	rng.Shuffle(len(questions), func(i, k int) { questions[i], questions[k] = questions[k], questions[i] })
	return questions[:min(n, len(questions))]
}

// write puts documents and questions into a folder, as a project reads them.
func (s side) write(dir string) (documents, questions string, err error) {
	documents, questions = filepath.Join(dir, "documents"), filepath.Join(dir, "questions.jsonl")
	if err := os.MkdirAll(documents, 0o755); err != nil {
		return "", "", err
	}
	var text strings.Builder
	for _, d := range s.documents {
		line, err := json.Marshal(map[string]string{"title": d.Title, "text": d.Text})
		if err != nil {
			return "", "", err
		}
		text.Write(line)
		text.WriteByte('\n')
	}
	err = atomicfile.Write(filepath.Join(documents, "articles.jsonl"), func(w io.Writer) error {
		_, err := io.WriteString(w, text.String())
		return err
	})
	if err != nil {
		return "", "", err
	}
	return documents, questions, question.WriteFile(questions, s.questions)
}
