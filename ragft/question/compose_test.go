package question

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestBadWording(t *testing.T) {
	chunk := retriever.Chunk{ID: "c", Text: "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee after a long quarrel."}
	ann := candidate{text: "Ann Lee", sentence: "It was opened in 1912 by Ann Lee after a long quarrel."}
	for question, want := range map[string]string{
		"Who opened the Blue Inn?":                         "",
		"Who opened the Blue Inn in 1912 after a quarrel?": "",
		"Who?":                                                  "no-question",
		"Name who opened the inn?":                              "no-question",
		"Who opened the Blue Inn":                               "no-question",
		"Who opened the Blue Inn? Who sold it?":                 "no-question",
		"Which Ann Lee opened the Blue Inn?":                    "given-away",
		"Which Lee, called Ann, opened the Blue Inn?":           "given-away",
		"Who is named in the document at Dunmore?":              "contextual",
		"Who opened it after a long quarrel?":                   "contextual",
		"Who opened this inn after a long quarrel?":             "contextual",
		"Who opened the Blue Inn after they quarrelled long?":   "",
		"Who opened opened the Blue Inn?":                       "garbled",
		"Who opened the inn and opened the inn in Dunmore?":     "garbled",
		"Who opened the Blue Inn of Varn?":                      "unrelated",
		"Who painted the red barn of Varn?":                     "unrelated",
		"Who opened the inn there?":                             "vague",
		"Who was the Blue Inn?":                                 "vague",
		"Who opened the inn and what was it called?":            "no-question",
		"Who " + strings.Repeat("opened Dunmore inn ", 9) + "?": "long-question",
	} {
		require.Equal(t, want, badWording(question, ann, chunk), question)
	}
	when := candidate{text: "1912", kind: year, sentence: "When the inn opened in Dunmore, all came."}
	require.Equal(t, "wrong-kind", badWording("Who opened the inn in Dunmore?", when, chunk))
	require.Equal(t, "copied", badWording("When the inn opened in Dunmore?", when, chunk))

	war := candidate{text: "June 1755", kind: date, sentence: "In June 1755 the French and Indian War came to the forts of the lake."}
	of := retriever.Chunk{ID: "w", Title: "French and Indian War", Text: war.sentence + " The peace that ended it came late."}
	for question, want := range map[string]string{
		"When did the French and Indian War come to the forts?":       "",
		"When did the French and Indian War end?":                     "unrelated", // "end" is another sentence's
		"When did the war come to be fought at the forts?":            "unrelated",
		"When did the French and Indian War be taken to the forts?":   "garbled",
		`When did the "Indian War come to the forts of the lake?`:     "garbled",
		"When did the forts of the lake come to the French war, then": "no-question",
	} {
		require.Equal(t, want, badWording(question, war, of), question)
	}
	bold := candidate{text: "Jean Bold", kind: name, sentence: "An expedition led by Jean Bold conquered the islands of Varn."}
	isles := retriever.Chunk{ID: "b", Text: bold.sentence}
	require.Equal(t, "vague", badWording("What is the name of the expedition that conquered the islands of Varn?", bold, isles))
	bold.sentence = "The expedition that conquered the islands of Varn was called Jean Bold."
	require.Empty(t, badWording("What is the name of the expedition that conquered the islands of Varn?", bold, isles))
	numbered := retriever.Chunk{Title: "Inns-24", Text: "The Blue Inn of the Inns was opened by Ann Lee."}
	for _, question := range []string{"Who opened the Inns-24?", "Who opened the Blue inns-24?"} {
		require.Equal(t, "unrelated", badWording(question, candidate{text: "Ann Lee", sentence: numbered.Text}, numbered), question)
	}
	fort := candidate{text: "Fort Lee", sentence: "The Blue Inn near Fort Lee was opened in 1912."}
	require.Equal(t, "wrong-kind", badWording("Who was near the Blue Inn in 1912?", fort, retriever.Chunk{Text: fort.sentence}))
}

func TestCompletedQuestions(t *testing.T) {
	require.Equal(t, "Who sold the miller's horse?", completed("Who sold", " the miller 's horse"))
	require.Equal(t, `Who coined the word "hurdle"?`, completed("", ` Question: Who coined the word "hurdle?"`))
	require.Equal(t, "each packet", lowerFirst("Each packet"))
	require.Equal(t, "Varn Mill", lowerFirst("Varn Mill"))
}

