//go:build cgo

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/internal/wordings"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// testSet is what is measured on in place of the held-out half of -data. The zero value stands for that half.
type testSet struct {
	name     string
	path     string // a folder of a language, or a file
	language string // of instruction and refusal; "" = English
	models   string // how the names of the models begin that it is measured with; "" = of all
}

// languageSets are the questions that were written for this program.
func languageSets(folder string) []testSet {
	return []testSet{
		{name: "German", path: filepath.Join(folder, "de"), language: "de", models: "Gemma"},
		{name: "French", path: filepath.Join(folder, "fr"), language: "fr", models: "Gemma"},
	}
}

// arms are the ways of teaching that are measured on the set.
func (s testSet) arms() []arm {
	return slices.DeleteFunc(arms(), func(a arm) bool { return a.name != "untuned" && a.name != "default" })
}

func (s testSet) prompts() prompt.Set { return prompt.Set{Language: s.language} }

// refusal is what the rule looks for in a model that was not taught to decline.
func (s testSet) refusal() string { return wordings.Wordings(s.language)[0] }

// analyzer says how the documents are indexed.
func (s testSet) analyzer() retriever.Analyzer {
	if s.language == "" {
		return retriever.English
	}
	return retriever.Standard
}

// read returns the documents of the set and up to n of its questions, or those of a language all.
func (s testSet) read(n int, seed uint64) (side, error) {
	var all side
	var err error
	switch {
	case s.language != "":
		return readLanguage(s.path)
	case filepath.Ext(s.path) == ".jsonl":
		all, err = readOracle(s)
	default:
		all, err = readArticles(s)
	}
	if err != nil {
		return side{}, fmt.Errorf("%s: %w", s.path, err)
	}
	all.questions = draw(all.questions, n, rand.New(rand.NewPCG(seed, 0x736574)))
	return all, nil
}

// readLanguage reads a folder of pages with the questions about them.
func readLanguage(folder string) (side, error) {
	files, err := filepath.Glob(filepath.Join(folder, "documents", "*.md"))
	if err != nil {
		return side{}, err
	}
	var s side
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return side{}, err
		}
		title, text, _ := strings.Cut(strings.TrimPrefix(string(data), "# "), "\n")
		s.documents = append(s.documents, retriever.Document{Source: filepath.Base(file), Title: title, Text: strings.TrimSpace(text)})
	}
	s.questions, err = question.ReadFile(filepath.Join(folder, "questions.jsonl"))
	return s, err
}

// readOracle reads questions that each come with the passage that answers them, as those of "Lost in the Middle"
// (arXiv 2307.03172): JSONL with question, answers and ctxs.
func readOracle(set testSet) (side, error) {
	f, err := os.Open(set.path)
	if err != nil {
		return side{}, err
	}
	defer f.Close()
	var s side
	seen := map[string]bool{}
	err = jsonl.Each(set.path, f, func(number int, line []byte) error {
		var item struct {
			Question string                         `json:"question"`
			Answers  []string                       `json:"answers"`
			Passages []struct{ Title, Text string } `json:"ctxs"`
		}
		if err := json.Unmarshal(line, &item); err != nil {
			return err
		}
		if len(item.Answers) == 0 || len(item.Passages) == 0 {
			return nil
		}
		first := item.Passages[0]
		s.questions = append(s.questions, question.Question{
			ID: fmt.Sprintf("%s-%d", slug(set.name), number), Question: item.Question, Answer: item.Answers[0],
			Aliases: item.Answers[1:], Group: first.Title,
		})
		if !seen[first.Text] {
			s.documents = append(s.documents, retriever.Document{
				Source: fmt.Sprintf("%s/%d", first.Title, number), Title: first.Title, Text: first.Text,
			})
		}
		seen[first.Text] = true
		return nil
	})
	return s, err
}

// readArticles reads articles in the format of SQuAD; the title of one without is its first line. Questions without an
// answer are left out.
func readArticles(set testSet) (side, error) {
	articles, err := readSquad(set.path)
	if err != nil {
		return side{}, err
	}
	var s side
	for i, a := range articles {
		for p, paragraph := range a.Paragraphs {
			text := strings.TrimSpace(paragraph.Context)
			first, _, _ := strings.Cut(text, "\n")
			source := fmt.Sprintf("%d/%d", i, p)
			s.documents = append(s.documents, retriever.Document{Source: source, Title: cmp.Or(a.title(), first), Text: text})
			for _, qa := range paragraph.QAs {
				q := qa.question(source)
				q.ID = fmt.Sprintf("%s-%d", slug(set.name), len(s.questions))
				if q.Answer != "" {
					s.questions = append(s.questions, q)
				}
			}
		}
	}
	return s, nil
}
