package ragft

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// innText is a document of which the passages are slices.
const innText = "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee.\n\n" +
	"Café guests pay 3 marks – tea included. Dr. Hale keeps nine horses there! The mill was opened in 1912 too."

func innHits() []retriever.Hit {
	cut := len("The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee.")
	first := passage("inn.md", "The Blue Inn", innText[:cut], 0)
	second := passage("inn.md", "The Blue Inn", innText[cut+2:], cut+2)
	return []retriever.Hit{second, first}
}

func TestCitationsPointAtTheSource(t *testing.T) {
	for _, c := range []struct {
		name, question, answer string
		quotes                 []string
		markers                []int
	}{
		{"a short answer", "Who opened the Blue Inn?", "Ann Lee", []string{"It was opened in 1912 by Ann Lee."}, []int{0}},
		{"of two sentences, the one that is asked about", "When was the inn opened by Ann Lee?", "1912",
			[]string{"It was opened in 1912 by Ann Lee."}, []int{0}},
		{"and the other one", "When was the mill opened?", "in 1912", []string{"The mill was opened in 1912 too."}, []int{0}},
		{"offsets are bytes", "What do guests pay at the inn?", "3 marks", []string{"Café guests pay 3 marks – tea included."}, []int{0}},
		{"an abbreviation ends no sentence", "Who keeps horses at the inn?", "Dr. Hale", []string{"Dr. Hale keeps nine horses there!"}, []int{0}},
		{"other words, the same facts", "Where is the inn?", "The Blue Inn is in Dunmore", []string{"The Blue Inn stands in Dunmore."}, []int{0}},
		{"two statements", "Tell me about the inn.", "It was opened in 1912 by Ann Lee. Dr. Hale keeps nine horses.",
			[]string{"It was opened in 1912 by Ann Lee.", "Dr. Hale keeps nine horses there!"}, []int{0, 0}},
		{"not supported", "Who opened the Blue Inn?", "Tom Fox", nil, nil},
		{"another number", "When was the inn opened?", "It was opened in 1913 by Ann Lee.", nil, nil},
		{"words without a link to the question", "What colour is Zorbo?", "nine", nil, nil},
		{"a marker", "Who opened it?", "Ann Lee [2].", []string{"It was opened in 1912 by Ann Lee."}, []int{2}},
		{"markers in one bracket", "Tell me.", "It opened in 1912 [2, 1][2].",
			[]string{"It was opened in 1912 by Ann Lee.", "The mill was opened in 1912 too."}, []int{2, 1}},
		{"each marker has its own statement", "Tell me.", "It stands in Dunmore. [2] Guests pay 3 marks [1].",
			[]string{"The Blue Inn stands in Dunmore.", "Café guests pay 3 marks – tea included."}, []int{2, 1}},
		{"a marker in words", "Who opened it?", "Ann Lee [Document 2]", []string{"It was opened in 1912 by Ann Lee."}, []int{2}},
		{"a marker without support names the passage", "Who opened it?", "Tom Fox [2]",
			[]string{"The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee."}, []int{2}},
		{"a number beyond the passages is no marker", "Who opened the inn?", "Ann Lee [7]", []string{"It was opened in 1912 by Ann Lee."}, []int{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			citations := cite(c.question, c.answer, innHits())
			var quotes []string
			var markers []int
			for _, citation := range citations {
				quotes, markers = append(quotes, citation.Quote), append(markers, citation.Marker)
				require.Equal(t, innText[citation.Start:citation.End], citation.Quote, "offsets in the source")
				require.Equal(t, "inn.md", citation.Source)
				require.Equal(t, "The Blue Inn", citation.Title)
				require.Equal(t, citation.Chunk.Text, innText[citation.Chunk.Start:citation.Chunk.End])
			}
			require.Equal(t, c.quotes, quotes)
			require.Equal(t, c.markers, markers)
		})
	}
}

