package question

import (
	"testing"

	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

// texts are the answers of a passage in the order of their kinds.
func texts(text string) map[string]kind {
	chunk := retriever.Chunk{ID: "c", Text: text}
	out := map[string]kind{}
	for _, a := range answers(chunk, namesInside([]retriever.Chunk{chunk}), 6, 1) {
		out[a.text] = a.kind
	}
	return out
}

func TestAnswersOfPassages(t *testing.T) {
	for text, want := range map[string]map[string]kind{
		"The inn was opened in 1912 by Ann Lee.":                              {"1912": year, "Ann Lee": name},
		"Work began on 3 May 1908 and cost £4,500 in all.":                    {"3 May 1908": date, "£4,500": money},
		"About 42% of the voters chose “The Long Way”, a song.":               {"42%": percentage, "The Long Way": quoted},
		"Hens in Varn lay 200 eggs. Varn has two mills.":                      {"Varn": name, "200": number, "two": number},
		"The valley had two million Varners then.":                            {"two million": number, "Varners": name},
		"It lies between 1908 and 1912 pages.":                                {},
		"They sell to Austria, Belgium and Croatia.":                          {},
		"He loved French bread.":                                              {},
		"Smoke rose over town. However, nobody saw the smoke of a peat fire.": {"peat fire": phrase},
	} {
		require.Equal(t, want, texts(text), text)
	}
}

func TestAnswersAreSpreadOverThePassage(t *testing.T) {
	chunk := retriever.Chunk{ID: "c", Title: "Varn",
		Text: "The inn of Varn was opened in 1912 by Ann Lee. She sold it in 1930. The mill was built by Tom Fox."}
	inside := namesInside([]retriever.Chunk{chunk})
	all := answers(chunk, inside, 6, 1)
	require.NotEqual(t, all[0].sentence, all[1].sentence)
	for _, a := range all[:2] {
		require.False(t, dangling.MatchString(a.sentence), a.sentence)
		require.NotEqual(t, "Varn", a.text, "the title's name is asked about last")
	}
	require.Equal(t, all, answers(chunk, inside, 6, 1), "the seed decides")
}

func TestRuledQuestions(t *testing.T) {
	for _, c := range []struct {
		sentence, answer string
		kind             kind
		want             []string
	}{
		{"Ann Lee opened the Blue Inn in 1912.", "Ann Lee", name,
			[]string{"Who opened the Blue Inn in 1912?", "What opened the Blue Inn in 1912?"}},
		{"The Blue Inn was opened in 1912, before the war.", "1912", year, []string{"When was the Blue Inn opened?"}},
		{"In 1912, the Blue Inn was sold to a brewer.", "1912", year, []string{"When was the Blue Inn sold to a brewer?"}},
		{"The Blue Inn was painted by Captain Hale.", "Captain Hale", name, []string{"Who was the Blue Inn painted by?"}},
		{"Nine horses died in the fire at Dunmore.", "Nine", number, []string{"How many horses died in the fire at Dunmore?"}},
		{"It was opened in 1912.", "1912", year, nil},
		{"The inn that burned was opened in 1912.", "1912", year, nil},
	} {
		at := indexOf(t, c.sentence, c.answer)
		got := ruled(candidate{text: c.answer, kind: c.kind, sentence: c.sentence, start: at, end: at + len(c.answer)})
		require.Equal(t, c.want, got, c.sentence)
	}
}

func indexOf(t *testing.T, text, part string) int {
	t.Helper()
	for i := range text {
		if len(text[i:]) >= len(part) && text[i:i+len(part)] == part {
			return i
		}
	}
	t.Fatalf("%q is not in %q", part, text)
	return 0
}

// Of two years in a sentence, or one that belongs to a noun, neither is asked for; nor is a name in brackets or half a list.
func TestAnswersThatMakeUnclearQuestions(t *testing.T) {
	for text, want := range map[string][]string{
		"The mill was built in 1812.":                                 {"1812"},
		"The mill was built in the spring of 1812.":                   {"1812"},
		"The mill was built in 1812 and burnt in 1830.":               nil,
		"The mill was lost in the war of 1812.":                       nil,
		"They chose a king (or Tall Tom) there.":                      nil,
		"They wrote report P-26 described there.":                     {"P-26"}, // not "26"
		"There were 26 mills.":                                        {"26"},
		"They wrote a plan for a large-scale, distributed network.":   nil,
		"They wrote a plan for the distributed network, which ended.": {"distributed network"},
	} {
		var got []string
		for _, c := range answers(retriever.Chunk{ID: "a", Text: text}, map[string]bool{}, 8, 1) {
			got = append(got, c.text)
		}
		require.Equal(t, want, got, text)
	}
}
