package dataset

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
)

// One small file in each format, written here in the shape of the published ones.
var files = map[Format]string{
	SQuAD: `{"version": "v2.0", "data": [{"title": "Mills", "paragraphs": [{"context": "The mill was built in 1912.", "qas": [
		{"id": "a", "question": "When was the mill built?", "answers": [{"text": "1912", "answer_start": 22}, {"text": "1912", ` +
		`"answer_start": 22}, {"text": "in 1912", "answer_start": 19}], "is_impossible": false},
		{"id": "b", "question": "Who built the mill?", "answers": [], "plausible_answers": [{"text": "1912"}], "is_impossible": ` +
		`true}]}]}]}`,
	NQOpen: `{"question": "who keeps the light", "answer": ["Ann Lee", "A. Lee"]}
{"question": "where is the light", "answers": ["Orrin"], "ctxs": [{"title": "Light", "text": "It stands on Orrin.", "hasanswer": true, ` +
		`"isgold": true}, {"title": "Sea", "text": "The sea is deep.", "hasanswer": false, "isgold": false}]}`,
	PopQA: "id\tsubj\tprop\tquestion\tpossible_answers\n7\tGeorge\toccupation\tWhat is George's occupation?\t[\"politician\", " +
		"\"pol\"]\n8\tG\to\t\"Who wrote \"\"It\"\"?\"\t\"[\"\"Ann\"\"]\"\n",
	PubMedQA: `{"21": {"QUESTION": "Does it help?", "CONTEXTS": ["We tried.", "It did."], "LABELS": ["METHODS", "RESULTS"], ` +
		`"final_decision": "yes", "LONG_ANSWER": "It helps."},
		"22": {"QUESTION": "Unlabelled?", "CONTEXTS": ["x"], "LABELS": ["METHODS"]}}`,
	RGB: `{"id": 0, "query": "When?", "answer": [["January 2 2022", "Jan 2, 2022"]], "positive": ["On January 2 2022."], "negative": ` +
		`["Rain."]}
{"id": 1, "query": "Who and where?", "answer": [["Ann", "A."], "Orrin"], "positive": [["Ann did."], ["On Orrin."]], "negative": ["Rain."]}
{"id": 2, "query": "Who won?", "answer": "Bob", "fakeanswer": "Carl", "positive": ["Bob won."], "positive_wrong": ["Carl won."], ` +
		`"negative": []}`,
	CLAPnq: `{"id": "13", "input": "where does the name come from", "passages": [{"title": "Name", "text": "From Segovia .", ` +
		`"sentences": ["From Segovia ."]}], "output": [{"answer": "From Segovia.", "selected_sentences": ["From Segovia .&"], "meta": ` +
		`{"round": 2}}]}
{"id": 2769033134349167616, "input": "where does the symbol come from", "passages": [{"title": "Hakuna", "text": "A saying .", ` +
		`"sentences": []}], "output": [{"answer": null, "meta": null}]}`,
	MTRAG: `{"task_id": "c<::>2", "Answerability": ["ANSWERABLE"], "contexts": [{"document_id": "d", "title": "Cards", "text": "In ` +
		`London.", "score": 3}], "input": [{"speaker": "user", "text": "Do they play?"}, {"speaker": "agent", "text": "Yes."}, ` +
		`{"speaker": "user", "text": "Where?"}], "targets": [{"speaker": "agent", "text": "In London."}]}
{"task_id": "c<::>3", "Answerability": ["UNANSWERABLE"], "contexts": [], "input": [{"speaker": "user", "text": "Why?"}], "targets": ` +
		`[{"speaker": "agent", "text": "I do not know."}]}
{"task_id": "c<::>4", "Answerability": ["CONVERSATIONAL"], "contexts": [], "input": [{"speaker": "user", "text": "Thanks"}], "targets": ` +
		`[{"speaker": "agent", "text": "Welcome."}]}`,
	Plain: `{"question": "When?", "answer": "1912", "aliases": ["in 1912"], "passages": [{"title": "Mill", "text": "Built in 1912."}]}
{"id": "own", "question": "Who?", "answer": ""}`,
}

