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
