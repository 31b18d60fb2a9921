package answer

import (
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

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
		{"a number beyond the passages is no marker", "Who opened the inn?", "Ann Lee [7]",
			[]string{"It was opened in 1912 by Ann Lee."}, []int{0}},
	} {
		t.Run(c.name, func(t *testing.T) {
			citations, _ := Cite(c.question, c.answer, fake.InnHits())
			var quotes []string
			var markers []int
			for _, citation := range citations {
				quotes, markers = append(quotes, citation.Quote), append(markers, citation.Marker)
				require.Equal(t, fake.InnText[citation.Start:citation.End], citation.Quote, "offsets in the source")
				require.Equal(t, "inn.md", citation.Source)
				require.Equal(t, "The Blue Inn", citation.Title)
				require.Equal(t, citation.Chunk.Text, fake.InnText[citation.Chunk.Start:citation.Chunk.End])
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
		{"one of each", `"` + opened + `" and "founded by Tom Fox long ago"`,
			[]string{opened}, []string{"founded by Tom Fox long ago"}, []int{0}},
		{"nothing cited", "Ann Lee", nil, nil, nil},
		{"a name in quotation marks", `"Ann Lee"`, nil, nil, nil},
		{"a number beyond the passages, twice", "Ann Lee [7]. Yes [7, 0].", nil, []string{"[7]", "[0]"}, nil},
		{"a quote and its number", `"` + opened + `" [2]`, []string{opened}, nil, []int{2}},
		{"a quote with the number of another passage", `"` + opened + `" [1]`,
			[]string{opened, fake.InnText[len(fake.InnText)-len(fake.InnHits()[0].Text):]}, nil, []int{0, 1}},
		{"the number of a made-up quote", `"founded by Tom Fox long ago" [1]`, nil, []string{"founded by Tom Fox long ago"}, nil},
		{"a number, then a quote", `It was Ann Lee [2]. "` + mill + `"`, []string{mill, opened}, nil, []int{0, 2}},
		{"a closing mark of the writer's own", `"It was opened in 1912," he writes`, []string{"It was opened in 1912"}, nil, []int{0}},
		{"German marks", `Dort steht: „` + opened + `“`, []string{opened}, nil, []int{0}},
		{"French marks", `On lit : « ` + opened + ` » [2]`, []string{opened}, nil, []int{2}},
		{"French marks, turned", `Dort steht: »` + opened + `«`, []string{opened}, nil, []int{0}},
		{"a German quote that is in no passage", `Dort steht: „founded by Tom Fox long ago“`, nil,
			[]string{"founded by Tom Fox long ago"}, nil},
		{"a quote that does not end", `The document says: "It was opened in 1912`, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			places, nowhere := newCiter("Who opened the inn?", fake.InnHits()).written(c.answer)
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
	shown, _ := Cite("Who opened the inn?", "Ann Lee [7]", fake.InnHits())
	require.Len(t, shown, 1, "for a reader, the place that it rests on is still found")
	require.True(t, shown[0].Attributed)
}

func TestCitationSupport(t *testing.T) {
	citations, _ := Cite("Who opened the inn?", "Ann Lee [1]", fake.InnHits())
	require.Len(t, citations, 1)
	require.Zero(t, citations[0].Support, "the model named a passage that does not say so")
	citations, _ = Cite("Who opened the inn?", "Ann Lee", fake.InnHits())
	require.Equal(t, 1.0, citations[0].Support)
	// opened, 1912, ann of opened, 1912, ann, fox
	got, _ := Cite("When did the inn open?", "opened 1912 by Ann Fox", fake.InnHits())
	require.Len(t, got, 1)
	require.Equal(t, 0.75, got[0].Support)
}

// A measurement of robustness changes the text of a passage, and not where it ends.
func TestCitationOfChangedText(t *testing.T) {
	for _, text := range []string{"Bo opened it.", "The inn was opened by Bartholomew of the Lee."} {
		hit := fake.Passage("a", "", "Ann opened the inn.", 5)
		hit.Text = text
		citations, _ := Cite("Who opened the inn?", "Cy did so later [1]", []retriever.Hit{hit})
		require.Len(t, citations, 1)
		require.Equal(t, text, citations[0].Quote, "no sentence supports the answer, so the whole passage is cited")
	}
}

func TestCitationOfTextThatIsNotUTF8(t *testing.T) {
	text := "The inn has nine\xff rooms."
	citations, _ := Cite("How many rooms has the inn?", "rooms", []retriever.Hit{fake.Passage("a", "", text, 5)})
	require.Len(t, citations, 1)
	require.Equal(t, text, citations[0].Quote)
	require.Equal(t, 5, citations[0].Start)
}

func FuzzCite(f *testing.F) {
	f.Add("Who opened it?", "Ann Lee [1]. Nine [2, 3]", "It was opened by Ann Lee. Nine!", 3)
	f.Add("", "[0][999]", "\xff. . .", 0)
	f.Fuzz(func(t *testing.T, question, answer, text string, start int) {
		start = max(min(start, 1<<20), 0)
		citations, _ := Cite(question, answer, []retriever.Hit{fake.Passage("a", "t", text, start)})
		for _, c := range citations {
			if c.Quote != text[c.Start-start:c.End-start] {
				t.Fatalf("quote %q is not at its offsets", c.Quote)
			}
			if c.Support < 0 || c.Support > 1 {
				t.Fatalf("support %v", c.Support)
			}
		}
	})
}
