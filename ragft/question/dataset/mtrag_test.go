package dataset

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/question"
)

// mtragLine is a task of one turn, answered "It is." but where the fields say otherwise.
func mtragLine(id, fields, contexts string) string {
	return `{"task_id": "` + id + `", ` + fields + `, "contexts": [` + contexts +
		`], "input": [{"speaker": "user", "text": "Is it?"}], "targets": [{"speaker": "agent", "text": "It is."}]}` + "\n"
}

func texts(list []Passage) (out []string) {
	for _, p := range list {
		out = append(out, p.Text)
	}
	return out
}

// What a search found is evidence only where an annotator took it for that.
func TestMTRAGEvidenceIsWhatIsMarked(t *testing.T) {
	const found = `{"document_id": "a", "text": "Found alone.", "score": 3}, {"document_id": "b", "text": "Taken.", "reference": true}, ` +
		`{"text": "Said yes of.", "feedback": {"relevant": {"x": {"value": "no", "timestamp": 1}, "y": {"value": "yes"}}}}, {"text": ` +
		`"Said no of.", "feedback": {"relevant": {"x": {"value": "no"}}}}`
	set, err := Read(strings.NewReader(
		mtragLine("a", `"Answerability": ["ANSWERABLE"]`, found)+
			mtragLine("u", `"Answerability": ["UNANSWERABLE"]`, found)+
			mtragLine("alone", `"Answerability": ["ANSWERABLE"]`, `{"text": "Found alone."}`)), Detect)
	require.NoError(t, err)
	require.Len(t, set.Items, 3)
	a, u, alone := set.Items[0], set.Items[1], set.Items[2]
	require.Equal(t, []string{"Taken.", "Said yes of."}, texts(a.Evidence))
	require.Equal(t, []string{"Said no of."}, texts(a.Distractors))
	require.Equal(t, []string{"Taken.", "Said yes of."}, a.Question.Evidence, "the words of the answer stand in neither")
	require.Equal(t, []string{"Found alone.", "Said no of."}, texts(u.Distractors), "nothing answers it")
	require.Empty(t, alone.Evidence)
	require.Empty(t, alone.Distractors)
	require.Empty(t, alone.Question.Evidence)

	set, err = Read(strings.NewReader(mtragLine("s", `"Answerability": ["ANSWERABLE"]`,
		`{"document_id": "a", "text": "A synthetic task has no marks."}`)), Detect)
	require.NoError(t, err)
	require.Equal(t, []string{"A synthetic task has no marks."}, set.Items[0].Question.Evidence)
}

func TestMTRAGAnswerability(t *testing.T) {
	set, err := Read(strings.NewReader(
		mtragLine("yes", `"answerability": ["ANSWERABLE"]`, "")+
			mtragLine("partly", `"Answerability": "PARTIAL"`, "")+
			mtragLine("no", `"answerability": ["UNANSWERABLE"]`, "")+
			mtragLine("vague", `"Answerability": ["UNDERSPECIFIED"]`, "")+
			mtragLine("thanks", `"Answerability": ["CONVERSATIONAL"]`, "")+
			mtragLine("nothing", `"Answerability": NaN`, "")+
			strings.Replace(mtragLine("turn", `"Answerability": NaN`, ""), `"Is it?"`,
				`"Is it?", "enrichments": {"answerability": ["UNANSWERABLE"]}`, 1)+
			strings.Replace(mtragLine("silent", `"Answerability": ["ANSWERABLE"]`, ""), `{"speaker": "agent", "text": "It is."}`, "",
				1)), Detect)
	require.NoError(t, err)
	unanswerable := map[string]bool{}
	for _, q := range set.Questions() {
		unanswerable[q.ID] = q.Unanswerable
		require.Equal(t, q.Unanswerable, q.Answer == "")
	}
	require.Equal(t, map[string]bool{"yes": false, "partly": false, "no": true, "turn": true}, unanswerable)
	require.Equal(t, map[string]int{"underspecified": 1, "conversational": 1, "no answerability": 1, "no target": 1}, set.Skipped)

	_, err = Read(strings.NewReader(mtragLine("a", `"turn": 1`, "")+mtragLine("b", `"turn": 2`, "")), MTRAG)
	require.ErrorIs(t, err, question.ErrNone)
	require.ErrorContains(t, err, "2 skipped: no answerability")
}

// As the published files have it, beside what their descriptions say.
func TestFormsOfPublishedFiles(t *testing.T) {
	set, err := Read(strings.NewReader(`{"id": "-12", "input": "why is the mill red", "passages": [{"title": "Mill", "text": "It was `+
		`painted .", "sentences": ["It was painted ."]}], "output": [{"answer": "", "meta": {"skip": false, "non_consecutive": false, `+
		`"round": 0, "annotator": [], "has_minimal_answer": false}, "selected_sentences": []}]}
{"id": "13", "input": "who painted it", "passages": [{"title": "Mill", "text": "Ann painted the mill . It is old . Bo helped her .", `+
		`"sentences": []}], "output": [{"answer": "Ann and Bo did.", "selected_sentences": ["Ann painted the mill ."], "meta": `+
		`{"round": 1}}, {"answer": "It was Ann, and Bo helped.", "selected_sentences": [], "meta": {"round": 2}}]}`), Detect)
	require.NoError(t, err)
	require.Equal(t, CLAPnq, set.Format)
	require.True(t, set.Items[0].Unanswerable)
	require.Equal(t, "-12", set.Items[0].ID)
	require.Equal(t, []string{"Ann and Bo did.", "It was Ann, and Bo helped."}, set.Items[1].Golds(), "both rounds")
	require.Equal(t, []string{"Ann painted the mill . It is old . Bo helped her ."}, set.Items[1].Question.Evidence)

	set, err = Read(strings.NewReader(`{"id": 4, "query": "When and where?", "answer": ["May 3", ["Orrin", "the isle"]], "answer1": `+
		`["May 3"], "answer2": ["Orrin"], "positive": [["On May 3.", "May 3 it was."], ["In Orrin."]], "negative": ["Rain."]}`), Detect)
	require.NoError(t, err)
	require.Equal(t, [][]string{{"May 3"}, {"Orrin", "the isle"}}, set.Items[0].Parts)
	require.Len(t, set.Items[0].Evidence, 3)
}
