package recipe

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
	"github.com/stretchr/testify/require"
)

func TestDeduplicate(t *testing.T) {
	long := strings.Fields(strings.Repeat("x", 0))
	for i := range 60 {
		long = append(long, fmt.Sprint("word", i))
	}
	changed := append([]string{}, long...)
	changed[59] = "other" // one of 56 shingles of each: similarity 55/57 = 0.965
	far := append([]string{}, long...)
	for i := 0; i < 60; i += 10 {
		far[i] = fmt.Sprint("other", i) // 26 shingles of 56 lost: 30/82
	}
	texts := []string{strings.Join(long, " "), "Short one.", "short  ONE", strings.Join(changed, " "), strings.Join(far, " "),
		"Another short."}
	keep, exact, near := deduplicate(texts, 5, 0.8)
	require.Equal(t, []int{0, 1, 4, 5}, keep)
	require.Equal(t, []int{1, 1}, []int{exact, near})
	keep, _, _ = deduplicate(texts, 5, 0.97)
	require.Contains(t, keep, 3)
}

// lettered counts letters as tokens.
type lettered struct{ model.Model }

func (lettered) CountText(text string) (int, error) { return len(text), nil }

func (lettered) CountTokens(messages []model.Message) (n int, err error) {
	for _, m := range messages {
		n += len(m.Content)
	}
	return n, nil
}

func (lettered) ContextTokens() int { return 1 << 20 }

func TestPretraining(t *testing.T) {
	corpus := []retriever.Chunk{
		{ID: "a", Source: "m.md", Text: "The mill is old and red.", Start: 0, End: 24},
		{ID: "b", Source: "m.md", Text: "old and red. It stands by the river.", Start: 12, End: 48}, // overlaps
		{ID: "c", Source: "n.md", Text: "Another text that tells of a school.", Start: 0, End: 36},
		{ID: "d", Source: "o.md", Text: "another text that tells of a SCHOOL", Start: 0, End: 35},
		{ID: "e", Source: "p.md", Text: "Too short.", Start: 0, End: 10},
	}
	var general []string
	for i := range 20 {
		general = append(general, fmt.Sprintf("General text number %d says this.", i))
	}
	r, err := Pretrain{General: general, Replay: opt.Of(0.5)}.Rows(t.Context(), Input{Corpus: corpus})
	require.NoError(t, err)
	words, watched := map[string]int{}, 0
	texts := map[string]bool{}
	for _, row := range r.Rows {
		require.NoError(t, row.Check())
		require.Equal(t, rows.KindText, row.Kind)
		require.False(t, texts[row.Text])
		texts[row.Text] = true
		if row.HeldOut {
			require.Equal(t, trainlog.General, row.Source)
			watched += len(strings.Fields(row.Text))
			continue
		}
		words[row.Source] += len(strings.Fields(row.Text))
	}
	require.Equal(t, 120-18, watched, "all that replay leaves, and that is less than Watch")
	require.True(t, texts["The mill is old and red. It stands by the river."], "the overlap once")
	require.Equal(t, map[string]int{trainlog.Domain: 18, trainlog.General: 18}, words)
	require.Equal(t, map[string]int{"duplicate": 1, "near-duplicate": 0, "short": 1}, r.Dropped)
	require.False(t, len(rows.Stale(r.Rows, corpus)) > 0)

	r, err = Pretrain{General: general, Replay: opt.Of(0.0), Watch: opt.Of(12)}.Rows(t.Context(), Input{Corpus: corpus})
	require.NoError(t, err)
	held := slices.DeleteFunc(slices.Clone(r.Rows), func(row rows.Row) bool { return !row.HeldOut })
	require.Len(t, held, 2, "of six words each")
	require.Len(t, r.Rows, 4, "and the domain; nothing is replayed")

	_, err = Pretrain{}.Rows(t.Context(), Input{Corpus: corpus})
	require.ErrorContains(t, err, "set Pretrain.General, or Replay to 0")
	_, err = Pretrain{Replay: opt.Of(0.0)}.Rows(t.Context(), Input{Corpus: corpus[2:4]})
	require.ErrorIs(t, err, reading.ErrTooLittleText)
	require.ErrorContains(t, err, "of 2 passages, 1 text is left (duplicate 1)")

	// A model that counts: a token is a letter or a blank here, 48 + 36 of the domain.
	r, err = Pretrain{General: general, Replay: opt.Of(0.5)}.Rows(t.Context(), Input{Corpus: corpus, Model: lettered{fake.AlwaysSays("")}})
	require.NoError(t, err)
	letters := map[string]int{}
	for _, row := range r.Rows {
		if !row.HeldOut {
			letters[row.Source] += len(row.Text)
		}
	}
	require.Equal(t, 84, letters[trainlog.Domain])
	require.LessOrEqual(t, letters[trainlog.General], 84)
	require.Greater(t, letters[trainlog.General], 84-8, "at most a word is missing")
}

func TestPretrainingCutsTexts(t *testing.T) {
	// Chinese and Thai have no blanks between words; each text is cut within.
	in := Input{Model: lettered{fake.AlwaysSays("")}, Corpus: []retriever.Chunk{
		{ID: "a", Source: "a.md", Text: "红磨坊由玛拉经营。"}, {ID: "b", Source: "b.md", Text: "钟楼在河边。"},
	}}
	replayed := func(p Pretrain) (list []string) {
		r, err := p.Rows(t.Context(), in)
		require.NoError(t, err)
		require.Zero(t, r.Dropped["short"])
		for _, row := range r.Rows {
			require.True(t, utf8.ValidString(row.Text))
			if row.Source == trainlog.General && !row.HeldOut {
				list = append(list, row.Text)
			}
		}
		return list
	}
	chinese := strings.Repeat("这座桥于一九一二年建成。", 9)
	require.Equal(t, []string{chinese[:45]}, replayed(Pretrain{General: []string{chinese}, Replay: opt.Of(0.5)}), "45 bytes of the domain")
	thai := strings.Repeat("กรุงเทพมหานคร", 20)
	require.Len(t, strings.Join(replayed(Pretrain{General: []string{thai}, Replay: opt.Of(2.0 / 3)}), ""), 90)

	// A text of which nothing fits leaves the room to others.
	in.Corpus = []retriever.Chunk{
		{ID: "a", Source: "m.md", Text: "The mill is old and red. It stands by the river."},
		{ID: "c", Source: "n.md", Text: "Another text that tells of a school."},
	}
	general := []string{"supercalifragilisticexpialidocious and more", "Ann and Bob met in a mill."}
	for seed := range uint64(4) { // in whatever order
		in.Seed = seed
		require.Equal(t, []string{"Ann and Bob met in a"}, replayed(Pretrain{General: general, Replay: opt.Of(0.2), Watch: opt.Of(0)}),
			"of the 84 letters, 21")
	}
}