func TestWrittenCitations(t *testing.T) {
	const opened, mill = "It was opened in 1912 by Ann Lee.", "The mill was opened in 1912 too."
	for _, c := range []struct {
		name, answer    string
		places, nowhere []string
		markers         []int
	}{
		{"a quote", `The document says: "` + opened + `"`, []string{opened}, nil, []int{0}},
		{"a quote that is in no passage", `The document says: "The inn was founded by Tom Fox long ago."`,
			nil, []string{"The inn was founded by Tom Fox long ago."}, nil},
		{"one of each", `"` + opened + `" and "founded by Tom Fox long ago"`, []string{opened}, []string{"founded by Tom Fox long ago"}, []int{0}},
		{"nothing cited", "Ann Lee", nil, nil, nil},
		{"a name in quotation marks", `"Ann Lee"`, nil, nil, nil},
		{"a number beyond the passages, twice", "Ann Lee [7]. Yes [7, 0].", nil, []string{"[7]", "[0]"}, nil},
		{"a quote and its number", `"` + opened + `" [2]`, []string{opened}, nil, []int{2}},
		{"a quote with the number of another passage", `"` + opened + `" [1]`,
			[]string{opened, innText[len(innText)-len(innHits()[0].Text):]}, nil, []int{0, 1}},
		{"the number of a made-up quote", `"founded by Tom Fox long ago" [1]`, nil, []string{"founded by Tom Fox long ago"}, nil},
		{"a number, then a quote", `It was Ann Lee [2]. "` + mill + `"`, []string{mill, opened}, nil, []int{0, 2}},
		{"a closing mark of the writer's own", `"It was opened in 1912," he writes`, []string{"It was opened in 1912"}, nil, []int{0}},
		{"a quote that does not end", `The document says: "It was opened in 1912`, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			places, nowhere := written("Who opened the inn?", c.answer, innHits())
			var quotes []string
			var markers []int
			for _, p := range places {
				quotes, markers = append(quotes, p.Quote), append(markers, p.Marker)
				require.False(t, p.Attributed)
			}
			require.Equal(t, c.places, quotes)
			require.Equal(t, c.markers, markers)
			require.Equal(t, c.nowhere, nowhere)
		})
	}
	shown := cite("Who opened the inn?", "Ann Lee [7]", innHits())
	require.Len(t, shown, 1, "for a reader, the place that it rests on is still found")
	require.True(t, shown[0].Attributed)
}

func TestQuotesWithinQuotes(t *testing.T) {
	const sentence = `Ann Lee said "nobody stays hungry here" and opened the “Blue Inn” in 1912.`
	oracle := passage("inn.md", "", "It is old. "+sentence+" It is full.", 0)
	target := quoteTarget(Question{Question: "Who opened the inn?", Answer: "Ann Lee"}, oraclesOf(Question{Answer: "Ann Lee"}, []retriever.Hit{oracle}))
	require.Equal(t, "The document says: \"Ann Lee said 'nobody stays hungry here' and opened the “Blue Inn” in 1912.\"\nAnswer: Ann Lee", target)
	for _, answer := range []string{
		target,
		`The document says: "` + sentence + `"`,
		`The document says: “` + sentence + `”`,
		`("` + sentence + `")`,
		"He never closes \"this mark, but `" + `"` + sentence + `"` + "`.",
	} {
		places, nowhere := written("", answer, []retriever.Hit{oracle})
		require.Empty(t, nowhere, answer)
		require.Len(t, places, 1, answer)
		require.Equal(t, sentence, places[0].Quote, answer)
	}
	places, nowhere := written("", `"`+"`"+`"nobody stays hungry here"`+"`"+`, said Ann Tom Fox Lee"`, []retriever.Hit{oracle})
	require.Empty(t, places)
	require.Len(t, nowhere, 1, "a true quote within a false one is not counted for itself")
}

