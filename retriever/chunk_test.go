package retriever

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/frontmatter"
)

// checkChunks holds chunks to what Split promises.
func checkChunks(t testing.TB, doc Document, opts SplitOptions, chunks []Chunk) {
	t.Helper()
	o, err := opts.resolve()
	require.NoError(t, err)
	ids := map[string]bool{}
	covered := 0
	for i, c := range chunks {
		require.Equal(t, doc.Text[c.Start:c.End], c.Text)
		require.NotEmpty(t, c.Text)
		require.Equal(t, strings.TrimSpace(c.Text), c.Text)
		require.True(t, utf8.ValidString(c.Text))
		require.Equal(t, doc.Source, c.Source)
		require.False(t, ids[c.ID], "ID twice")
		ids[c.ID] = true
		if i > 0 {
			require.Greater(t, c.Start, chunks[i-1].Start)
			require.Greater(t, c.End, chunks[i-1].End)
		}
		if n := o.Count(c.Text); n > o.MaxTokens {
			require.LessOrEqual(t, len(c.Text), maxPieceBytes+16, "a chunk of %d tokens, not a single piece", n)
		}
		if c.Start > covered {
			gap := doc.Text[covered:c.Start]
			skipped, _ := frontmatter.Find(doc.Text)
			require.True(t, strings.TrimSpace(gap) == "" || (i == 0 && c.Start >= skipped), "text %q is in no chunk", gap)
		}
		covered = max(covered, c.End)
	}
	if skipped, _ := frontmatter.Find(doc.Text); covered >= skipped || doc.format() != Markdown {
		require.Empty(t, strings.TrimSpace(doc.Text[covered:]), "the end is in no chunk")
	}
}

func FuzzSplit(f *testing.F) {
	f.Add("One. Two! Three?\n\n# Head\n\nBody text, Mr. Smith.", "a.md", 5, 2, false)
	f.Add("漢字の文。次の文。\u3000終わり", "a.txt", 3, 1, true)
	f.Add(strings.Repeat("x", 500)+"\u0301é", "a.txt", 1, 0, false)
	f.Add("---\ntitle: x\n---\nText\n===\n\n```\n# no\n```\n", "a.md", 7, 6, true)
	f.Fuzz(func(t *testing.T, text, source string, size, overlap int, sentences bool) {
		doc := Document{Source: source, Title: "T", Text: text}
		opts := SplitOptions{Size: size, Overlap: overlap}
		if sentences {
			opts.By, opts.MaxTokens = Sentences, 20
		}
		chunks, err := Split(doc, opts)
		if err != nil {
			require.Empty(t, chunks)
			return
		}
		checkChunks(t, doc, opts, chunks)
		again, err := Split(doc, opts)
		require.NoError(t, err)
		require.Equal(t, chunks, again)
	})
}

func texts(chunks []Chunk) (out []string) {
	for _, c := range chunks {
		out = append(out, c.Text)
	}
	return out
}

func TestSplitSentences(t *testing.T) {
	text := "Dr. Ann Lee met J. R. Moss at 5 p.m. in Rome. They sailed (at last!) on. \"Why?\" asked he. It cost 3.50 marks, e.g. Much. " +
		"version 2.0 is out. But vs. The rest.\n- item one\n- item two\n\nno full stop here\n\nEnd"
	chunks, err := Split(Document{Source: "a.txt", Text: text}, SplitOptions{By: Sentences, Size: 1})
	require.NoError(t, err)
	require.Equal(t, []string{
		"Dr. Ann Lee met J. R. Moss at 5 p.m. in Rome.", "They sailed (at last!) on.", "\"Why?\" asked he.",
		"It cost 3.50 marks, e.g. Much. version 2.0 is out.", "But vs. The rest.", "- item one", "- item two", "no full stop here", "End",
	}, texts(chunks))

	chunks, err = Split(Document{Text: "A1 b. C2 d. E3 f. G4 h. I5 j."}, SplitOptions{By: Sentences, Size: 3, Overlap: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"A1 b. C2 d. E3 f.", "E3 f. G4 h. I5 j."}, texts(chunks))

	chunks, err = Split(Document{Text: "これは文です。「次」の文！終わり"}, SplitOptions{By: Sentences, Size: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"これは文です。", "「次」の文！", "終わり"}, texts(chunks))
}