// mills are passages, each a document of its own, and one that is too short.
func mills(n int) []retriever.Chunk {
	var chunks []retriever.Chunk
	for i := range n {
		source := fmt.Sprintf("mill%d.md", i)
		chunks = append(chunks, fake.Passage(source, "",
			fmt.Sprintf("The Dunmore Mill %c was built by Captain Lee%c in %d.", 'A'+i, 'a'+i, 1900+i), 0).Chunk)
	}
	return append(chunks, fake.Passage("short.md", "", "Too short.", 0).Chunk)
}

// reader completes questions, reads the passage where it is shown one, and knows nothing otherwise.
func reader(req model.Request, _ int) model.Sample {
	user := req.Messages[len(req.Messages)-1].Content
	switch {
	case strings.HasSuffix(user, "\nQuestion:"): // no beginning is given to a model that does not score
		return fake.Says("What is said of mills in general")
	case !strings.HasPrefix(user, "Document 1:"):
		return fake.Says("I do not know.")
	case strings.Contains(user, "Question: When"):
		return fake.Says("in " + user[strings.Index(user, " in 19")+4:strings.Index(user, " in 19")+8])
	}
	if strings.Contains(user, "Question: What") {
		return fake.Says(strings.TrimPrefix(user[strings.Index(user, "The "):strings.Index(user, " was")], "The "))
	}
	_, after, _ := strings.Cut(user, "Captain ")
	name, _, _ := strings.Cut(after, " ")
	return fake.Says("Captain " + name)
}

func TestCompose(t *testing.T) {
	m := &fake.Model{Reply: reader}
	var progress []model.Progress
	o := ComposeOptions{PerChunk: 1, MinChunk: opt.Of(15), Batch: 4, Unanswerable: opt.Of(0.0),
		Progress: func(p model.Progress) { progress = append(progress, p) }}
	got, err := Compose(t.Context(), m, mills(3), o)
	require.NoError(t, err)
	require.Len(t, got.Questions, 3)
	for i, q := range got.Questions {
		require.False(t, q.Unanswerable)
		require.Equal(t, mills(3)[i].ID, q.Group, "in the order of the passages")
		require.Equal(t, q.Group+"/1", q.ID)
		require.Contains(t, mills(3)[i].Text, q.Answer)
		switch q.Answer {
		case fmt.Sprint(1900 + i):
			require.Equal(t, fmt.Sprintf("When was the Dunmore Mill %c built by Captain Lee%c?", 'A'+i, 'a'+i), q.Question)
		case fmt.Sprintf("Dunmore Mill %c", 'A'+i):
			require.Equal(t, fmt.Sprintf("What was built by Captain Lee%c in %d?", 'a'+i, 1900+i), q.Question)
		default:
			require.Equal(t, fmt.Sprintf("Captain Lee%c", 'a'+i), q.Answer)
			require.Equal(t, fmt.Sprintf("Who was the Dunmore Mill %c built by in %d?", 'A'+i, 1900+i), q.Question)
		}
	}
	require.Equal(t, 3, got.Chunks, "the short one was not asked about")
	require.Equal(t, 6, got.Rejected["surplus"], "of three answers each")
	require.Len(t, progress, 4, "after each call, and each batch")
	require.Equal(t, 3, progress[3].Done)
	bound := o.Estimate(mills(3))
	require.LessOrEqual(t, got.Cost.Calls, bound.Calls)
	require.Equal(t, 3*tried*4, bound.Calls)
	again, err := Compose(t.Context(), m, mills(3), o)
	require.NoError(t, err)
	require.Equal(t, got.Questions, again.Questions, "the seed decides")
}

func TestComposeRejectsWhatIsNotRead(t *testing.T) {
	mute := func(req model.Request, i int) model.Sample {
		if strings.HasPrefix(req.Messages[len(req.Messages)-1].Content, "Document 1:") {
			return fake.Says("a hill")
		}
		return reader(req, i)
	}
	got, err := Compose(t.Context(), &fake.Model{Reply: mute}, mills(2), ComposeOptions{MinChunk: opt.Of(15)})
	require.NoError(t, err)
	require.Empty(t, got.Questions)
	require.Equal(t, map[string]int{"not-read": 6}, got.Rejected)

	knowing := func(req model.Request, i int) model.Sample {
		if !strings.HasPrefix(req.Messages[len(req.Messages)-1].Content, "Document 1:") {
			return fake.Says("Captain Leea or Captain Leeb, in 1900 or 1901, for Dunmore Mill A or Dunmore Mill B")
		}
		return reader(req, i)
	}
	got, err = Compose(t.Context(), &fake.Model{Reply: knowing}, mills(2), ComposeOptions{MinChunk: opt.Of(15)})
	require.NoError(t, err)
	require.Empty(t, got.Questions)
	require.Equal(t, map[string]int{"known": 6}, got.Rejected)
}

