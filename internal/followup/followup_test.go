package followup

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/retriever"
)

// dialogue is two turns, the second of which is answered by a passage with certain words. Of kind "subject" it is about the
// same as the first, of kind "answer" about what was answered, of kind "new" about something else.
type dialogue struct{ Corpus, Kind, Before, Answer, Question, Source, Contains string }

func (d dialogue) history() []model.Message {
	return []model.Message{{Role: model.RoleUser, Content: d.Before}, {Role: model.RoleAssistant, Content: d.Answer}}
}

// corpora are what the dialogues are about: the documents of the quickstart, and a handbook that is here for this test.
var corpora = map[string]string{
	"isles":    filepath.Join("..", "..", "examples", "quickstart", "docs"),
	"handbook": filepath.Join("testdata", "handbook"),
}

func dialogues(t *testing.T) (all []dialogue) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", "dialogues.jsonl"))
	require.NoError(t, err)
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var d dialogue
		require.NoError(t, json.Unmarshal(lines.Bytes(), &d))
		all = append(all, d)
	}
	require.Len(t, all, 60)
	return all
}

// way makes a query of a dialogue.
type way struct {
	name  string
	query func(ctx context.Context, d dialogue) (string, error)
}

// plain is a way that needs no model.
func plain(name string, query func(dialogue) string) way {
	return way{name, func(_ context.Context, d dialogue) (string, error) { return query(d), nil }}
}

// chosen is the way that Query goes.
const chosen = "Query: both, the last twice, if it leans"

var ways = []way{
	plain("last turn alone", func(d dialogue) string { return d.Question }),
	plain("both questions", func(d dialogue) string { return d.Before + "\n" + d.Question }),
	plain("both, the last twice", func(d dialogue) string { return d.Question + "\n" + d.Question + "\n" + d.Before }),
	plain("all turns", func(d dialogue) string { return d.Before + "\n" + d.Answer + "\n" + d.Question }),
	plain("all turns, the last twice", func(d dialogue) string {
		return d.Question + "\n" + d.Question + "\n" + d.Before + "\n" + d.Answer
	}),
	plain("all turns, the last twice, if it leans", func(d dialogue) string {
		if !Depends(d.Question) {
			return d.Question
		}
		return d.Question + "\n" + d.Question + "\n" + d.Before + "\n" + d.Answer
	}),
	plain(chosen, func(d dialogue) string { return Query(d.history(), d.Question) }),
}

// rewriting asks a model for a question that stands alone. It is measured where RAGFT_FOLLOWUP_URL names a server with
// OpenAI's API, and RAGFT_FOLLOWUP_MODEL one of its models.
func rewriting(t *testing.T) []way {
	t.Helper()
	url := os.Getenv("RAGFT_FOLLOWUP_URL")
	if url == "" {
		return nil
	}
	m, err := openai.New(cmp.Or(os.Getenv("RAGFT_FOLLOWUP_MODEL"), "base"), openai.Options{BaseURL: url})
	require.NoError(t, err)
	return []way{{"rewritten by " + m.Name(), func(ctx context.Context, d dialogue) (string, error) {
		ask := "Question: " + d.Before + "\nAnswer: " + d.Answer + "\nNext question: " + d.Question +
			"\n\nWrite the next question so that it can be understood alone. Write nothing else."
		responses, err := model.Chat(ctx, m, []model.Request{{
			Messages: []model.Message{{Role: model.RoleUser, Content: ask}}, MaxTokens: 60,
		}})
		if err != nil {
			return "", err
		}
		return responses[0].Samples[0].Text, nil
	}}}
}

// TestWays compares ways to search for a follow-up by the share of dialogues whose passage is among the first five (R@5)
// and first (R@1), and holds Query to be the best of those without a model.
func TestWays(t *testing.T) {
	indexes := map[string]*retriever.Index{}
	for name, folder := range corpora {
		x, err := retriever.NewMemory(retriever.IndexOptions{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, x.Close()) })
		_, err = x.Sync(t.Context(), folder, retriever.SyncOptions{Split: retriever.SplitOptions{Size: 60}})
		require.NoError(t, err)
		indexes[name] = x
	}
	all := dialogues(t)
	five, one := map[string]int{}, map[string]int{}
	t.Logf("%-40s %8s %8s %8s %8s %8s %8s %8s", "", "R@1", "R@5", "isles", "handbook", "subject", "answer", "new")
	for _, w := range append(ways, rewriting(t)...) {
		first, found, total := 0, map[string]int{}, map[string]int{}
		for _, d := range all {
			query, err := w.query(t.Context(), d)
			require.NoError(t, err)
			hits, err := indexes[d.Corpus].Search(t.Context(), query, 5)
			require.NoError(t, err)
			at := place(hits, d)
			for _, group := range []string{"", d.Corpus, d.Kind} {
				total[group]++
				if at >= 0 {
					found[group]++
				}
			}
			if at == 0 {
				first++
			}
			if at < 0 && w.name == chosen {
				t.Logf("not found: %s / %s", d.Before, d.Question)
			}
		}
		line := fmt.Sprintf("%-40s %8.3f", w.name, float64(first)/float64(len(all)))
		for _, group := range []string{"", "isles", "handbook", "subject", "answer", "new"} {
			line += fmt.Sprintf(" %8.3f", float64(found[group])/float64(total[group]))
		}
		t.Log(line)
		five[w.name], one[w.name] = found[""], first
	}
	for _, w := range ways {
		require.GreaterOrEqual(t, five[chosen], five[w.name], "%s finds more: make it Query", w.name)
		require.GreaterOrEqual(t, one[chosen], one[w.name], "%s finds more at once: make it Query", w.name)
	}
	require.Greater(t, five[chosen], five["last turn alone"])
}

