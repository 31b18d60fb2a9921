package dataset

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// squadQuestion is a question of SQuAD about a paragraph.
type squadQuestion struct {
	ID         json.RawMessage // a string; in COVID-QA a number
	Question   string
	Answers    []struct{ Text string }
	Impossible bool `json:"is_impossible"`
}

func readSQuAD(s *Set, data []byte) error {
	var file struct {
		Data []struct {
			Title      string
			Paragraphs []struct {
				Context string
				QAs     []squadQuestion
			}
		}
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	paragraphs := map[string]int{} // so far, by title: titles may repeat or be missing
	for _, article := range file.Data {
		title := cmp.Or(article.Title, string(SQuAD))
		for _, paragraph := range article.Paragraphs {
			group := title + "/" + strconv.Itoa(paragraphs[title])
			paragraphs[title]++
			evidence := []Passage{{Title: article.Title, Text: paragraph.Context}}
			for _, qa := range paragraph.QAs {
				if err := s.addSQuAD(qa, group, evidence); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// addSQuAD adds a question. One without answers is about its paragraph all the same, which is the harder of the two gaps.
func (s *Set) addSQuAD(qa squadQuestion, group string, evidence []Passage) error {
	id := string(bytes.Trim(qa.ID, `"`))
	if !qa.Impossible && qa.Answers == nil {
		return fmt.Errorf(`question %s: "answers" is missing: use [] if the paragraph does not have the answer`, id)
	}
	var answers []string
	if !qa.Impossible {
		for _, a := range qa.Answers {
			answers = append(answers, a.Text)
		}
	}
	item := Item{Question: question.Question{ID: id, Question: qa.Question, Group: group}, Evidence: evidence}
	if err := s.add(item, answers); err != nil {
		return fmt.Errorf("question %s: %w", id, err)
	}
	if added := &s.Items[len(s.Items)-1]; added.Unanswerable {
		added.Gap = question.GapAltered
	}
	return nil
}

func readPubMedQA(s *Set, data []byte) error {
	var file map[string]struct {
		Question string   `json:"QUESTION"`
		Contexts []string `json:"CONTEXTS"`
		Labels   []string `json:"LABELS"`
		Decision string   `json:"final_decision"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(file)) {
		entry := file[id]
		item := Item{Question: question.Question{ID: id, Question: entry.Question}}
		for i, text := range entry.Contexts {
			p := Passage{Text: text}
			if i < len(entry.Labels) {
				p.Title = entry.Labels[i]
			}
			item.Evidence = append(item.Evidence, p)
		}
		if entry.Decision == "" { // the unlabelled parts of PubMedQA
			s.Skipped["no decision"]++
			continue
		}
		if err := s.add(item, []string{entry.Decision}); err != nil {
			return fmt.Errorf("question %s: %w", id, err)
		}
	}
	return nil
}

// eachObject calls fn with the number and value of every line.
func eachObject[T any](data []byte, fn func(number int, value T) error) error {
	return jsonl.Each("", bytes.NewReader(data), func(number int, line []byte) error {
		var value T
		if err := json.Unmarshal(line, &value); err != nil {
			return err
		}
		return fn(number, value)
	})
}

func readNQOpen(s *Set, data []byte) error {
	type entry struct {
		Question string
		Answer   oneOrMany
		Answers  []string
		Contexts []struct {
			Title, Text string
			IsGold      bool
			HasAnswer   bool
		} `json:"ctxs"`
	}
	return eachObject(data, func(number int, e entry) error {
		item := Item{Question: question.Question{ID: "nq-" + strconv.Itoa(number), Question: e.Question}}
		for _, c := range e.Contexts {
			switch p := (Passage{Title: c.Title, Text: c.Text}); {
			case c.IsGold:
				item.Evidence = append(item.Evidence, p)
			case !c.HasAnswer:
				item.Distractors = append(item.Distractors, p)
			}
		}
		answers := append(e.Answer, e.Answers...)
		if e.Answer == nil && e.Answers == nil { // an empty list means that there is no answer
			return errors.New(`neither "answer" nor "answers": use [] for a question without an answer`)
		}
		return s.add(item, answers)
	})
}

// oneOrMany is a string or a list of strings; null is an empty list.
type oneOrMany []string

func (o *oneOrMany) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]string)(o))
	}
	var one *string
	if err := json.Unmarshal(data, &one); err != nil || one == nil {
		return err
	}
	*o = oneOrMany{*one}
	return nil
}

// passages are a list of strings or, in en_int.json, of lists of strings.
type passages []Passage

func (p *passages) UnmarshalJSON(data []byte) error {
	var entries []oneOrMany
	if err := json.Unmarshal(data, &entries); err != nil {
		return err
	}
	for _, entry := range entries {
		for _, text := range entry {
			*p = append(*p, Passage{Text: text})
		}
	}
	return nil
}

func readRGB(s *Set, data []byte) error {
	type entry struct {
		ID         json.Number
		Query      string
		Answer     json.RawMessage // a string, a list of strings that must all appear, or a list with lists of aliases
		Positive   passages
		Negative   passages
		Altered    passages        `json:"positive_wrong"`
		FakeAnswer json.RawMessage `json:"fakeanswer"`
	}
	return eachObject(data, func(number int, e entry) error {
		parts, err := answerParts(e.Answer)
		if err != nil {
			return fmt.Errorf(`"answer": %w`, err)
		}
		item := Item{
			Question: question.Question{ID: "rgb-" + e.ID.String(), Question: e.Query},
			Evidence: e.Positive, Distractors: e.Negative, Altered: e.Altered,
		}
		if e.FakeAnswer != nil {
			fake, err := answerParts(e.FakeAnswer)
			if err != nil {
				return fmt.Errorf(`"fakeanswer": %w`, err)
			}
			if len(fake) > 0 && len(fake[0]) > 0 {
				item.False = fake[0][0]
			}
		}
		switch len(parts) {
		case 0:
			return errors.New(`"answer" is empty`)
		case 1:
			return s.add(item, parts[0])
		}
		item.Parts = parts
		joined := ""
		for i, part := range parts {
			if i > 0 {
				joined += ", "
			}
			joined += part[0]
		}
		return s.add(item, []string{joined})
	})
}

// answerParts reads an answer of RGB as parts that must all appear, each with its aliases.
func answerParts(raw json.RawMessage) ([][]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return [][]string{{one}}, nil
	}
	var many []oneOrMany
	if err := json.Unmarshal(raw, &many); err != nil {
		return nil, err
	}
	var parts [][]string
	for _, part := range many {
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

func readCLAPnq(s *Set, data []byte) error {
	type entry struct {
		ID       json.RawMessage // a string or a number
		Input    string
		Passages []Passage
		Output   []struct{ Answer *string }
	}
	return eachObject(data, func(number int, e entry) error {
		var answers []string
		for _, o := range e.Output {
			if o.Answer != nil {
				answers = append(answers, *o.Answer)
			}
		}
		id := string(bytes.Trim(e.ID, `"`))
		return s.add(Item{Question: question.Question{ID: id, Question: e.Input}, Evidence: e.Passages}, answers)
	})
}

func readPlain(s *Set, data []byte) error {
	return jsonl.Each("", bytes.NewReader(data), func(number int, line []byte) error {
		var e struct {
			Item
			ID json.RawMessage `json:"id"` // read with the question
		}
		if err := json.Unmarshal(line, &e); err != nil {
			return err
		}
		// The rules for questions are those of ragft.
		questions, err := question.Read(bytes.NewReader(line))
		if err != nil {
			if broken := new(retriever.LineError); errors.As(err, &broken) {
				err = broken.Err
			}
			return err
		}
		e.Question = questions[0]
		if id := string(bytes.Trim(e.ID, `" `)); id == "" || id == "null" {
			e.Item.ID = ""
			s.unnamed[len(s.Items)] = "q" + strconv.Itoa(number) // as question.Read names it
		}
		return s.add(e.Item, append([]string{e.Answer}, e.Aliases...))
	})
}

// nullNaN replaces NaN and Infinity, which Python writes but JSON does not have, by
// null.
func nullNaN(data []byte) []byte {
	if !bytes.Contains(data, []byte("NaN")) && !bytes.Contains(data, []byte("Infinity")) {
		return data
	}
	out := make([]byte, 0, len(data))
	inText := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '\n' || c == '\r': // an invalid line must not affect the next
			inText = false
		case c == '"':
			inText = !inText
		case c == '\\' && inText && i+1 < len(data):
			out = append(out, c)
			i++
		case !inText && (c == 'N' || c == 'I' || c == '-'):
			for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					out = append(out, "null"...)
					i += len(word)
					break
				}
			}
			if i == len(data) {
				return out
			}
		}
		out = append(out, data[i])
	}
	return out
}