// Worked by hand. Six answerable questions, each with the two passages of the inn.
func TestCitationMetrics(t *testing.T) {
	hits := innHits()
	found := fixedHits(hits)
	ask := func(id, answer string) Question { return Question{ID: id, Question: id + " inn", Answer: answer} }
	parts := Question{ID: "parts", Question: "parts inn", Answer: "Ann Lee, Dunmore", Parts: [][]string{{"Ann Lee"}, {"Dunmore"}}}
	e := evaluated(t, EvalConfig{
		Systems: []System{{Name: "s", Setting: SettingRetrieval, Model: &scripted{name: "m", answers: map[string]ChatSample{
			"quote inn":   {Text: `"It was opened in 1912 by Ann Lee." So Ann Lee.`},                 // 1 of 1, recalled
			"false inn":   {Text: `"It was opened by Ann Lee, they say." Ann Lee.`},                  // 0 of 1
			"both inn":    {Text: `"It was opened in 1912 by Ann Lee." "Ann Lee is very old now." `}, // 1 of 2, recalled
			"none inn":    {Text: "Ann Lee"},                                                         // 0 of 0
			"beyond inn":  {Text: "Ann Lee [7]"},                                                     // 0 of 1
			"parts inn":   {Text: "Ann Lee opened it [2] in Dunmore."},                               // 1 of 1: a part, so not recalled
			"nothing inn": {Text: "It was Ann Lee [2]."},                                             // not answerable
		}}}},
		Questions: []Question{ask("quote", "Ann Lee"), ask("false", "Ann Lee"), ask("both", "Ann Lee"), ask("none", "Ann Lee"), ask("beyond", "Ann Lee"), parts, ask("nothing", "")},
		Search:    found, Resamples: 10,
	})
	s := e.Systems[0]
	for i, r := range s.Records[:6] {
		require.Equal(t, Correct, r.Verdict, e.Questions[i].ID)
		require.Equal(t, Present, r.Context, e.Questions[i].ID)
	}
	require.InDelta(t, 3.0/6, s.Estimate(MetricCitationPrecision).Value, 1e-12) // 1 + 0 + 1 + 0 + 0 + 1 of 1 + 1 + 2 + 0 + 1 + 1
	require.InDelta(t, 2.0/6, s.Estimate(MetricCitationRecall).Value, 1e-12)
	require.True(t, s.Records[3].Citations[0].Attributed, "shown, and not counted")
	require.Equal(t, []string{"Ann Lee is very old now."}, s.Records[2].CitedNowhere)
	require.Equal(t, []string{"[7]"}, s.Records[4].CitedNowhere)
}

func TestCitationSupport(t *testing.T) {
	citations := cite("Who opened the inn?", "Ann Lee [1]", innHits())
	require.Len(t, citations, 1)
	require.Zero(t, citations[0].Support, "the model named a passage that does not say so")
	require.Equal(t, 1.0, cite("Who opened the inn?", "Ann Lee", innHits())[0].Support)
	// opened, 1912, ann of opened, 1912, ann, fox
	got := cite("When did the inn open?", "opened 1912 by Ann Fox", innHits())
	require.Len(t, got, 1)
	require.Equal(t, 0.75, got[0].Support)
}

func TestCitationOfTextThatIsNotUTF8(t *testing.T) {
	text := "The inn has nine\xff rooms."
	citations := cite("How many rooms has the inn?", "rooms", []retriever.Hit{passage("a", "", text, 5)})
	require.Len(t, citations, 1)
	require.Equal(t, text, citations[0].Quote)
	require.Equal(t, 5, citations[0].Start)
}

func FuzzCite(f *testing.F) {
	f.Add("Who opened it?", "Ann Lee [1]. Nine [2, 3]", "It was opened by Ann Lee. Nine!", 3)
	f.Add("", "[0][999]", "\xff. . .", 0)
	f.Fuzz(func(t *testing.T, question, answer, text string, start int) {
		start = max(min(start, 1<<20), 0)
		for _, c := range cite(question, answer, []retriever.Hit{passage("a", "t", text, start)}) {
			if c.Quote != text[c.Start-start:c.End-start] {
				t.Fatalf("quote %q is not at its offsets", c.Quote)
			}
			if c.Support < 0 || c.Support > 1 {
				t.Fatalf("support %v", c.Support)
			}
		}
	})
}
