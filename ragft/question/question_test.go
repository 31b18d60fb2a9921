package question

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestReadQuestions(t *testing.T) {
	const text = "\xef\xbb\xbf" + `{"question":" Who built it? ","answer":"Ann Lee","aliases":["A. Lee","","Ann Lee"]}

{"id":"x","question":"When?","answer":"","extra":1}
{"question":"Why?","unanswerable":true}`
	got, err := Read(strings.NewReader(text))
	require.NoError(t, err)
	require.Equal(t, []Question{
		{ID: "q1", Question: "Who built it?", Answer: "Ann Lee", Aliases: []string{"A. Lee"}},
		{ID: "x", Question: "When?", Unanswerable: true},
		{ID: "q4", Question: "Why?", Unanswerable: true},
	}, got)
	require.Equal(t, []string{"Ann Lee", "A. Lee"}, got[0].Golds())
	require.Empty(t, got[1].Golds())
}

func TestReadQuestionsNamesTheLine(t *testing.T) {
	const good = `{"question":"a?","answer":"b"}` + "\n"
	for name, c := range map[string]struct{ text, want string }{
		"broken":           {good + `{"question":`, "line 2: unexpected end of JSON input"},
		"not an object":    {good + "\n[1]", "line 3"},
		"wrong type":       {`{"question":5}`, "line 1"},
		"no question":      {good + `{"answer":"x"}`, `line 2: the field "question" is missing or empty`},
		"alias only":       {`{"question":"q","aliases":["x"]}`, `line 1: "aliases" without an "answer"`},
		"no answer":        {`{"question":"q"}`, `line 1: the field "answer" is missing: give the reference answer, or ""`},
		"answers":          {`{"question":"q","answers":["x"]}`, `line 1: the field "answers" is not read: put one answer into "answer"`},
		"gap of an answer": {`{"question":"q","answer":"x","gap":"absent"}`, `line 1: "gap" "absent" together with an "answer"`},
		"unknown gap":      {`{"question":"q","answer":"","gap":"other"}`, `line 1: "gap" is "other": it is "absent" or "altered"`},
		"contradiction":    {`{"question":"q","answer":"x","unanswerable":true}`, `line 1: "unanswerable" together`},
		"same id": {`{"id":"i","question":"q","answer":""}` + "\n" + `{"id":"i","question":"r","answer":""}`,
			`line 2: id "i" was used before, in line 1`},
		"not UTF-8":           {good + "{\"question\":\"\xff\"}", "line 2: not UTF-8"},
		"line without an end": {good + good + strings.Repeat("x", jsonl.MaxLine+1), "line 3: longer than 8388608 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Read(strings.NewReader(c.text))
			require.ErrorContains(t, err, c.want)
			var line *retriever.LineError
			require.True(t, errors.As(err, &line))
		})
	}
}

func TestQuestionFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "questions.jsonl")
	questions := []Question{{ID: "1", Question: "a <b> & c?", Answer: "d"}, {ID: "2", Question: "e?", Unanswerable: true}}
	require.NoError(t, WriteFile(path, questions))
	got, err := ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, questions, got)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), "a <b> & c?", "not escaped")

	require.NoError(t, os.WriteFile(path, []byte("{}\n"), 0o644))
	_, err = ReadFile(path)
	require.ErrorContains(t, err, path+":1: ")
	_, err = ReadFile(path + ".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A writer that fails must leave the old file and nothing else.
func TestReplaceFileKeepsTheOldOne(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rows.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("old"), 0o644))
	full := errors.New("no space left on device")
	err := atomicfile.Write(path, func(w io.Writer) error {
		_, _ = w.Write([]byte("half a li"))
		return full
	})
	require.ErrorIs(t, err, full)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(text))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func splitFixture() []Question {
	var questions []Question
	for i := range 40 {
		questions = append(questions, Question{ID: fmt.Sprint("a", i), Question: fmt.Sprintf("Question number %d?", i), Answer: "x"})
	}
	for i := range 10 {
		questions = append(questions, Question{ID: fmt.Sprint("u", i), Question: fmt.Sprintf("Riddle %d?", i), Unanswerable: true})
	}
	return questions
}

func ids(questions []Question) []string {
	var out []string
	for _, q := range questions {
		out = append(out, q.ID)
	}
	return out
}

func TestSplitQuestions(t *testing.T) {
	questions := splitFixture()
	train, held := Split(questions, 0.3, 7)
	require.Len(t, held, 15)
	require.Len(t, train, 35)
	unanswerable := 0
	for _, q := range held {
		if q.Unanswerable {
			unanswerable++
		}
	}
	require.Equal(t, 3, unanswerable, "the same share of both kinds")

	reversed := slices.Clone(questions)
	slices.Reverse(reversed)
	_, heldReversed := Split(reversed, 0.3, 7)
	require.ElementsMatch(t, ids(held), ids(heldReversed), "the order of the input does not matter")
	_, heldOther := Split(questions, 0.3, 8)
	require.NotEqual(t, ids(held), ids(heldOther), "the seed does")

	train, held = Split(questions, 0, 7)
	require.Len(t, train, 50)
	require.Empty(t, held)
	train, held = Split(questions, 1.5, 7)
	require.Empty(t, train)
	require.Len(t, held, 50)
}