func TestSplitTokens(t *testing.T) {
	doc := Document{Source: "a.txt", Text: "One two three four. Five six seven. Eight nine ten eleven twelve."}
	chunks, err := Split(doc, SplitOptions{Size: 10})
	require.NoError(t, err)
	require.Equal(t, []string{"One two three four. Five six seven.", "Eight nine ten eleven twelve."}, texts(chunks))
	checkChunks(t, doc, SplitOptions{Size: 10}, chunks)

	chunks, err = Split(doc, SplitOptions{Size: 10, Overlap: 5})
	require.NoError(t, err)
	require.Equal(t, []string{"One two three four. Five six seven.", "Five six seven. Eight nine ten eleven twelve."}, texts(chunks))

	// A counter whose counts do not add up: whole texts cost more than parts.
	heavy := func(s string) int { return len(strings.Fields(s)) * len(strings.Fields(s)) }
	opts := SplitOptions{Size: 17, Count: heavy}
	chunks, err = Split(doc, opts)
	require.NoError(t, err)
	checkChunks(t, doc, opts, chunks)
	// One that counts nothing: chunks are bounded all the same.
	big := Document{Text: bigText(3 << 20)}
	chunks, err = Split(big, SplitOptions{Count: func(string) int { return 0 }})
	require.NoError(t, err)
	require.Greater(t, len(chunks), 2)
	for _, o := range []SplitOptions{{Size: -1}, {Size: 5, Overlap: 5}, {Overlap: -1}, {By: "pages"}, {By: Sentences, MaxTokens: -2}} {
		_, err = Split(doc, o)
		require.ErrorIs(t, err, ErrOptions)
	}
	_, err = Split(Document{Text: "a\xff"}, SplitOptions{})
	require.ErrorIs(t, err, ErrBadChunk)
}

func TestSplitMarkdown(t *testing.T) {
	text := "---\ntitle: \"The Guide\"\n---\nIntro.\n\n# Setup\n\n## Linux\n\nInstall it.\n\n```sh\n# not a heading\n```\n\n" +
		"## Mac ##\n\nBrew it.\n\nUse\n===\nRun.\n#nohead\n"
	doc := Document{Source: "g.md", Title: markdownTitle(text), Text: text}
	chunks, err := Split(doc, SplitOptions{})
	require.NoError(t, err)
	checkChunks(t, doc, SplitOptions{}, chunks)
	var got [][2]string
	for _, c := range chunks {
		got = append(got, [2]string{c.Title, c.Text})
	}
	require.Equal(t, [][2]string{
		{"The Guide", "Intro."},
		{"The Guide > Setup > Linux", "# Setup\n\n## Linux\n\nInstall it.\n\n```sh\n# not a heading\n```"},
		{"The Guide > Setup > Mac", "## Mac ##\n\nBrew it."},
		{"The Guide > Use", "Use\n===\nRun.\n#nohead"},
	}, got)
	chunks, err = Split(Document{Source: "x.md", Title: "Top", Text: "# Top\n\ntext"}, SplitOptions{})
	require.NoError(t, err)
	require.Equal(t, "Top", chunks[0].Title, "the title is not repeated")
}

func TestChunkIDs(t *testing.T) {
	split := func(source, text string) []Chunk {
		chunks, err := Split(Document{Source: source, Text: text}, SplitOptions{By: Sentences, Size: 1})
		require.NoError(t, err)
		return chunks
	}
	a := split("a.txt", "First. Same. Same. Last.")
	require.NotEqual(t, a[1].ID, a[2].ID, "text that comes twice")
	b := split("a.txt", "New one. First. Same. Same. Last.")
	for i := range a {
		require.Equal(t, a[i].ID, b[i+1].ID, "an edit before a chunk leaves its ID")
	}
	require.NotEqual(t, a[0].ID, split("b.txt", "First.")[0].ID)
	require.Equal(t, "56a679d5721ec3b5a1e62aa311adc186", a[0].ID, "IDs do not change between versions")
}

// Texts of odd forms are divided in linear time: in quadratic time none of
// these would end.
func TestSplitHuge(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for name, text := range map[string]string{
		"one word":   strings.Repeat("x", 20<<20),
		"blanks":     strings.Repeat(" ", 50<<20) + "end",
		"headings":   strings.Repeat("# h\n", 2<<20),
		"line ends":  strings.Repeat("a\n", 4<<20),
		"ideographs": strings.Repeat("漢", 4<<20),
	} {
		start := time.Now()
		n := 0
		for c, err := range SplitSeq(Document{Source: "big.md", Text: text}, SplitOptions{Overlap: 50}) {
			if err != nil || c.Text == "" || unicode.IsSpace(rune(c.Text[0])) {
				t.Fatal(name, err, len(c.Text))
			}
			n++
		}
		t.Logf("%s: %d MiB, %d chunks, %v", name, len(text)>>20, n, time.Since(start).Round(time.Millisecond))
		require.Positive(t, n)
	}
}

func TestCountWords(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "  ": 0, "one": 1, "one two": 2, "It's 3.5!": 7, "漢字かな": 4, "naïve café": 2, "a漢b": 3,
	} {
		require.Equal(t, want, CountWords(text), text)
	}
}