func TestComposeUnanswerable(t *testing.T) {
	chunks := mills(12)
	got, err := Compose(t.Context(), &fake.Model{Reply: reader}, chunks, ComposeOptions{PerChunk: 1, MinChunk: opt.Of(15), Seed: 3})
	require.NoError(t, err)
	text := ""
	gaps := map[Gap]int{}
	hidden := map[string]bool{}
	for _, q := range got.Questions {
		gaps[q.Gap]++
		if q.Hidden != "" {
			hidden[q.Hidden] = true
		}
	}
	for _, chunk := range chunks {
		if !hidden[chunk.Source] {
			text += chunk.Text + "\n"
		}
	}
	for _, q := range got.Questions {
		require.Equal(t, q.Gap != "", q.Unanswerable)
		require.Equal(t, q.Gap == GapAbsent, q.Hidden != "")
		switch q.Gap {
		case "":
			require.Contains(t, text, q.Answer)
		case GapAltered:
			require.True(t, strings.HasSuffix(q.ID, "/altered"))
			require.Empty(t, q.Answer)
		}
	}
	total := float64(len(got.Questions))
	require.NotZero(t, gaps[GapAbsent])
	require.NotZero(t, gaps[GapAltered])
	require.InDelta(t, 1.0/3, float64(gaps[GapAbsent]+gaps[GapAltered])/total, 0.06)
}

// The shares are rounded, and yet no limit is passed.
func TestComposeKeepsItsLimit(t *testing.T) {
	of := func(n int) (all []Question) {
		for i := range n {
			all = append(all, Question{ID: fmt.Sprint(i)})
		}
		return all
	}
	for limit := 1; limit < 30; limit++ {
		for _, share := range []float64{0, 0.1, 1.0 / 3, 0.5, 0.75, 0.9} {
			for _, n := range []int{0, 1, 100} {
				c := composer{ComposeOptions: ComposeOptions{Limit: limit, Unanswerable: opt.Of(share)}, result: &Composed{Rejected: map[string]int{}}}
				require.LessOrEqual(t, len(c.mix(of(100), of(n), of(100))), limit, "%v", share)
			}
		}
	}
	c := composer{ComposeOptions: ComposeOptions{Limit: 5, Unanswerable: opt.Of(0.5)}, result: &Composed{Rejected: map[string]int{}}}
	require.Len(t, c.mix(of(9), of(9), of(9)), 5)
}

func TestAlterations(t *testing.T) {
	chunk := retriever.Chunk{ID: "a", Text: "The Blue Inn was opened in 1912 in the northern valley by Ann Lee."}
	other := retriever.Chunk{ID: "b", Text: "They say the Red Inn was closed in 1930 by Tom Fox."}
	n := collect([]retriever.Chunk{chunk, other})
	var got []string
	for _, a := range n.alterations("Who opened the Blue Inn of the northern valley in 1912?", chunk, 1) {
		got = append(got, a.question)
	}
	require.ElementsMatch(t, []string{
		"Who opened the Red Inn of the northern valley in 1912?",
		"Who opened the Blue Inn of the southern valley in 1912?",
		"Who opened the Blue Inn of the northern valley in 1930?",
		"Who closed the Blue Inn of the northern valley in 1912?",
	}, got)

	numbers := collect([]retriever.Chunk{{ID: "a", Text: "Two kinds of X.25 networks had 40 nodes."}, {ID: "b", Text: "It had 70 nodes."}})
	require.Empty(t, numbers.alterations("How many kinds of X.25 networks are there?", chunk, 1), "the number is a part of a name")
	require.NotEmpty(t, numbers.alterations("Which networks had 40 nodes?", chunk, 1))

	swapped := alteration{question: "Who closed the Red Inn?", with: "Red Inn"}
	require.True(t, swapped.answeredBy(other))
	require.False(t, swapped.answeredBy(chunk))
}

// shelf finds all its passages, in order.
type shelf []retriever.Chunk

func (s shelf) Search(_ context.Context, _ string, k int) ([]retriever.Hit, error) {
	var hits []retriever.Hit
	for _, chunk := range s[:min(k, len(s))] {
		hits = append(hits, retriever.Hit{Chunk: chunk})
	}
	return hits, nil
}