func TestSplitKeepsEqualWordingsTogether(t *testing.T) {
	var questions []Question
	for i := range 30 {
		questions = append(questions,
			Question{ID: fmt.Sprint("a", i), Question: fmt.Sprintf("Who built mill %d?", i), Answer: "x"},
			Question{ID: fmt.Sprint("b", i), Question: fmt.Sprintf("who built the Mill %d", i), Answer: "x"})
	}
	train, held := Split(questions, 0.5, 3)
	require.NotEmpty(t, held)
	trained := map[string]bool{}
	for _, q := range train {
		trained[answer.Normalize(q.Question)] = true
	}
	for _, q := range held {
		require.False(t, trained[answer.Normalize(q.Question)], q.Question)
	}
}

func TestSplitGroups(t *testing.T) {
	var questions []Question
	for i := range 60 {
		group := fmt.Sprint("passage ", i/4)
		if i >= 52 {
			group = "" // of its own
		}
		q := Question{ID: fmt.Sprint(i), Question: fmt.Sprintf("Who built mill %d?", i), Group: group, Unanswerable: i%4 == 3}
		questions = append(questions, q)
	}
	train, held := SplitGroups(questions, 0.2, 5)
	require.InDelta(t, 12, len(held), 2)
	require.Len(t, train, 60-len(held))
	trained := map[string]bool{}
	for _, q := range train {
		trained[q.Group] = true
	}
	for _, q := range held {
		require.False(t, q.Group != "" && trained[q.Group], q.Group)
	}
	reversed := slices.Clone(questions)
	slices.Reverse(reversed)
	_, heldReversed := SplitGroups(reversed, 0.2, 5)
	require.ElementsMatch(t, ids(held), ids(heldReversed), "the order of the input does not matter")

	train, held = SplitGroups(questions, 0, 5)
	require.Len(t, train, 60)
	require.Empty(t, held)
	train, held = SplitGroups(questions, 1, 5)
	require.Empty(t, train)
	require.Len(t, held, 60)

	single := splitFixture()
	_, held = SplitGroups(single, 0.3, 7)
	_, want := Split(single, 0.3, 7)
	require.Equal(t, ids(want), ids(held), "without groups as Split")
	for i := range single {
		single[i].Group = "the only document"
	}
	_, held = SplitGroups(single, 0.3, 7)
	require.Equal(t, ids(want), ids(held), "one group cannot be divided")
	for i := range single[:3] {
		single[i].Group = "another"
	}
	for _, share := range []float64{0.1, 0.5, 0.9} {
		train, held = SplitGroups(single, share, 7)
		require.GreaterOrEqual(t, float64(len(held)), share*25, share)
		require.GreaterOrEqual(t, float64(len(train)), (1-share)*25, share)
	}
}

func FuzzReadQuestions(f *testing.F) {
	f.Add([]byte(`{"question":"a?","answer":"b","aliases":["c"],"id":"d"}`))
	f.Add([]byte("{\"question\":\"a?\",\"unanswerable\":true}\n\n{\"question\":\"\\u2028\"}"))
	f.Add([]byte("[]\n\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		questions, err := Read(bytes.NewReader(data))
		if err != nil {
			var line *retriever.LineError
			require.True(t, errors.As(err, &line), "%v", err)
			require.Positive(t, line.Line)
			return
		}
		for _, q := range questions {
			require.NotEmpty(t, q.ID)
			require.NotEmpty(t, q.Question)
			require.Equal(t, q.Unanswerable, len(q.Golds()) == 0)
		}
		var out bytes.Buffer
		require.NoError(t, jsonl.Write(&out, questions))
		again, err := Read(&out)
		require.NoError(t, err)
		require.Equal(t, questions, again)
	})
}

func TestQuestionIDsThatAreNumbers(t *testing.T) {
	questions, err := Read(strings.NewReader(`{"id": 12, "question": "Who?", "answer": "Ann"}` + "\n" +
		`{"id": null, "question": "What?", "answer": ""}`))
	require.NoError(t, err)
	require.Equal(t, "12", questions[0].ID)
	require.Equal(t, "q2", questions[1].ID)
	_, err = Read(strings.NewReader(`{"id": ["a"], "question": "Who?", "answer": "Ann"}`))
	require.ErrorContains(t, err, "line 1")
}

func TestMadeUpIDsDifferFromThoseGiven(t *testing.T) {
	got, err := Read(strings.NewReader(`{"question":"a?","answer":"x"}` + "\r" + `{"id":"q1","question":"b?","answer":"y"}` + "\r\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"q1#2", "q1"}, []string{got[0].ID, got[1].ID})

	got = WithIDs([]Question{{}, {ID: "#1"}, {ID: "#1#2"}, {}})
	require.Equal(t, []string{"#1#3", "#1", "#1#2", "#4"}, []string{got[0].ID, got[1].ID, got[2].ID, got[3].ID})
}