func TestReadsAndDetectsEveryFormat(t *testing.T) {
	require.Len(t, files, len(Formats()))
	q := func(id, text string, answers ...string) question.Question {
		q := question.Question{ID: id, Question: text, Unanswerable: len(answers) == 0}
		if len(answers) > 0 {
			q.Answer, q.Aliases = answers[0], answers[1:]
		}
		return q
	}
	want := map[Format][]Item{
		SQuAD: {
			{Question: q("a", "When was the mill built?", "1912", "in 1912"),
				Evidence: []Passage{{"Mills", "The mill was built in 1912."}}},
			{Question: q("b", "Who built the mill?"), Evidence: []Passage{{"Mills", "The mill was built in 1912."}}},
		},
		NQOpen: {
			{Question: q("nq-1", "who keeps the light", "Ann Lee", "A. Lee")},
			{Question: q("nq-2", "where is the light", "Orrin"), Evidence: []Passage{{"Light", "It stands on Orrin."}},
				Distractors: []Passage{{"Sea", "The sea is deep."}}},
		},
		PopQA: {
			{Question: q("7", "What is George's occupation?", "politician", "pol")},
			{Question: q("8", `Who wrote "It"?`, "Ann")},
		},
		PubMedQA: {{Question: q("21", "Does it help?", "yes"), Evidence: []Passage{{"METHODS", "We tried."}, {"RESULTS", "It did."}}}},
		RGB: {
			{Question: q("rgb-0", "When?", "January 2 2022", "Jan 2, 2022"), Evidence: []Passage{{Text: "On January 2 2022."}},
				Distractors: []Passage{{Text: "Rain."}}},
			{Question: q("rgb-1", "Who and where?", "Ann, Orrin"), Evidence: []Passage{{Text: "Ann did."}, {Text: "On Orrin."}},
				Distractors: []Passage{{Text: "Rain."}}},
			{Question: q("rgb-2", "Who won?", "Bob"), Evidence: []Passage{{Text: "Bob won."}}, Altered: []Passage{{Text: "Carl won."}},
				False: "Carl"},
		},
		CLAPnq: {
			{Question: q("13", "where does the name come from", "From Segovia."), Evidence: []Passage{{"Name", "From Segovia ."}}},
			{Question: q("2769033134349167616", "where does the symbol come from"), Evidence: []Passage{{"Hakuna", "A saying ."}}},
		},
		MTRAG: {
			{Question: q("c<::>2", "Where?", "In London."), Evidence: []Passage{{"Cards", "In London."}}},
			{Question: q("c<::>3", "Why?")},
		},
		Plain: {
			{Question: q("q1", "When?", "1912", "in 1912"), Evidence: []Passage{{"Mill", "Built in 1912."}}},
			{Question: q("own", "Who?")},
		},
	}
	want[SQuAD][0].Group, want[SQuAD][1].Group = "Mills/0", "Mills/0"
	want[SQuAD][1].Gap = question.GapAltered
	want[MTRAG][0].History = []model.Message{{Role: "user", Content: "Do they play?"}, {Role: "assistant", Content: "Yes."}}
	want[PubMedQA][0].Question.Evidence = []string{"We tried.", "It did."} // "yes" tells no passage from another
	want[RGB][1].Parts = [][]string{{"Ann", "A."}, {"Orrin"}}
	for format, text := range files {
		for _, asked := range []Format{Detect, format} {
			set, err := Read(strings.NewReader(text), asked)
			require.NoError(t, err, format)
			require.Equal(t, format, set.Format)
			require.Equal(t, len(want[format]), len(set.Items), format)
			for i, w := range want[format] {
				got := set.Items[i]
				require.Equal(t, w.Golds(), got.Golds())
				if len(w.Aliases) == 0 {
					w.Aliases, got.Aliases = nil, nil
				}
				if len(w.Evidence)+len(w.Distractors)+len(w.Altered) == 0 {
					got.Evidence, got.Distractors, got.Altered = nil, nil, nil
				}
				if len(w.Altered) == 0 {
					got.Altered = nil
				}
				if len(w.Distractors) == 0 {
					got.Distractors = nil
				}
				require.Equal(t, w, got)
			}
		}
	}
}

func TestSkippedIsCounted(t *testing.T) {
	set, err := Read(strings.NewReader(files[MTRAG]), Detect)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"conversational": 1}, set.Skipped)
	set, err = Read(strings.NewReader(files[PubMedQA]), Detect)
	require.NoError(t, err)
	require.Equal(t, map[string]int{"no decision": 1}, set.Skipped)
}