func TestUnhidden(t *testing.T) {
	chunks := mills(9)
	u := Unhidden{Searcher: shelf(chunks), Hidden: map[string]bool{"mill0.md": true, chunks[2].ID: true}}
	hits, err := u.Search(t.Context(), "mill", 2)
	require.NoError(t, err)
	require.Len(t, hits, 2)
	require.Equal(t, []string{chunks[1].ID, chunks[3].ID}, []string{hits[0].ID, hits[1].ID})
	hits, err = u.Search(t.Context(), "mill", 20)
	require.NoError(t, err)
	require.Len(t, hits, len(chunks)-2)
	require.Empty(t, u.Ranking(), "of a search that does not tell")
}

func TestComposeRefusesNegativeOptions(t *testing.T) {
	for _, o := range []ComposeOptions{{PerChunk: -1}, {MinChunk: opt.Of(-1)}, {Unanswerable: opt.Of(1.0)}, {Unanswerable: opt.Of(-0.5)}} {
		_, err := Compose(t.Context(), fake.AlwaysSays("x"), mills(1), o)
		require.Error(t, err, "%+v", o)
	}
}

func TestComposeStopsWhenCancelled(t *testing.T) {
	m := fake.AlwaysSays("x")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := Compose(ctx, m, mills(5), ComposeOptions{MinChunk: opt.Of(15), Batch: 1, Progress: func(model.Progress) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, m.Calls, 1, "nothing is asked after the first progress")
}

func FuzzBadWording(f *testing.F) {
	f.Add("Who opened the Blue Inn?", "Ann Lee")
	f.Fuzz(func(t *testing.T, question, text string) {
		if badWording(question, candidate{text: text, sentence: text}, retriever.Chunk{Text: text}) == "" && !strings.HasSuffix(question, "?") {
			t.Fatalf("accepted %q", question)
		}
	})
}

func TestReplaced(t *testing.T) {
	require.Equal(t, "Who came at a late hour?", replaced("Who came at an early hour?", "early", "late"))
	require.Equal(t, "Who came at an early hour?", replaced("Who came at a late hour?", "late", "early"))
	require.Equal(t, "Who was opposed to it?", replaced("Who was opposed to it?", "opposed", "supported"))
	require.Equal(t, "Who supported it?", replaced("Who opposed it?", "opposed", "supported"))
	require.Equal(t, "What is lateness?", replaced("What is lateness?", "late", "early"))
	require.Equal(t, "Who paid 1930 to the mill?", replaced("Who paid 1912 to the mill?", "1912", "1930"))
}

// A question without a name must find its own passage first and, where most others have a name, say more.
func TestClear(t *testing.T) {
	chunks := mills(3)
	ask := func(chunk retriever.Chunk, questions ...string) (drafts []*draft) {
		for _, q := range questions {
			drafts = append(drafts, &draft{chunk: chunk, question: q})
		}
		return drafts
	}
	for _, test := range []struct {
		drafts []*draft
		kept   int
	}{
		{ask(chunks[0], "Who opened the old mill?"), 1},
		{ask(chunks[1], "Who opened the old mill?"), 0},
		{ask(chunks[1], "Who opened the Blue Mill?", "Who opened the mill in 1912?"), 2},
		{ask(chunks[0], "Who opened the Blue Mill?", "Who opened the mill in 1912?", "Who opened the old mill?"), 2},
		{ask(chunks[0], "Who opened the Blue Mill?", "Who built the mill in 1912?", "Who opened the old mill of the upper valley river?"), 3},
	} {
		c := composer{ComposeOptions: ComposeOptions{Searcher: shelf(chunks)}, result: &Composed{Rejected: map[string]int{}}}
		kept, err := c.clear(t.Context(), slices.Clone(test.drafts))
		require.NoError(t, err)
		require.Equal(t, test.drafts[:test.kept], append([]*draft{}, kept...))
		require.Equal(t, len(test.drafts)-test.kept, c.result.Rejected["vague"])
	}
}

// A name is replaced by one of its kind: a person's by a person's, once they are known to be persons.
func TestNamesOfPersonsAreAltered(t *testing.T) {
	chunk := retriever.Chunk{ID: "a", Text: "It was shown to Ann Lee by Forbes and the Foxes."}
	n := collect([]retriever.Chunk{chunk, {ID: "b", Text: "It was bought in Red Valley by Tom Fox, Troupes and the Hares."}})
	question := "What was shown to Ann Lee by Forbes and the Foxes?"
	require.Empty(t, n.alterations(question, chunk, 1), "nothing says what these names are of")
	for _, name := range []string{"Ann Lee", "Tom Fox", "Foxes", "Hares"} {
		n.person(name)
	}
	var got []string
	for _, a := range n.alterations(question, chunk, 1) {
		got = append(got, a.question)
	}
	require.Equal(t, []string{"What was shown to Tom Fox by Forbes and the Foxes?"}, got)
}
