package ragft

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

func TestCascade(t *testing.T) {
	for _, c := range []struct {
		name, text string
		golds      []string
		verdict    Verdict
		decision   Decision
	}{
		{"exact", "The Red Lion.", []string{"red lion"}, Correct, ByMatch},
		{"alias", "USA", []string{"United States", "USA"}, Correct, ByMatch},
		{"contained", "It was built in 1912, by hand.", []string{"1912"}, Correct, ByMatch},
		{"contained number only whole", "It was built in 19123.", []string{"1912"}, Incorrect, ByNoOverlap},
		{"empty", " ", []string{"x"}, Incorrect, ByEmpty},
		{"only punctuation", "...", []string{"x"}, Incorrect, ByEmpty},
		{"refusal", "Sorry, the documents do not say.", []string{"1912"}, Refused, ByRefusal},
		{"refusal that holds the reference", "The documents do not name the founder of the Blue Inn.", []string{"Blue Inn"}, Refused, ByRefusal},
		{"refusal as the reference", "Unknown", []string{"unknown"}, Correct, ByMatch},
		{"made up", "It was 1912.", nil, Incorrect, ByUnanswerable},
		{"refused rightly", "I do not know.", nil, Refused, ByRefusal},
		{"nothing in common", "a carpenter", []string{"baker"}, Incorrect, ByNoOverlap},
		{"other number", "1913", []string{"1912"}, Incorrect, ByNoOverlap},
		{"some overlap", "Tom Hale", []string{"Thomas Hale"}, "", ""},
		{"same stem", "a carpenter", []string{"carpentry"}, "", ""},
		{"number in words", "twelve", []string{"12"}, "", ""},
		{"number in digits", "12", []string{"twelve"}, "", ""},
		{"denial", "It was not Paris", []string{"Paris"}, "", ""},
		{"denial in the reference", "It was not painted.", []string{"not painted"}, Correct, ByMatch},
		{"no as an answer", "No", []string{"no"}, Correct, ByMatch},
		{"no, with a reason", "No, it does not help.", []string{"no"}, Correct, ByMatch},
		{"no, in a sentence", "The answer is no.", []string{"no"}, Correct, ByMatch},
		{"yes, and a no within", "Yes, although no trial was blinded.", []string{"no"}, Incorrect, ByNoOverlap},
		{"yes that is meant, and a no before", "No, yes is wrong.", []string{"yes"}, Incorrect, ByNoOverlap},
		{"no evidence for it", "There is no evidence that it helps.", []string{"no"}, "", ""},
		{"a yes that does not come first", "It helps, so yes.", []string{"yes"}, "", ""},
		{"neither yes nor no", "I do not know.", []string{"no"}, Refused, ByRefusal},
		{"the documents have none", "The documents do not say.", []string{"maybe"}, Refused, ByRefusal},
		{"either of two", "Either Paris or London.", []string{"Paris"}, "", ""},
		{"either in the reference", "On either side or both.", []string{"on either side or both"}, Correct, ByMatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			verdict, decision := cascade(c.text, asked(c.golds), 0)
			require.Equal(t, c.verdict, verdict)
			require.Equal(t, c.decision, decision)
		})
	}
}

// Worked by hand: six of seven tokens in common on both sides, F1 6/7 = 0.857.
func TestCascadeByF1(t *testing.T) {
	golds := []string{"long grey stone bridge of 12 metres"}
	verdict, decision := cascade("long grey stone crossing of 12 metres", asked(golds), 0.8)
	require.Equal(t, Correct, verdict)
	require.Equal(t, ByF1, decision)
	verdict, _ = cascade("long grey stone crossing of 12 metres", asked(golds), 0.9)
	require.Empty(t, verdict, "below the threshold: open")
	verdict, _ = cascade("long grey stone bridge of 13 metres", asked(golds), 0.8)
	require.Empty(t, verdict, "another number: open, however many words agree")
}

func TestParseVote(t *testing.T) {
	for text, want := range map[string]string{
		"yes": "yes", "Yes.": "yes", " NO, it does not": "no", "**Yes**": "yes",
		"The answer agrees: yes": "yes", "I would say no.": "no",
		"": "", "maybe": "", "either yes or no": "", "yesterday": "", "None": "",
		"No, yes would be wrong": "no",
	} {
		yes, ok := parseVote(text)
		got := ""
		if ok {
			got = map[bool]string{true: "yes", false: "no"}[yes]
		}
		require.Equal(t, want, got, "%q", text)
	}
}

