package ragft

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/stretchr/testify/require"
)

const germanDocuments = `{"title": "Die Mühle", "text": "Die Mühle von Tannau wurde 1912 gebaut. Sie gehört der Familie Hesk."}
{"title": "Der Fluss", "text": "Die Lauter ist der Fluss von Tannau. Sie fließt in den See."}
`

const germanQuestions = `{"id": "a", "question": "Wann wurde die Mühle gebaut?", "answer": "1912"}
{"id": "b", "question": "Wem gehört die Mühle von Tannau?", "answer": "der Familie Hesk"}
{"id": "c", "question": "Wie heißt der Koch des Gasthauses?", "unanswerable": true}
`

// speaking is a project with indexed documents and, where they are not empty, questions.
func speaking(t *testing.T, documents, questions string, set ...string) *Project {
	t.Helper()
	dir := t.TempDir()
	c := Config{Dir: filepath.Join(dir, "project"), Documents: filepath.Join(dir, "documents.jsonl"), TestShare: opt.Of(0.0),
		Logger: slog.New(slog.DiscardHandler)}
	require.NoError(t, os.WriteFile(c.Documents, []byte(documents), 0o600))
	if questions != "" {
		c.Questions = filepath.Join(dir, "questions.jsonl")
		require.NoError(t, os.WriteFile(c.Questions, []byte(questions), 0o600))
	}
	for _, s := range set {
		key, value, _ := strings.Cut(s, "=")
		require.NoError(t, c.Set(key, value))
	}
	p, err := Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	return p
}

func TestLanguage(t *testing.T) {
	adapter := filepath.Join(t.TempDir(), "adapter.gguf")
	w, err := gguf.Create(adapter)
	require.NoError(t, err)
	require.NoError(t, w.SetMeta("general.type", "adapter"))
	require.NoError(t, w.Commit())
	english := `{"title": "The mill", "text": "The mill was built in 1912."}` + "\n"
	for name, c := range map[string]struct {
		project       *Project
		taught, asked string // asked: of a model with a French adapter
	}{
		"nothing is recognised": {speaking(t, `{"text": "1912 1913"}`, ""), "en", "fr"},
		"English":               {speaking(t, english, ""), "en", "fr"},
		"of the documents":      {speaking(t, germanDocuments, ""), "de", "fr"},
		"of the questions":      {speaking(t, english, germanQuestions), "de", "fr"},
		"of the config":         {speaking(t, english, germanQuestions, "language=ja"), "ja", "ja"},
	} {
		t.Run(name, func(t *testing.T) {
			without, err := c.project.language(t.Context(), adapter)
			require.NoError(t, err)
			require.Equal(t, c.taught, without, "the adapter has no settings")
			french := filepath.Join(t.TempDir(), "french.gguf")
			data, err := os.ReadFile(adapter)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(french, data, 0o600))
			require.NoError(t, (&assistant.Settings{Prompts: prompt.Set{Language: "fr"}}).WriteAdapter(french))
			for file, want := range map[string]string{"": c.taught, french: c.asked} {
				set, err := c.project.prompts(t.Context(), file)
				require.NoError(t, err)
				require.Equal(t, want, set.Language)
				require.Equal(t, prompt.Set{Language: want}.WithDefaults(), set)
			}
		})
	}
	require.ErrorContains(t, new(Config).Set("language", "it"), "must be one of en, de, fr, es, zh, ja")
}

// Rows about German questions ask and decline in German, unless the config says otherwise.
func TestRowsInTheLanguageOfTheQuestions(t *testing.T) {
	for _, c := range []struct {
		set                  []string
		instruction, refusal string
	}{
		{nil, "Beantworte die Frage anhand der Dokumente", "Leider steht das nicht in den Dokumenten."},
		{[]string{"language=en"}, "Answer the question from the documents", "Sorry, the documents do not say."},
		{[]string{"demonstrate.refusal=Keine Angabe."}, "Beantworte die Frage anhand der Dokumente", "Keine Angabe."},
	} {
		p := speaking(t, germanDocuments, germanQuestions, append(c.set, "demonstrate.recipe=gold")...)
		_, err := p.Demonstrate(t.Context())
		require.NoError(t, err)
		list, err := p.ReadRows()
		require.NoError(t, err)
		require.Len(t, list, 3)
		for _, row := range list {
			require.Contains(t, row.Messages[1].Content, c.instruction)
			if row.Kind == rows.KindRefusal {
				require.Equal(t, c.refusal, row.Response())
			}
		}
		require.Equal(t, rows.KindRefusal, list[2].Kind)
	}
}

// Refusals are recognised in some languages. Of questions in another one the evaluation says that they are not.
func TestUnreadLanguage(t *testing.T) {
	ask := func(list ...string) (all []question.Question) {
		for range 3 {
			for _, q := range list {
				all = append(all, question.Question{Question: q})
			}
		}
		return all
	}
	require.Equal(t, "it", unreadLanguage(ask("Quando è stato costruito il mulino della città?", "Di chi è il mulino che si trova sul fiume?",
		"Come si chiama il cuoco della locanda, e da quanto tempo vive nel paese?", "Perché non si può entrare nel faro con i cani?")))
	require.Equal(t, "de", unreadLanguage(ask("Wann wurde die Mühle gebaut, und wem gehört sie?")), "too many are missed in German")
	for _, q := range []string{"When was the mill built, and who is the owner of it?",
		"Quand le moulin a-t-il été construit, et à qui est-il ?", "磨坊是什么时候建造的？", "zzz"} {
		require.Empty(t, unreadLanguage(ask(q)), q)
	}
}