// Whatever the format, nothing is lost on the way through a plain file, and package ragft reads its questions.
func TestWritePlain(t *testing.T) {
	for format, text := range files {
		set, err := Read(strings.NewReader(text), format)
		require.NoError(t, err)
		path := filepath.Join(t.TempDir(), "questions.jsonl")
		require.NoError(t, set.WriteFile(path))
		back, err := ReadFile(path, Plain)
		require.NoError(t, err)
		var before, after bytes.Buffer
		require.NoError(t, set.Write(&before))
		require.NoError(t, back.Write(&after))
		require.Equal(t, before.String(), after.String())
		questions, err := question.ReadFile(path)
		require.NoError(t, err)
		require.Len(t, questions, len(set.Items))
		for i, q := range questions {
			require.Equal(t, set.Items[i].Golds(), q.Golds(), "of %s", format)
			require.Equal(t, set.Items[i].History, q.History)
			require.Equal(t, set.Items[i].ID, q.ID)
			require.Equal(t, len(set.Items[i].Evidence), len(back.Evidence()[q.ID]))
			require.Equal(t, len(set.Items[i].Distractors), len(back.Distractors()[q.ID]))
		}
		for id, altered := range back.Altered() {
			require.Equal(t, []string{"rgb-2", "Carl", "Carl won."}, []string{id, altered.False, altered.Shown[0].Text})
		}
		require.Equal(t, format == RGB, len(back.Altered()) == 1)
	}
	long := Set{Items: []Item{{Question: question.Question{ID: "a", Question: "Q?"},
		Evidence: []Passage{{Text: strings.Repeat("x", jsonl.MaxLine)}}}}}
	require.ErrorContains(t, long.Write(io.Discard), "question a")
}

func TestDocumentsAreDistinct(t *testing.T) {
	set, err := Read(strings.NewReader(files[SQuAD]), Detect)
	require.NoError(t, err)
	documents := set.Documents()
	require.Len(t, documents, 1)
	require.Equal(t, "Mills", documents[0].Title)
	require.Equal(t, "squad/1", documents[0].Source)
	require.Len(t, set.Questions(), 2)
}

func TestWhatIsUnanswerableIsSaid(t *testing.T) {
	for format, text := range map[Format]string{
		Plain:  `{"question": "q", "unanswerable": true}`,
		NQOpen: `{"question": "q", "answers": []}`,
		SQuAD:  `{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": 7, "question": "q", "answers": []}]}]}]}`,
	} {
		set, err := Read(strings.NewReader(text), Detect)
		require.NoError(t, err, format)
		require.Equal(t, format, set.Format)
		require.True(t, set.Items[0].Unanswerable, format)
	}
}

// Questions about one paragraph are one group, also where articles share a title or have none.
func TestParagraphsOfSQuADAreGroups(t *testing.T) {
	paragraph := `{"context": "c", "qas": [{"question": "A?", "answers": [{"text": "c"}]}, {"question": "B?", "answers": []}]}`
	article := func(title string, n int) string {
		return `{` + title + `"paragraphs": [` + strings.TrimSuffix(strings.Repeat(paragraph+",", n), ",") + `]}`
	}
	set, err := Read(strings.NewReader(`{"data": [`+strings.Join([]string{article(`"title": "T",`, 2), article(`"title": "T",`, 1),
		article("", 1), article("", 1)}, ",")+`]}`), Detect)
	require.NoError(t, err)
	var groups []string
	for i, item := range set.Items {
		groups = append(groups, item.Group)
		require.Equal(t, item.Unanswerable, item.Gap == question.GapAltered, i)
	}
	require.Equal(t, []string{"T/0", "T/0", "T/1", "T/1", "T/2", "T/2", "squad/0", "squad/0", "squad/1", "squad/1"}, groups)
}

