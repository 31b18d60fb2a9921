//go:build cgo

package golden

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/stretchr/testify/require"
)

// teacher is a server with OpenAI's API whose replies follow from the request alone. It can do what the shipped model is too
// small for, and no arithmetic decides what it says.
type teacher struct {
	questions []answered
	composed  sync.Map // question -> answer
}

type answered struct{ Question, Answer string }

// startTeacher starts a teacher that knows the answers to the quickstart's questions and tells most of them.
func startTeacher(p *workplace) string {
	t := &teacher{}
	data, err := os.ReadFile(filepath.Join(quickstart, "questions.jsonl"))
	require.NoError(p.t, err)
	for line := range strings.Lines(string(data)) {
		var q answered
		require.NoError(p.t, json.Unmarshal([]byte(line), &q))
		t.questions = append(t.questions, q)
	}
	s := httptest.NewServer(t)
	p.t.Cleanup(s.Close)
	return "openai:teacher@" + s.URL + "/v1"
}

type teacherRequest struct {
	Messages       []model.Message
	Seed           int64
	N              int
	LogProbs       bool
	ResponseFormat struct {
		JSONSchema struct {
			Schema struct{ Properties map[string]any }
		} `json:"json_schema"`
	} `json:"response_format"`
}

func (t *teacher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var req teacherRequest
	if err := json.NewDecoder(r.Body).Decode(&req); err != nil || len(req.Messages) == 0 {
		http.Error(w, "no messages", http.StatusBadRequest)
		return
	}
	type choice map[string]any
	var choices []choice
	for i := range max(req.N, 1) {
		text := t.reply(req, i)
		c := choice{"index": i, "message": map[string]string{"role": "assistant", "content": text}, "finish_reason": "stop"}
		if req.LogProbs {
			var tokens []any
			for k, word := range strings.Fields(text) {
				tokens = append(tokens, map[string]any{"token": word, "logprob": -float64(1+k) * t.doubt(text)})
			}
			c["logprobs"] = map[string]any{"content": tokens}
		}
		choices = append(choices, c)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"choices": choices, "usage": map[string]int{"prompt_tokens": 9, "completion_tokens": 3}})
}

func number(parts ...any) int {
	h := fnv.New32a()
	fmt.Fprint(h, parts...)
	return int(h.Sum32() >> 8)
}

// doubt is how unlikely the teacher finds what it says: what is wrong, mostly more so.
func (t *teacher) doubt(text string) float64 {
	if text == wrongAnswer {
		return 0.5
	}
	return 0.05 + 0.01*float64(number(text)%40)
}

const wrongAnswer = "Blue Paint"

var capitalised = regexp.MustCompile(`[A-Z][a-z]+ [A-Z][a-z]+`)

func (t *teacher) reply(req teacherRequest, sample int) string {
	instruction, last := fake.Instruction(req.Messages), req.Messages[len(req.Messages)-1].Content
	told := strings.TrimSpace(strings.Replace(last, instruction, "", 1))
	names := capitalised.FindAllString(told, -1)
	subject := "it"
	if len(names) > 0 {
		subject = names[len(names)-1]
	}
	properties := req.ResponseFormat.JSONSchema.Schema.Properties
	switch {
	case properties["entities"] != nil:
		return entitiesOf(names)
	case properties["able"] != nil:
		question := fmt.Sprintf("What do the documents say of %s, number %d?", subject, number(last)%1000)
		return written(map[string]any{"able": true, "question": question,
			"thought": "The document tells of it.", "answer": "It is " + subject + "."})
	case strings.HasSuffix(last, cues["compose"]):
		return t.compose(last)
	case strings.Contains(last, cues["compare"]):
		return []string{"first", "second"}[number(last)%2]
	case strings.Contains(last, cues["tournament"]):
		return t.best(last)
	case strings.Contains(last, cues["propose"]):
		return fmt.Sprintf("Answer in few words, in the way number %d.", number(last, req.Seed, sample)%100)
	case strings.Contains(last, cues["judge"]):
		return []string{"yes", "no"}[number(last)%2]
	case strings.Contains(last, cues["refuse"]):
		return "Sorry, the documents do not say."
	}
	if said, ok := t.composed.Load(last[strings.LastIndex(last, ": ")+2:]); ok {
		if strings.Contains(last, "Document 1:") {
			return said.(string)
		}
		return "The documents do not say."
	}
	for _, q := range t.questions {
		if strings.Contains(last, q.Question) && q.Answer != "" && number(q.Question, instruction, sample)%4 > 0 {
			return q.Answer
		}
	}
	if number(last)%2 == 0 {
		return "The documents do not say."
	}
	return wrongAnswer
}

// compose writes a question for the answer of the last message, and remembers the answer.
func (t *teacher) compose(last string) string {
	_, sentence, _ := strings.Cut(last, "Sentence: ")
	sentence, said, _ := strings.Cut(sentence, "\nAnswer: ")
	said = strings.TrimSuffix(said, cues["compose"])
	before, _, _ := strings.Cut(sentence, said)
	begin := "What is named where one reads that"
	if strings.ContainsAny(said, "0123456789") {
		begin = "In what year, or at what number, does one read that"
	}
	question := begin + " " + strings.TrimSpace(before) + "?"
	t.composed.Store(question, said)
	return question
}

var prediction = regexp.MustCompile(`Prediction (\d+): (.*)`)

// best is the number of the first prediction that is an answer or a refusal, or else 1.
func (t *teacher) best(text string) string {
	for _, found := range prediction.FindAllStringSubmatch(text, -1) {
		for _, q := range t.questions {
			if q.Answer != "" && found[2] == q.Answer || answer.IsRefusal(found[2]) {
				return found[1]
			}
		}
	}
	return "1"
}

func entitiesOf(names []string) string {
	type fields map[string]string
	entities, relations := []fields{}, []fields{}
	for _, name := range names {
		entities = append(entities, fields{"name": name, "type": "place", "description": name + " is told of."})
	}
	if len(names) > 1 {
		relations = append(relations, fields{"source": names[0], "target": names[1], "description": "Both are told of."})
	}
	return written(map[string]any{"entities": entities, "relations": relations})
}

func written(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
