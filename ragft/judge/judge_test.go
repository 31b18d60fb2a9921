package judge

import (
	"testing"

	"github.com/ragft/ragft/internal/decision"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
)

func TestCascade(t *testing.T) {
	for _, c := range []struct {
		name, text string
		golds      []string
		verdict    answer.Verdict
		decision   answer.Decision
	}{
		{"exact", "The Red Lion.", []string{"red lion"}, answer.Correct, decision.Match},
		{"alias", "USA", []string{"United States", "USA"}, answer.Correct, decision.Match},
		{"contained", "It was built in 1912, by hand.", []string{"1912"}, answer.Correct, decision.Match},
		{"contained number only whole", "It was built in 19123.", []string{"1912"}, answer.Incorrect, decision.NoOverlap},
		{"empty", " ", []string{"x"}, answer.Incorrect, decision.Empty},
		{"only punctuation", "...", []string{"x"}, answer.Incorrect, decision.Empty},
		{"refusal", "Sorry, the documents do not say.", []string{"1912"}, answer.Refused, decision.Refusal},
		{"refusal that holds the reference", "The documents do not name the founder of the Blue Inn.", []string{"Blue Inn"}, answer.Refused,
			decision.Refusal},
		{"refusal as the reference", "Unknown", []string{"unknown"}, answer.Correct, decision.Match},
		{"made up", "It was 1912.", nil, answer.Incorrect, decision.Unanswerable},
		{"refused rightly", "I do not know.", nil, answer.Refused, decision.Refusal},
		{"nothing in common", "a carpenter", []string{"baker"}, answer.Incorrect, decision.NoOverlap},
		{"other number", "1913", []string{"1912"}, answer.Incorrect, decision.NoOverlap},
		{"other sign", "5 °C", []string{"-5 °C"}, "", ""},
		{"the same sign, in another sign", "\u22125 °C", []string{"-5 °C"}, answer.Correct, decision.Match},
		{"the number without its sign, in a sentence", "It was -5 °C.", []string{"5 °C"}, "", ""},
		{"a fraction", "12", []string{"1/2"}, "", ""},
		{"a unit without a space", "5km", []string{"5 km"}, "", ""},
		{"thousands apart", "3 000", []string{"3000"}, "", ""},
		{"a comma for the point", "12,5", []string{"12.5"}, "", ""},
		{"a date in digits", "12/05/2020", []string{"12 May 2020"}, "", ""},
		{"number with more digits", "3 001", []string{"3000"}, answer.Incorrect, decision.NoOverlap},
		{"some overlap", "Tom Hale", []string{"Thomas Hale"}, "", ""},
		{"same stem", "a carpenter", []string{"carpentry"}, "", ""},
		{"number in words", "twelve", []string{"12"}, "", ""},
		{"number in digits", "12", []string{"twelve"}, "", ""},
		{"denial", "It was not Paris", []string{"Paris"}, "", ""},
		{"Chinese", "答案是北京。", []string{"北京"}, answer.Correct, decision.Match},
		{"another city", "上海", []string{"北京"}, answer.Incorrect, decision.NoOverlap},
		{"Chinese denial", "首都不是北京。", []string{"北京"}, "", ""},
		{"Japanese denial", "東京ではありません。", []string{"東京"}, "", ""},
		{"elision", "L'Europe", []string{"Europe"}, answer.Correct, decision.Match},
		{"denial in the reference", "It was not painted.", []string{"not painted"}, answer.Correct, decision.Match},
		{"no as an answer", "No", []string{"no"}, answer.Correct, decision.Match},
		{"no, with a reason", "No, it does not help.", []string{"no"}, answer.Correct, decision.Match},
		{"no, in a sentence", "The answer is no.", []string{"no"}, answer.Correct, decision.Match},
		{"yes, and a no within", "Yes, although no trial was blinded.", []string{"no"}, answer.Incorrect, decision.NoOverlap},
		{"yes that is meant, and a no before", "No, yes is wrong.", []string{"yes"}, answer.Incorrect, decision.NoOverlap},
		{"no evidence for it", "There is no evidence that it helps.", []string{"no"}, "", ""},
		{"a yes that does not come first", "It helps, so yes.", []string{"yes"}, "", ""},
		{"neither yes nor no", "I do not know.", []string{"no"}, answer.Refused, decision.Refusal},
		{"the documents have none", "The documents do not say.", []string{"maybe"}, answer.Refused, decision.Refusal},
		{"a refusal that begins with no", "No information is given in the documents.", []string{"no"}, answer.Refused, decision.Refusal},
		{"a refusal that begins with no, against yes", "No relevant passages were found.", []string{"yes"}, answer.Refused, decision.Refusal},
		{"such a refusal as the reference", "No answer", []string{"no answer", "no"}, answer.Correct, decision.Match},
		{"no, with a reason from the documents", "No, the information does not say so.", []string{"no"}, answer.Correct, decision.Match},
		{"no of what is asked", "No data were lost.", []string{"no"}, answer.Correct, decision.Match},
		{"no of what is asked, in the words of a refusal", "No clear benefit was found.", []string{"no"}, answer.Correct, decision.Match},
		{"either of two", "Either Paris or London.", []string{"Paris"}, "", ""},
		{"either in the reference", "On either side or both.", []string{"on either side or both"}, answer.Correct, decision.Match},
	} {
		t.Run(c.name, func(t *testing.T) {
			verdict, decided := compare(c.text, asked(c.golds), 0)
			require.Equal(t, c.verdict, verdict)
			require.Equal(t, c.decision, decided)
		})
	}
}

// Worked by hand: six of seven tokens in common on both sides, F1 6/7 = 0.857.
func TestCascadeByF1(t *testing.T) {
	golds := []string{"long grey stone bridge of 12 metres"}
	verdict, decided := compare("long grey stone crossing of 12 metres", asked(golds), 0.8)
	require.Equal(t, answer.Correct, verdict)
	require.Equal(t, decision.F1, decided)
	verdict, _ = compare("long grey stone crossing of 12 metres", asked(golds), 0.9)
	require.Empty(t, verdict, "below the threshold: open")
	verdict, _ = compare("long grey stone bridge of 13 metres", asked(golds), 0.8)
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
		votes    answer.Votes
		verdict  answer.Verdict
		decision answer.Decision
	}{
		{[]string{"yes"}, answer.Votes{Yes: 1}, answer.Correct, decision.Judge},
		{[]string{"no", "yes", "yes"}, answer.Votes{Yes: 2, No: 1}, answer.Correct, decision.Judge},
		{[]string{"no", "no", "yes"}, answer.Votes{Yes: 1, No: 2}, answer.Incorrect, decision.Judge},
		{[]string{"yes", "no", "hm"}, answer.Votes{Yes: 1, No: 1, Unparsed: 1}, answer.Incorrect, decision.Undecided},
		{[]string{"hm"}, answer.Votes{Unparsed: 1}, answer.Incorrect, decision.Undecided},
	} {
		var samples []model.Sample
		for _, reply := range c.replies {
			samples = append(samples, fake.Says(reply))
		}
		votes := countVotes(samples)
		require.Equal(t, c.votes, votes)
		verdict, decided := majority(votes)
		require.Equal(t, c.verdict, verdict, "%v", c.replies)
		require.Equal(t, c.decision, decided, "%v", c.replies)
	}
}

// asked is a question with these reference answers.
func asked(golds []string) question.Question {
	if len(golds) == 0 {
		return question.Question{Unanswerable: true}
	}
	return question.Question{Answer: golds[0], Aliases: golds[1:]}
}