// place is where the passage of a dialogue stands among the hits, -1 if it is not there.
func place(hits []retriever.Hit, d dialogue) int {
	for i, h := range hits {
		if h.Source == d.Source && strings.Contains(strings.Join(strings.Fields(h.Text), " "), d.Contains) {
			return i
		}
	}
	return -1
}

// TestEveryDialogueHasItsPassage checks the data.
func TestEveryDialogueHasItsPassage(t *testing.T) {
	for _, d := range dialogues(t) {
		text, err := os.ReadFile(filepath.Join(corpora[d.Corpus], d.Source))
		require.NoError(t, err)
		require.Contains(t, strings.Join(strings.Fields(string(text)), " "), d.Contains, "%s", d.Question)
	}
}

func TestQuery(t *testing.T) {
	history := []model.Message{
		{Role: model.RoleUser, Content: "Where is the mill?"}, {Role: model.RoleAssistant, Content: "In Ansby."},
		{Role: model.RoleUser, Content: "Who owns the Ansby inn?"}, {Role: model.RoleAssistant, Content: strings.Repeat("Odda Brammel. ", 100)},
	}
	require.Equal(t, "And when was it built?", Query(nil, "And when was it built?"))
	require.Equal(t, "Which fish live in the River Sallow?", Query(history, "Which fish live in the River Sallow?"))
	query := Query(history, "And when was it built?")
	require.Equal(t, 2, strings.Count(query, "And when was it built?"))
	require.Contains(t, query, "Who owns the Ansby inn?")
	require.NotContains(t, query, "mill", "only back to the question that says what it is about")
	require.NotContains(t, query, "Brammel", "no answers")
	for question, leans := range map[string]bool{
		"Warum?": true, "Und wann wurde die Brücke in Ansby gebaut?": true, "Wer hat seine Tochter in Ansby gesehen?": true,
		"Combien de pièces a-t-elle dans la maison?": true, "¿Y cuándo se construyó el puente de Ansby?": true,
		"Wann wurde die Brücke in Ansby gebaut?": false, "How many rooms does the Copper Heron have?": false,
		"What about the rooms of the Copper Heron?": true,
	} {
		require.Equal(t, leans, Depends(question), question)
	}
	for _, odd := range []string{"", "\xff\xfe", "?"} {
		require.NotPanics(t, func() { Query([]model.Message{{Role: model.RoleAssistant, Content: strings.Repeat("\xff", 999)}}, odd) })
	}
}

// A chain of follow-ups is searched for with the question that says what it is about.
func TestChain(t *testing.T) {
	said := func(questions ...string) (history []model.Message) {
		for _, q := range questions {
			history = append(history, model.Message{Role: model.RoleUser, Content: q}, model.Message{Role: model.RoleAssistant, Content: "1912."})
		}
		return history
	}
	const cost = "What did it cost?"
	require.Equal(t, cost+"\n"+cost+"\nAnd when was it built?\nWho built the Blue Inn?",
		Query(said("Where does the old mill stand?", "Who built the Blue Inn?", "And when was it built?"), cost))
	require.Equal(t, cost+"\n"+cost+"\nWhy?\nWho else?\nAnd when was it built?",
		Query(said("Who built the Blue Inn?", "And when was it built?", "Who else?", "Why?"), cost), "at most three")
	long := strings.Repeat("it ", 1000)
	query := Query(said("Who built the Blue Inn?", long, long), cost)
	require.Contains(t, query, "Blue Inn")
	require.Less(t, len(query), 2*mostBefore+100)
	require.Equal(t, cost, Query([]model.Message{{Role: model.RoleSystem, Content: "Be brief."}}, cost))
}