// As some published files have it: ids that are numbers, and NaN, which is not JSON.
func TestNumbersOfOtherWriters(t *testing.T) {
	set, err := Read(strings.NewReader(`{"data": [{"paragraphs": [{"context": "Built in 1912.", "qas": [{"id": 262, "question": `+
		`"When?", "answers": [{"text": "1912"}]}]}]}]}`), Detect)
	require.NoError(t, err)
	require.Equal(t, "262", set.Items[0].ID)
	set, err = Read(strings.NewReader(`{"id": 7, "question": "When?", "answer": "1912"}`+"\n"+`{"id": null, "question": "Who?", `+
		`"answer": "Ann"}`), Detect)
	require.NoError(t, err)
	require.Equal(t, []string{"7", "q2"}, []string{set.Items[0].ID, set.Items[1].ID})
	require.Equal(t, `{"a": null, "b": [null, null, -1], "NaN \" Infinity": "NaN"}`+"\n"+`"broken`+"\n"+`{"c": null}null`,
		string(nullNaN([]byte(`{"a": NaN, "b": [Infinity, -Infinity, -1], "NaN \" Infinity": "NaN"}`+"\n"+`"broken`+"\n"+`{"c": NaN}NaN`))))
	set, err = Read(strings.NewReader(strings.Replace(files[MTRAG], `"score": 3`, `"score": NaN`, 1)), Detect)
	require.NoError(t, err)
	require.Len(t, set.Items, 2)
}

func TestRepeatedIDsStayApart(t *testing.T) {
	set, err := Read(strings.NewReader(`{"id": "x", "question": "A?", "answer": "1"}`+"\n"+`{"id": "x", "question": "B?", "answer": `+
		`"2"}`), Plain)
	require.NoError(t, err)
	require.Equal(t, "x", set.Items[0].ID)
	require.Equal(t, "x#2", set.Items[1].ID)
}

func TestBadFiles(t *testing.T) {
	for _, c := range []struct {
		format     Format
		text, want string
	}{
		{Detect, "", "empty"},
		{Detect, "hello", "neither with a JSON object"},
		{Detect, `{"colour": 1}`, "unknown format"},
		{Detect, `{"question": `, "unexpected EOF"},
		{"trivia", `{}`, "known are"},
		{SQuAD, `{"data": []}`, "no questions"},
		{SQuAD, `{"data": 5}`, "cannot unmarshal"},
		{NQOpen, `{"question": "q", "answer": ["a"]}` + "\n" + `{"question": "q"}`, "line 2"},
		{NQOpen, `{"question": "q", "answer": ["a"]}` + "\n" + `{"question`, "line 2"},
		{PopQA, "id\tquestion\n", `no column "possible_answers"`},
		{PopQA, "id\tquestion\tpossible_answers\n1\tq\n", "line 2: 2 columns"},
		{PopQA, "id\tquestion\tpossible_answers\n1\tq\tnope\n", "line 2: possible_answers"},
		{RGB, `{"id": 1, "query": "q", "answer": [], "positive": [], "negative": []}`, "line 1"},
		{MTRAG, `{"task_id": "t", "input": []}`, "no turns"},
		{Plain, `{"answer": "a"}`, `"question" is missing`},
		{Plain, `{"question": "q", "answer": "a"}` + "\n" + `{"question": "q"}`, `line 2: the field "answer" is missing`},
		{SQuAD, `{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "x", "question": "q"}]}]}]}`,
			`question x: "answers" is missing`},
		{Plain, `{"question": "q", "answer": "a", "unanswerable": true}`, "together"},
	} {
		_, err := Read(strings.NewReader(c.text), c.format)
		require.ErrorContains(t, err, c.want, "%s: %s", c.format, c.text)
	}
	_, err := ReadFile(filepath.Join(t.TempDir(), "none.json"), Detect)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func FuzzRead(f *testing.F) {
	for _, text := range files {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range append(Formats(), Detect) {
			set, err := Read(strings.NewReader(text), format)
			if err != nil {
				continue
			}
			for _, item := range set.Items {
				require.NotEmpty(t, item.ID)
				require.NotEmpty(t, item.Question.Question)
				require.Equal(t, item.Unanswerable, len(item.Golds()) == 0)
			}
			set.Documents()
		}
	})
}

// Published files, where they are at hand: RAGFT_DATASETS names a folder with them.
func TestPublishedFiles(t *testing.T) {
	dir := os.Getenv("RAGFT_DATASETS")
	if dir == "" {
		t.Skip("set RAGFT_DATASETS to a folder with published sets to read them")
	}
	for file, want := range map[string]int{"squad2-dev/dev-v2.0.json": 2828, "nq-oracle/nq-open-oracle.jsonl": 2655,
		"pubmedqa/ori_pqal.json": 1000} {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err != nil {
			t.Logf("%s is not there", file)
			continue
		}
		set, err := ReadFile(path, Detect)
		require.NoError(t, err)
		require.Len(t, set.Items, want, file)
		require.NotEmpty(t, set.Documents())
	}
}
