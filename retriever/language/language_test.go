package language

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
)

// texts are of a language each, with questions in other forms of the words that find it.
var texts = map[string]struct {
	text      string
	questions []string
}{
	"de": {
		"Die Städte am Fluss wurden von den Bürgern gegründet. Sie bauten Brücken und Mühlen, und die Häuser standen auf Pfählen.",
		[]string{"Stadt", "Haus", "Brücke", "bruecke", "Mühle", "Pfahl", "Bürger"},
	},
	"fr": {
		"Les chevaux de l'écurie royale étaient nourris par les gardiens. La fondation du château, avec ses tours, est plus ancienne.",
		[]string{"cheval", "gardien", "tour", "écuries", "ecurie", "l’écurie"},
	},
	"es": {
		"Los pescadores vendían sus barcos en los mercados de la ciudad. Las casas fueron construidas por un carpintero que era muy viejo.",
		[]string{"pescador", "barco", "mercado", "casa", "carpinteros", "ciudades", "vender"},
	},
	"ru": {
		"Мельницы на этой реке были построены монахами. Они продавали муку в городах, и у них не было своих лошадей.",
		[]string{"мельница", "города", "лошадь", "река"},
	},
	"it": {
		"Le barche dei pescatori erano nel porto. Il mulino è stato costruito da un monaco che non aveva cavalli.",
		[]string{"barca", "pescatore", "mulini", "cavallo"},
	},
	"pt": {
		"Os pescadores vendiam os seus barcos nos mercados da cidade. As casas foram construídas por um carpinteiro que não era velho.",
		[]string{"pescador", "barco", "casa"},
	},
	"nl": {
		"De boten van de vissers lagen in de haven. Het huis is door een timmerman gebouwd, maar hij heeft het niet gezien.",
		[]string{"boot", "visser"},
	},
	"sv": {
		"Fiskarnas båtar låg i hamnen. Det var en snickare som byggde husen, men han hade inte sett dem.",
		[]string{"fiskare", "båt", "hamn"},
	},
	"ar": {
		"كان الصيادون في هذه المدينة يبيعون السمك في الأسواق، وكانت البيوت من الحجر.",
		[]string{"الصيادين", "مدينة"},
	},
	"tr": {
		"Balıkçıların tekneleri bu limanda idi. Bu evler bir marangoz için ve onun kardeşi ile çok eski bir yerde yapıldı.",
		[]string{"balıkçı", "tekne", "ev"},
	},
}

func TestDetect(t *testing.T) {
	for want, of := range texts {
		require.Equal(t, want, Detect(of.text), "%s", of.text)
		long := strings.Repeat(of.text+"\n", 2000)
		require.Equal(t, want, Detect(long))
	}
	for text, want := range map[string]string{
		"The mill on the river was built by monks, who sold flour in the towns.": "en",
		"": "",
		strings.Repeat("for (var i = 0; i < end; i++) { at(i, du, der); }\n", 20):              "",
		"22c3649b603ccba4d1e31 d8d13d469a482d3b847de ac8b0dd5c4ab8a94d77f1 51st_de_la_les_des": "",
		"Casa de la Luna": "",
		"1871 1872 1873":  "",
		"水車は川のそばにあり、修道士が建てた。":                                                                            "",
		"โรงสีริมแม่น้ำสร้างโดยพระ":                                                                      "",
		strings.Repeat("\xff\xfe", 20):                                                                   "",
		"Młyny nad rzeką zbudowali mnisi, którzy sprzedawali mąkę w miastach i nie mieli własnych koni.": "", // Polish is not known
		"Млини на цій річці збудували монахи, які продавали борошно в містах і не мали своїх коней.": "", // Ukrainian neither
		"The novel Der Untergang des Hauses was " +
			"translated by him, and it was the first of the series in which he wrote of die Stadt.": "en",
	} {
		require.Equal(t, want, Detect(text), "%q", text)
	}
	require.Empty(t, Detect(strings.Repeat("水车磨坊", 10000)), "a long text without white space")
}

func newIndex(t *testing.T, docs ...retriever.Document) *retriever.Index {
	t.Helper()
	x, err := retriever.NewMemory(retriever.IndexOptions{Analyzer: retriever.Languages})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, x.Close()) })
	for _, d := range docs {
		chunks, err := retriever.Split(d, retriever.SplitOptions{})
		require.NoError(t, err)
		require.NoError(t, x.Add(t.Context(), chunks))
	}
	return x
}

// found are the sources of the hits for a question, best first.
func found(t *testing.T, x *retriever.Index, question string) (sources []string) {
	t.Helper()
	hits, err := x.Search(t.Context(), question, 10)
	require.NoError(t, err)
	for _, h := range hits {
		require.NotEmpty(t, h.Highlights, "%s: highlights are by the language of the passage", question)
		sources = append(sources, h.Source)
	}
	return sources
}

// TestInflectedForms searches an index of each language alone, and one of all of them.
func TestInflectedForms(t *testing.T) {
	all := []retriever.Document{
		{Source: "en", Text: "The towns on the river were founded by monks. They built bridges and mills."},
	}
	for name, of := range texts {
		all = append(all, retriever.Document{Source: name, Text: of.text})
		alone := newIndex(t, retriever.Document{Source: name, Text: of.text})
		for _, question := range of.questions {
			require.Equal(t, []string{name}, found(t, alone, question), "%s alone: %s", name, question)
		}
	}
	x := newIndex(t, all...)
	for name, of := range texts {
		for _, question := range of.questions {
			require.Contains(t, found(t, x, question), name, question)
		}
	}
	require.Equal(t, []string{"en"}, found(t, x, "founding a bridge"))
	chunks, err := x.Search(t.Context(), "Häuser", 1)
	require.NoError(t, err)
	require.Equal(t, "de", chunks[0].Language)
	e, err := x.Explain(t.Context(), "Häuser", 1)
	require.NoError(t, err)
	scores, _, err := e.Scores(retriever.Tuning{})
	require.NoError(t, err)
	require.Equal(t, chunks[0].Score, scores[0])
}

