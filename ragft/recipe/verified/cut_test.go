package verified

import (
	"testing"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestCut(t *testing.T) {
	for _, c := range []struct{ sentence, gold, want string }{
		{"Mara Venn", "Mara Venn", "Mara Venn"},
		{"Mara Venn.", "Mara Venn", "Mara Venn"},
		{"It was Mara Venn.", "Mara Venn", "Mara Venn"},
		{"The Mara Venn.", "Mara Venn", "The Mara Venn"},
		{"The mill in the village is run by Mara Venn.", "Mara Venn", "Mara Venn"},
		{"The mill was first built by the Normans in the north of France.", "Normans", "the Normans"},
		{"The lake beside the old mill is 12 metres deep in winter.", "12", "12 metres"},
		{"The lake beside the old mill is 12 metres deep in winter.", "metres", "12 metres"},
		{"The people of the village built it in 1912, by hand.", "1912", "1912"},
		{"In 1912 Mara Venn took over the old mill.", "Mara Venn", "Mara Venn"},
		{"The people of the village built it in 1912-1915 by hand.", "1912", "1912"},
		{"The committee met for some years in Washington, D.C.", "Washington, D.C.", "Washington, D.C."},
		{"They call the keeper of the mill \"Mara Venn\" in the valley.", "Mara Venn", "Mara Venn"},
		{"The town at that time had 30 % of all the mills.", "30", "30 %"},
		{"About 12 per cent of all the mills are old.", "12", "12 per cent"},
		{"About 12 Per Cent, as far as we know today.", "12", "12 Per Cent"},
		{"About 12 per cent of all the mills are old.", "per cent", "12 per cent"},
		{"The mill may use 12 per week as far as we know.", "12", "12"},
		{"Ils avaient 12 pour cent de moulins dans ce village.", "12", "12 pour cent"},
		{"Ils ont payé 12 pour le vieux moulin du village.", "12", "12"},
		{"En 1912 ce pont était encore tout neuf et beau.", "1912", "1912"},
		{"The tower of the village was built in 1066 AD by hand.", "1066", "1066 AD"},
		{"The tower of the village was built in 50 BC by hand.", "50", "50 BC"},
		{"The tower of the village was built in 1066 CE.", "1066", "1066 CE"},
		{"They saw in 1912 ad space for the old mill in the paper.", "1912", "1912"},
		{"Of all the old mills about 12 per", "12", "12"},
	} {
		got := cut(c.sentence, []string{c.gold}, true)
		require.Equal(t, c.want, got)
		require.True(t, answer.Contains(got, []string{c.gold}))
	}
	require.Equal(t, "Mara Venn", cut("It was Mara Venn who", []string{"Mara Venn"}, false), "a text that was cut off")
	longer := []string{"Mara Venn", "Mara Venn of Orrin"}
	require.Equal(t, "Mara Venn of Orrin", cut("Mara Venn of Orrin", longer, false), "the longest reference")
}

func TestSupported(t *testing.T) {
	d := &draft{question: question.Question{Question: "Who runs the mill?", Answer: "Mara Venn"}}
	d.show([]retriever.Hit{
		{Chunk: retriever.Chunk{Text: "The mill of Orrin is kept by Mara Venn since 1912."}}, {Chunk: retriever.Chunk{Text: "Ann Lee baked."}},
	})
	for text, want := range map[string]bool{
		"Mara Venn":                          true,
		"Mara Venn of Orrin runs the mill":   true,
		"Mara Venn since 1912":               true,
		"Mara Venn since 1913":               false,
		"Mara Venn and Ann Lee":              false,
		"Mara Venn, who bakes for everybody": false,
	} {
		require.Equal(t, want, supported(text, d), text)
	}
}

func TestFirstLine(t *testing.T) {
	require.Equal(t, "Mara Venn", firstLine("\n\n Answer: Mara Venn\nQuestion: Who?"))
	require.Empty(t, firstLine(" \n...\n"))
	require.Equal(t, []string{"It is old.", "Mara Venn runs it."}, statements("It is old. Mara Venn runs it.\nNo."))
}

// What repeats the hint is no answer's own words.
func TestWithoutEcho(t *testing.T) {
	for said, want := range map[string]string{
		`The answer is "first half of the century`: "first half of the century",
		"The right answer is: the Dutch, in 1705":  "the Dutch, in 1705",
		"The correct answer is 12 metres.":         "12 metres",
		"The Act was passed in 1981.":              "The Act was passed in 1981.",
		"The answer isn't known. It is 12 metres.": "The answer isn't known. It is 12 metres.",
	} {
		require.Equal(t, want, withoutEcho(said))
	}
}

// A refusal that begins with "No" is no answer to a question of yes and no.
func TestOwnYesOrNo(t *testing.T) {
	g := &generator{judge: &judge.Judge{}}
	d := &draft{question: question.Question{Question: "Does the mill turn?", Answer: "no"}}
	for text, want := range map[string]string{
		"No, it stands still.":                      "No",
		"No information is given in the documents.": "",
	} {
		require.Equal(t, want, g.own(d, model.Sample{Text: text}), text)
	}
}
