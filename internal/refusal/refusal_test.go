package refusal_test

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/refusal"
)

// reply is a labelled line; see testdata/README.md.
type reply struct{ Text, Label, Split string }

func replies(t *testing.T, name string) (all []reply) {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".jsonl"))
	require.NoError(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var r reply
		require.NoError(t, json.Unmarshal(lines.Bytes(), &r))
		all = append(all, r)
	}
	require.NoError(t, lines.Err())
	return all
}

// The floors hold what was measured, less three points. en-test and en-second-test are the halves that were not read while the
// rules were written.
// Misses are printed for the development halves only, with -v.
func TestLabelledReplies(t *testing.T) {
	for _, c := range []struct {
		name              string
		precision, recall float64
	}{
		{"en-dev", 0.97, 0.97}, {"en-test", 0.92, 0.784}, {"en-second-dev", 0.94, 0.97}, {"en-second-test", 0.873, 0.77},
		{"de", 0.97, 0.87}, {"fr", 0.934, 0.87}, {"es", 0.97, 0.936}, {"zh", 0.97, 0.736}, {"ja", 0.97, 0.836},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits, claims, labels, unsure := 0, 0, 0, 0
			for _, r := range replies(t, c.name) {
				verdict, lean := refusal.Decide(r.Text)
				got, want := lean == refusal.Declines, r.Label == "refusal"
				hits, claims, labels = hits+btoi(got && want), claims+btoi(got), labels+btoi(want)
				unsure += btoi(verdict == refusal.Unsure)
				if got != want && r.Split == "dev" {
					t.Logf("declines: %v, of %q", got, r.Text)
				}
			}
			precision, recall := float64(hits)/float64(claims), float64(hits)/float64(labels)
			t.Logf("precision %.3f, recall %.3f, unsure %d", precision, recall, unsure)
			require.GreaterOrEqual(t, precision, c.precision, "precision")
			require.GreaterOrEqual(t, recall, c.recall, "recall")
		})
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestDecide(t *testing.T) {
	for text, want := range map[string]bool{
		// An answer, and what is not known beyond it.
		"It was founded in 1912; the documents do not give the month.":                  false,
		"It was founded in 1912, although the documents do not say by whom.":            false,
		"Anna Pell founded it in 1912 (the documents do not mention the month).":        false,
		"Anna Pell, but I do not know the year.":                                        false,
		"Nine rooms, as far as the documents say; the number of beds is not mentioned.": false,
		"Osk Varley [1]. Document 2 does not mention the keeper.":                       false,
		"1912 - the month cannot be determined.":                                        false,
		"The keeper is Osk Varley; it is not stated in the documents when he began.":    false,
		"Nine rooms; how many beds there are the notes leave open.":                     false,
		"Petra Lund [2]. What she paid for it is nowhere stated.":                       false,
		// By number, or put impersonally.
		"Document 1 does not mention the keeper.":                      true,
		"Document [1] does not say.":                                   true,
		"None of the three documents mentions the keeper.":             true,
		"The provided document [1] does not contain this information.": true,
		"The first document does not mention it.":                      true,
		"There's nothing about that in the notes.":                     true,
		"The price isn't listed.":                                      true,
		"From the context given, it's unclear who founded it.":         true,
		"Sources [2] and [3] are silent on this.":                      true,
		"I went through passages 1 to 4 and found no date.":            true,
		"The opening date has yet to appear in these notes.":           true,
		"The logbook breaks off before they land.":                     true,
		"The cause stays open in the documents.":                       true,
		"Neither source clarifies the price.":                          true,
		"I found the architect but not the year.":                      true,
		"The report has no chapter on tolls; I can't answer.":          true,
		"The minutes give no answer to this.":                          true,
		"They cannot say with any precision when it will erupt.":       false,
		"That the workers were not paid.":                              false,
		// Plain sentences about papers, data and springs.
		"The document does not expire.":                                         false,
		"The passage does not allow tall ships.":                                false,
		"The inn is not in the records of 1900 because it was founded in 1912.": false,
		"The file has no owner.":                                                false,
		"It cannot be determined by eye; use a gauge.":                          false,
		"The sources do not freeze.":                                            false,
		"The snippet does not compile.":                                         false,
		"The documents are not sealed.":                                         false,
		"I am not sure of foot, says the goat.":                                 false,
		"The data does not include 2020.":                                       false,
		"The paper does not contain acid.":                                      false,
		"The files do not contain viruses.":                                     false,
		"The information is not confidential.":                                  false,
		"There was no answer to the letter.":                                    false,
		"The excerpt does not rhyme.":                                           false,
		"The data cannot be restored without the key.":                          false,
		// Thoughts do not count.
		"<think>\nThe documents do not say who. Wait, document 1 does.\n</think>\n\nOsk Varley": false,
		"I cannot find it... yes, document 1.\n</think>\n\nOsk Varley":                          false,
		"<think>It is there.</think>The documents do not say.":                                  true,
		"<think>The documents do not say":                                                       false,
	} {
		_, lean := refusal.Decide(text)
		assert.Equal(t, want, lean == refusal.Declines, text)
	}
}
