package retriever

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Spellings of one word find each other, and highlights stand where the word is.
func TestSpellings(t *testing.T) {
	for _, words := range [][]string{
		{"O'Dunmorrow", "O’Dunmorrow", "O‘Dunmorrow", "OʼDunmorrow", "O＇Dunmorrow", "O`Dunmorrow", "O´Dunmorrow", "o\u2060’dunmorrow"},
		{"п'ять", "пʼять", "п’ять"},
		{"Straße", "Strasse", "STRASSE", "STRAẞE"},
		{"ΟΔΟΣ", "οδος", "οδός"},
		{"İzmir", "izmir", "İZMİR", "IZMIR"}, {"ẞtraßen", "sstrassen"}, {"Kelvin \u212Aelvin", "kelvin"}, // letters of other lengths
		{"Łódź", "lodz"}, {"Œuvre", "oeuvre"}, {"Ølgård", "olgard"},
		{"Leuchtturmwärter", "Leucht\u00adturm\u00adwärter", "Leuchtturm\u200bwarter", "Leucht\u2060turmw\u200da\u0308rter",
			"\ufeffLeuchtturmwärter"},
		{"حارس", "حَارِسُ", "حــارس"}, {"أحمد", "احمد", "أَحْمَد"},
		{"שומר", "שׁוֹמֵר", "שׁ֑וֹמֵ֖ר"}, {"צה\"ל", "צה״ל", "צה”ל"},
		{"ประภาคาร", "ประ\u200bภาคาร"},
	} {
		for _, analyzer := range []Analyzer{Standard, English} {
			x := newTestIndex(t, "memory", IndexOptions{Analyzer: analyzer})
			var chunks []Chunk
			for i, w := range words {
				text := fmt.Sprintf("%d – %s, é", i, w)
				chunks = append(chunks, Chunk{ID: fmt.Sprint(i), Text: text, End: len(text)})
			}
			require.NoError(t, x.Add(ctx, append(chunks, Chunk{ID: "other", Text: "something else", End: 14})))
			for _, query := range words {
				hits, err := x.Search(ctx, query, 20)
				require.NoError(t, err)
				require.Len(t, hits, len(words), "%s: %s", analyzer, query)
				for _, h := range hits {
					var i int
					_, err := fmt.Sscan(h.ID, &i)
					require.NoError(t, err)
					require.NotEmpty(t, h.Highlights)
					first, last := h.Highlights[0], h.Highlights[len(h.Highlights)-1]
					require.Equal(t, strings.TrimPrefix(words[i], "\ufeff"), strings.TrimPrefix(h.Text[first.Start:last.End], "\ufeff"), query)
				}
			}
		}
	}
}

// What is a letter in its script stays one, and words that are parted stay parted.
func TestSpellingsThatDiffer(t *testing.T) {
	terms := func(text string) (list []string) {
		an, err := newAnalyzer(Standard)
		require.NoError(t, err)
		for _, token := range analyze(an, text) {
			list = append(list, string(token.Term))
		}
		return list
	}
	require.Equal(t, []string{"की", "कि"}, terms("की कि"), "Devanagari vowel signs")
	require.Equal(t, terms("ประภา คาร"), terms("ประภา\u200bคาร"), "a zero width space parts Thai words")
	require.Equal(t, []string{"he", "said", "yes"}, terms("he said ‘yes’"))
	require.Equal(t, []string{"سؤال", "شيء"}, terms("سؤال شيء"), "hamza that is not on an alef")
	require.Empty(t, terms("\u0301 \u200b \u00ad"))
}

// A Thai word is found in a run, and the files with it before others.
func TestThaiWordInARun(t *testing.T) {
	x, _, err := syncedFiles(t, map[string]string{"keeper.txt": "ผู้ดูแลประภาคารคือสมชาย", "other.txt": "ร้านอาหารเปิดทุกวัน"}, LoadOptions{})
	require.NoError(t, err)
	for _, query := range []string{"ประภาคาร", "สมชาย"} {
		hits, err := x.Search(ctx, query, 1)
		require.NoError(t, err)
		require.Len(t, hits, 1)
		require.Equal(t, "keeper.txt", hits[0].Source)
	}
}