func TestVotes(t *testing.T) {
	for _, c := range []struct {
		replies  []string
		votes    Votes
		verdict  Verdict
		decision Decision
	}{
		{[]string{"yes"}, Votes{Yes: 1}, Correct, ByJudge},
		{[]string{"no", "yes", "yes"}, Votes{Yes: 2, No: 1}, Correct, ByJudge},
		{[]string{"no", "no", "yes"}, Votes{Yes: 1, No: 2}, Incorrect, ByJudge},
		{[]string{"yes", "no", "hm"}, Votes{Yes: 1, No: 1, Unparsed: 1}, Incorrect, ByUndecided},
		{[]string{"hm"}, Votes{Unparsed: 1}, Incorrect, ByUndecided},
	} {
		var samples []ChatSample
		for _, reply := range c.replies {
			samples = append(samples, says(reply))
		}
		votes := countVotes(samples)
		require.Equal(t, c.votes, votes)
		verdict, decision := votes.verdict()
		require.Equal(t, c.verdict, verdict, "%v", c.replies)
		require.Equal(t, c.decision, decision, "%v", c.replies)
	}
}

// The judge is asked once for each open text, with all references in view,
// and equal texts keep their own places.
func TestJudgeIsAskedOnlyForWhatIsOpen(t *testing.T) {
	model := alwaysSays("yes")
	g := newGenerator(model, fixedSearch{}, GenerateOptions{Judge: JudgeOptions{Votes: 3}})
	d := &draft{question: Question{ID: "q", Question: "Who?", Answer: "Thomas Hale", Aliases: []string{"T. Hale"}},
		candidates: []Candidate{{Text: "Thomas Hale"}, {Text: "Tom Hale"}, {Text: "Tom Hale"}, {Text: "Ann"}, {Text: ""}}}
	require.NoError(t, g.judge(t.Context(), []*draft{d}))
	require.Len(t, model.requests, 1)
	require.Equal(t, 3, model.requests[0].Samples)
	require.Equal(t, "Question: Who?\nReference: Thomas Hale / T. Hale\nAnswer: Tom Hale", model.requests[0].Messages[1].Content)
	var verdicts []Verdict
	for _, c := range d.candidates {
		verdicts = append(verdicts, c.Verdict)
	}
	require.Equal(t, []Verdict{Correct, Correct, Correct, Incorrect, Incorrect}, verdicts)
	require.Equal(t, &Votes{Yes: 3}, d.candidates[1].Votes)
	require.NotSame(t, d.candidates[1].Votes, d.candidates[2].Votes)
	require.Nil(t, d.candidates[0].Votes)

	none := alwaysSays("yes")
	g = newGenerator(none, fixedSearch{}, GenerateOptions{Judge: JudgeOptions{Votes: -1}})
	d.candidates = []Candidate{{Text: "Tom Hale"}}
	require.NoError(t, g.judge(t.Context(), []*draft{d}))
	require.Zero(t, none.calls)
	require.Equal(t, Incorrect, d.candidates[0].Verdict)
}

// asked is a question with these reference answers.
func asked(golds []string) Question {
	if len(golds) == 0 {
		return Question{Unanswerable: true}
	}
	return Question{Answer: golds[0], Aliases: golds[1:]}
}

func TestAnswerOfSeveralParts(t *testing.T) {
	q := Question{Answer: "Ann Lee, Orrin", Parts: [][]string{{"Ann Lee", "A. Lee"}, {"Orrin"}}}
	for text, want := range map[string]Verdict{
		"Ann Lee built it on Orrin.":        Correct,
		"On Orrin, by A. Lee.":              Correct,
		"Ann Lee built it.":                 "", // half of it: the judge decides
		"It was not Ann Lee, nor on Orrin.": "",
		"The documents do not say.":         Refused,
		"Zebras":                            Incorrect,
	} {
		verdict, _ := cascade(text, q, 0)
		require.Equal(t, want, verdict, text)
	}
	hit := func(text string) retriever.Hit { return retriever.Hit{Chunk: retriever.Chunk{Text: text}} }
	require.Equal(t, Present, labelContext(q, []retriever.Hit{hit("Ann Lee"), hit("on Orrin")}))
	require.Equal(t, Absent, labelContext(q, []retriever.Hit{hit("Ann Lee"), hit("on Skell")}))

	r := Record{Answer: "Ann Lee built it on Orrin.", Verdict: Correct}
	r.score(q)
	require.True(t, r.Contains, "all parts")
	require.InDelta(t, 2.0/3, r.F1, 1e-12) // against the whole answer: P 3/6, R 3/3
	r = Record{Answer: "Ann Lee built it.", Verdict: Incorrect}
	r.score(q)
	require.False(t, r.Contains, "one of two")
}
