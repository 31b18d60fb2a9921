package wordings

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLanguage(t *testing.T) {
	for want, questions := range map[string][]string{
		"en": {"Who runs the mill?", "When was it built?", "Was?"},
		"de": {"Wer betreibt die Mühle?", "Wann wurde sie gebaut?", "What is the mill?"},
		"fr": {"Qui est le meunier du village ?", "Quand est-il né ?"},
		"es": {"¿Quién es el molinero?", "¿Cuándo fue construido?"},
		"zh": {"谁经营磨坊？"},
		"ja": {"水車小屋を経営しているのは誰ですか。"},
	} {
		require.Equal(t, want, Language(questions))
	}
	require.Equal(t, English, Language(nil))
	require.Equal(t, English, Language([]string{"12345?"}))
}

func TestWordingsOfALanguage(t *testing.T) {
	require.GreaterOrEqual(t, len(Wordings("en")), 12)
	for _, language := range []string{"de", "fr", "es", "zh", "ja"} {
		require.GreaterOrEqual(t, len(Wordings(language)), 4)
		require.NotEqual(t, Wordings("en"), Wordings(language))
		for _, wording := range Wordings(language) {
			require.True(t, Begins(wording), wording)
		}
	}
	require.Equal(t, Wordings("en"), Wordings("xx"))
	require.True(t, Begins("Leider steht das nicht in den Dokumenten. Sie nennen nur den Bau."))
	require.False(t, Begins("Leider steht das nicht in den Dokumenten, aber es war 1912."))
	require.False(t, Begins("Mara Venn"))
}

func TestNotFound(t *testing.T) {
	for _, language := range []string{"en", "de", "fr", "es", "zh", "ja"} {
		list := Wordings(language)
		if language == English {
			list = append(list, "I cannot find that in the documents.")
		}
		require.Contains(t, list, NotFound(language))
	}
	require.Equal(t, NotFound(English), NotFound("xx"))
}

func TestWith(t *testing.T) {
	list := With("Leider steht das nicht in den Dokumenten.")
	require.Equal(t, "Leider steht das nicht in den Dokumenten.", list[0])
	require.Len(t, list, len(Wordings("de")))
	require.ElementsMatch(t, Wordings("de"), list)
	own := With("Sorry, my notes are silent.")
	require.Equal(t, append([]string{"Sorry, my notes are silent."}, Wordings("en")...), own)
}