// Copies take one place, and the others go to what ranks next.
// Years are written with the digits of the script, too, and what begins with a mark, as it was cut, is found from its first letter on.
func TestDigitsAndMarksOfScriptsWithoutBlanks(t *testing.T) {
	for text, queries := range map[string][]string{
		"เปิดในปี๒๕๖๗แล้ว":        {"๒๕๖๗", "แล้ว"},
		"ສ້າງໃນປີ໒໕໖໗":            {"໒໕໖໗", "ສ້າງ"},
		"ឆ្នាំ២០២៤។":              {"២០២៤", "ឆ្នាំ"},
		"၂၀၂၄ခုနှစ်":              {"၂၀၂၄", "ခုနှစ်"},
		"\u0e49าวสารและโรงสี":     {"โรงสี", "วสาร"},
		"\u1039\u102fခုနှစ် mill": {"ခုနှစ်", "mill"},
	} {
		x := newTestIndex(t, "memory", IndexOptions{})
		require.NoError(t, x.Add(ctx, []Chunk{{ID: "1", Text: text, End: len(text)}}))
		for _, query := range queries {
			hits, err := x.Search(ctx, query, 1)
			require.NoError(t, err)
			require.Len(t, hits, 1, "%q in %q", query, text)
			marked := hits[0].Highlights
			require.NotEmpty(t, marked)
			require.Contains(t, text[marked[0].Start:marked[len(marked)-1].End], query)
		}
	}
}

// A long word is cut before a letter.
func TestChunksBeginWithNoMark(t *testing.T) {
	for _, word := range []string{"ที่นี่มีน้ำ", "ခုနှစ်", "ឆ្នាំ", "e\u0301"} {
		text := strings.Repeat(word, 500)
		chunks, err := Split(Document{Source: "a", Text: text}, SplitOptions{Size: 2})
		require.NoError(t, err)
		require.Greater(t, len(chunks), 5)
		for _, c := range chunks {
			r, _ := utf8.DecodeRuneInString(c.Text)
			require.False(t, unicode.IsMark(r), "%q", c.Text)
		}
	}
}

func TestCopiesTakeOnePlace(t *testing.T) {
	for _, place := range []string{"memory", "disk"} {
		x := newTestIndex(t, place, IndexOptions{})
		var chunks []Chunk
		add := func(id, title, text string) {
			chunks = append(chunks, Chunk{ID: id, Source: id + ".txt", Title: title, Text: text, End: len(text)})
		}
		copied := "The lighthouse of Wexel, the one on the rock, was designed long ago."
		for i := range 30 {
			add(fmt.Sprintf("copy%02d", i), fmt.Sprint("title ", i), copied)
		}
		add("blanks", "", strings.ReplaceAll(copied, " ", "\n  "))
		add("within", "", "The lighthouse of Wexel, the one on the rock,")
		add("answer", "", "Ida Brandt drew the plans of the lighthouse on which the keepers of the coast relied for many years.")
		require.NoError(t, x.Add(ctx, chunks))
		query := "Who designed the lighthouse of Wexel, the one on the rock?"
		hits, err := x.Search(ctx, query, 4)
		require.NoError(t, err)
		var ids []string
		for _, h := range hits {
			ids = append(ids, h.ID)
		}
		require.Contains(t, ids, "answer")
		require.LessOrEqual(t, len(ids), 3, "one copy, perhaps the part if it ranks first, and the answer: %v", ids)
		e, err := x.Explain(ctx, query, 4)
		require.NoError(t, err)
		require.Len(t, e.Hits, len(hits))
		tuned, err := x.Tuned(ctx, Tuning{})
		require.NoError(t, err)
		again, err := tuned.Search(ctx, query, 4)
		require.NoError(t, err)
		require.Equal(t, hits, again)
	}
}
