package corpus

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func generator(t testing.TB, opts Options) *Generator {
	g, err := New(opts)
	require.NoError(t, err)
	return g
}

// many returns training items of all sizes.
func many(t testing.TB, seed uint64, n int) []Item {
	g := generator(t, Options{Seed: seed})
	items := make([]Item, n)
	for i := range items {
		items[i] = g.Next(float64(i) / float64(n))
	}
	return items
}

func TestSameSeedSameItems(t *testing.T) {
	require.Equal(t, many(t, 5, 300), many(t, 5, 300))
	require.NotEqual(t, many(t, 5, 30), many(t, 6, 30))
	g := generator(t, Options{Seed: 5})
	first := g.TestSet(1, 50)
	g.Next(1)
	require.Equal(t, first, g.TestSet(1, 50), "the test set must not depend on what came before")
}

func TestAnswersStandInTheDocuments(t *testing.T) {
	items := append(many(t, 1, 4000), generator(t, Options{}).TestSet(2, 1000)...)
	spans := 0
	for _, it := range items {
		for i, turn := range it.Turns {
			require.NotEmpty(t, turn.Answer)
			require.True(t, strings.HasPrefix(turn.User, "Question: "), turn.User)
			require.Equal(t, it.Prefix+it.Instruction+"\n"+turn.User, it.User(i))
			switch turn.Type {
			case "lookup", "reverse", "two-hop":
				if it.Kind == Refuse {
					continue
				}
				spans++
				require.Contains(t, it.Prefix, turn.Answer, "%s %s", turn.Relation, turn.User)
			}
		}
	}
	require.Greater(t, spans, 10000)
}

// TestUnanswerableIsUnanswerable checks the questions against all statements: the wording that training and test use
// for the fact that is asked must not stand in the documents, whatever the value.
func TestUnanswerableIsUnanswerable(t *testing.T) {
	g := generator(t, Options{Seed: 3})
	seen := 0
	for range 1500 {
		s := g.newScene()
		g.documents(s, 1)
		q := &asker{scene: s, refusals: []string{"no"}}
		for range 4 {
			turn, ok := q.unanswerable()
			if !ok {
				continue
			}
			seen++
			_, id, _ := strings.Cut(turn.Relation, "/")
			for _, f := range s.facts() {
				if f.rel.id == id {
					require.NotContains(t, turn.User+" ", bareName(f.of.name)+"?", "%s is told of it", id)
					require.NotContains(t, turn.User, bareName(f.of.name)+"'s", "%s is told of it", id)
				}
			}
		}
	}
	require.Greater(t, seen, 4000)
}

func TestLookupsAreUnambiguous(t *testing.T) {
	g := generator(t, Options{Seed: 4})
	for range 2000 {
		s := g.newScene()
		g.documents(s, 1)
		names := map[string]bool{}
		for _, e := range s.entities {
			require.False(t, names[e.name], e.name)
			names[e.name] = true
			relations := map[string]bool{}
			for _, f := range e.facts {
				require.False(t, relations[f.rel.id])
				relations[f.rel.id] = true
			}
		}
		q := &asker{scene: s}
		for _, f := range s.facts() {
			if turn, ok := q.reverse(f); ok {
				require.Len(t, s.holders(f.rel, f.value), 1, turn.User)
			}
		}
	}
}

// TestSplitsShareNoNames draws many names of both splits, of all kinds.
func TestSplitsShareNoNames(t *testing.T) {
	names := func(s split) map[string]bool {
		out := map[string]bool{}
		r := newRNG(8)
		for range 400 {
			n := newNamer(r, s)
			for _, k := range kinds() {
				out[k.naming(n)] = true
			}
		}
		return out
	}
	test := names(testSplit)
	for name := range names(trainSplit) {
		require.False(t, test[name], name)
	}
}

func TestHeldOutWordingsAreNeverTrained(t *testing.T) {
	text := map[string]bool{}
	for _, it := range many(t, 2, 4000) {
		for _, turn := range it.Turns {
			first, _, _ := strings.Cut(turn.User, "\n")
			text[first] = true
		}
	}
	held := 0
	l := newLore()
	for _, it := range generator(t, Options{}).TestSet(3, 400) {
		for _, turn := range it.Turns {
			if it.HeldOut || turn.Type == "lookup" { // others may name nothing but a common word
				require.False(t, text[strings.Split(turn.User, "\n")[0]], turn.User)
			}
			if it.HeldOut && turn.Type == "lookup" {
				_, id, _ := strings.Cut(turn.Relation, "/")
				require.NotEmpty(t, l.byID[id].question.held)
				held++
			}
		}
	}
	require.Greater(t, held, 200)
}