// TestEnglishIsAsBefore compares the ranking of English documents by both analyzers, to the last bit.
func TestEnglishIsAsBefore(t *testing.T) {
	english, err := retriever.NewMemory(retriever.IndexOptions{})
	require.NoError(t, err)
	defer english.Close()
	docs := []retriever.Document{
		{Source: "a", Title: "Mill", Text: "The mill was founded by the monks of the abbey. It stood on the river until 1871."},
		{Source: "b", Text: "Founding a town needs a river, a mill and people who work in them."},
		{Source: "c", Text: "Zürich 1998"},
	}
	for _, d := range docs {
		chunks, err := retriever.Split(d, retriever.SplitOptions{})
		require.NoError(t, err)
		require.NoError(t, english.Add(t.Context(), chunks))
	}
	x := newIndex(t, docs...)
	for _, question := range []string{"Who founded the mill?", "zurich", "people working in towns", "the"} {
		want, err := english.Search(t.Context(), question, 5)
		require.NoError(t, err)
		got, err := x.Search(t.Context(), question, 5)
		require.NoError(t, err)
		require.Equal(t, want, got, question)
	}
}

// TestLanguagesComeAndGo checks that a language whose documents are gone is no longer asked in, and that a document of a
// folder that is written anew in another language is found by that.
func TestLanguagesComeAndGo(t *testing.T) {
	x := newIndex(
		t,
		retriever.Document{Source: "de", Text: texts["de"].text},
		retriever.Document{Source: "en", Text: "The house is old."},
	)
	require.Equal(t, []string{"de"}, found(t, x, "Haus"))
	_, err := x.DeleteSource(t.Context(), "de")
	require.NoError(t, err)
	e, err := x.Explain(t.Context(), "Häuser", 1)
	require.NoError(t, err)
	require.Len(t, e.Terms, 1, "only English is left")
	require.Equal(t, "hauser", e.Terms[0].Term)
}

func TestRegister(t *testing.T) {
	Register(Language{Name: "xx", Frequent: []string{"bo", "ka", "mu"}, Term: func(word string) string {
		if len(word) < 3 {
			return ""
		}
		return strings.TrimSuffix(word, "ak")
	}})
	x := newIndex(t, retriever.Document{Source: "xx", Text: "Bo timonak ka mu zelar, ka bo narak."})
	require.Equal(t, []string{"xx"}, found(t, x, "TIMON"))
	require.Equal(t, []string{"xx"}, found(t, x, "zelarak"))
	hits, err := x.Search(t.Context(), "ka", 5)
	require.NoError(t, err)
	require.Empty(t, hits, "a word without a term")
}

// Another language of the same name is noticed.
func TestSyncReadsAgainWhatIsInALanguageThatWasReplaced(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a.txt"), []byte("Bo timonok ka mu zelar, ka bo narok."), 0o600))
	x := newIndex(t)
	words := []string{"bo", "ka", "mu"}
	for i, l := range []Language{
		{Frequent: words},
		{Frequent: append(words, "li")},
		{Frequent: words, Term: func(word string) string { return strings.TrimSuffix(word, "a") }},
	} {
		l.Name = "yy"
		for _, upToDate := range []bool{false, true} {
			Register(l)
			r, err := x.Sync(t.Context(), folder, retriever.SyncOptions{Verify: true})
			require.NoError(t, err)
			require.Equal(t, upToDate, r.UpToDate(), "%d", i)
		}
	}
}

// A program that does not know the language of a passage cannot write it anew.
func TestEraseNeedsTheLanguages(t *testing.T) {
	if path := os.Getenv("RAGFT_TEST_ERASE"); path != "" { // in another program
		x, err := retriever.Open(path)
		require.NoError(t, err)
		defer x.Close()
		_, _, err = x.Erase(t.Context(), func(source string) bool { return source == "de" })
		require.ErrorIs(t, err, retriever.ErrVersion)
		require.ErrorContains(t, err, `"zz"`)
		return
	}
	path := filepath.Join(t.TempDir(), "index")
	x, err := retriever.Create(path, retriever.IndexOptions{Analyzer: retriever.Languages})
	require.NoError(t, err)
	Register(Language{Name: "zz", Frequent: []string{"bo", "ka", "mu"}})
	require.NoError(t, x.Add(t.Context(), []retriever.Chunk{
		{ID: "1", Source: "zz", Language: "zz", Text: "timonak", End: 7}, {ID: "2", Source: "de", Text: "Haus", End: 4},
	}))
	require.NoError(t, x.Close())
	program := exec.Command(os.Args[0], "-test.run=^TestEraseNeedsTheLanguages$")
	program.Env = append(os.Environ(), "RAGFT_TEST_ERASE="+path)
	out, err := program.CombinedOutput()
	require.NoError(t, err, "%s", out)
	x, err = retriever.Open(path)
	require.NoError(t, err)
	defer x.Close()
	require.Equal(t, 2, x.Len())
}