func TestRelationsHaveEnoughWordings(t *testing.T) {
	l := newLore()
	require.GreaterOrEqual(t, len(l.relations), 60)
	ids := map[string]bool{}
	for _, r := range l.relations {
		require.False(t, ids[r.id], r.id)
		ids[r.id] = true
		for _, k := range r.kinds {
			require.Contains(t, l.byName, k, r.id)
		}
		said := append(append(append([]string{}, r.predicate.train...), r.participle.train...), r.sentence.train...)
		require.GreaterOrEqual(t, len(said), 6, r.id)
		require.GreaterOrEqual(t, len(r.question.train), 5, r.id)
		require.NotEmpty(t, r.predicate.held, r.id)
		require.NotEmpty(t, r.question.held, r.id)
		for _, w := range said {
			require.Regexp(t, `\{a?V\}`, w, r.id)
		}
		for _, w := range r.sentence.train {
			require.Regexp(t, `\{[SP]\}`, w, r.id)
		}
		for _, w := range append(append([]string{}, r.question.train...), r.question.held...) {
			require.NotContains(t, w, "V}", r.id)
			require.True(t, strings.HasSuffix(w, "?"), "%s: %s", r.id, w)
		}
		for _, id := range append(append([]string{}, r.excludes...), r.never...) {
			require.Contains(t, l.byID, id, r.id)
		}
	}
}

func TestNoTemplateMarksRemain(t *testing.T) {
	for _, it := range append(many(t, 6, 2000), generator(t, Options{}).TestSet(7, 500)...) {
		all := it.Prefix + it.Text
		for _, turn := range it.Turns {
			all += turn.User + turn.Answer
		}
		require.NotRegexp(t, `[{}%\x00]|  |'s's| \.|\.\.| ,`, all)
	}
}

func TestCarefulItemsAreHalfUnanswerable(t *testing.T) {
	declined, all := 0, 0
	refusals := map[string]bool{}
	p := newPrompts()
	for _, r := range p.declining.train {
		refusals[r] = true
	}
	require.GreaterOrEqual(t, len(refusals), 25)
	for _, it := range many(t, 9, 4000) {
		for _, turn := range it.Turns {
			switch it.Kind {
			case Read:
				require.False(t, turn.Unanswerable)
				require.False(t, refusals[turn.Answer])
			case Refuse:
				require.True(t, refusals[turn.Answer])
			case Careful:
				require.Equal(t, turn.Unanswerable, refusals[turn.Answer])
				if all++; turn.Unanswerable {
					declined++
				}
			}
		}
	}
	require.InDelta(t, 0.5, float64(declined)/float64(all), 0.06)
}

func TestGeneralFactsAgree(t *testing.T) {
	facts := closedFacts()
	require.Greater(t, len(facts), 400)
	answers := map[string]string{}
	for _, f := range facts {
		require.GreaterOrEqual(t, len(f.questions), 2)
		for _, q := range f.questions {
			if old, ok := answers[q]; ok {
				require.Equal(t, old, f.answer, q)
			}
			answers[q] = f.answer
		}
	}
}

func TestDefaultInstructionsComeFirst(t *testing.T) {
	p := newPrompts()
	require.Equal(t, "Answer the question from the documents in a few words.", p.read[0])
	require.Equal(t, "Answer the question in a few words.", p.closed[0])
	require.Equal(t, "Answer the question from the documents in a few words. If the documents do not say, decline politely.", p.careful[0])
	require.Equal(t, "Decline politely: the documents do not answer the question.", p.refuse[0])
	require.Equal(t, "Does the answer agree with the reference? Reply yes or no.", p.judge[0])
	for k := range numKinds {
		require.GreaterOrEqual(t, len(p.of(k)), 7)
	}
}

func TestRealText(t *testing.T) {
	fsys := fstest.MapFS{
		"a.txt": {Data: []byte(strings.Repeat("Anna Weiss carried the heavy letter home to Bremen. She had bought it in 1820 from Mr. "+
			"Brown the baker. Nobody in "+
			"the town of Bremen knew what Carl had written.\n\n", 3))},
		"skip.md": {Data: []byte("Never Read carried this whole line away.")},
	}
	g := generator(t, Options{TextFS: fsys, Weights: map[Kind]float64{Cloze: 1, Text: 1}})
	clozes := 0
	for range 200 {
		it := g.Next(1)
		require.NotContains(t, it.Prefix+it.Text, "Never Read")
		for _, turn := range it.Turns {
			if turn.Type == "cloze" {
				clozes++
				require.Contains(t, it.Prefix, turn.Answer)
			}
		}
	}
	require.Greater(t, clozes, 100)
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{{Weights: map[Kind]float64{Read: -1}}, {Weights: map[Kind]float64{}}, {MaxDocuments: -1}, {MaxWords: 3}} {
		_, err := New(o)
		require.ErrorIs(t, err, ErrOptions)
	}
}

func TestSentences(t *testing.T) {
	require.Equal(t, []string{"Mr. Hale met J. Smith.", `"Why?" he said.`, "She left!"},
		sentences(`Mr. Hale met J. Smith. "Why?" he said. She left!`))
}

// TestShow prints items to be read: SHOW=train or SHOW=test go test -run Show -v.
func TestShow(t *testing.T) {
	g := generator(t, Options{Seed: 3})
	var items []Item
	switch os.Getenv("SHOW") {
	case "":
		t.Skip("prints samples only when SHOW is set")
	case "test":
		items = g.TestSet(1, 30)
	default:
		items = g.Sample(30)
	}
	for _, it := range items {
		fmt.Printf("=== %s | %s | held %t\n%s%s", it.Kind, it.Instruction, it.HeldOut, it.Prefix, it.Text)
		for _, turn := range it.Turns {
			fmt.Printf("  [%s %s] %s -> %s\n", turn.Type, turn.Relation, turn.User, turn.Answer)
		}
	}
}
