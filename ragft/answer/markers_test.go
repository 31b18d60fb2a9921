package answer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/fake"
)

func TestMarkers(t *testing.T) {
	for answer, want := range map[string][]int{
		"The keeper is Osk Varley [1].":                      {1},
		"The keeper is Osk Varley【1】.":                       {1},
		"The keeper is Osk Varley【1†source】【2†L3-L5】.":       {1, 2},
		"The keeper is Osk Varley [^1].\n\n[^1]: bram.md":    {1},
		"The keeper is Osk Varley [^1][^2].":                 {1, 2},
		"The keeper is Osk Varley ［1］.":                      {1},
		"The keeper is Osk Varley (Document 1).":             {1},
		"The keeper is Osk Varley (see document 2)":          {2},
		"The keeper is Osk Varley (documents 1 and 2).":      {1, 2},
		"The keeper is Osk Varley (Document 1, Document 3).": {1, 3},
		"The keeper is Osk Varley（Document 2）。":              {2},
		"The keeper is Osk Varley [Doc 2, 3].":               {2, 3},
		"The keeper is Osk Varley [Doc. 2; 3].":              {2, 3},
		"The keeper is Osk Varley [Document 1: Bram].":       {1},
		"The keeper is Osk Varley [Source 3]":                {3},
		"The keeper is Osk Varley [Passages 1-3].":           {1, 2, 3},
		"The keeper is Osk Varley [1, 2, and 4].":            {1, 2, 4},
		"The keeper is Osk Varley [1 & 2].":                  {1, 2},
		"The keeper is Osk Varley[1].":                       {1},
		"The keeper is Osk Varley[1] of Bram[2][3].":         {1, 2, 3},
		"Founded in 1912[1] by her.":                         {1},
		"It burnt in the great fire[2], and again.":          {2},
		"**Osk Varley**[1]":                                  {1},
		"灯台守はオスク[1]です。":                                      {1},
		"See [1](bram.md).":                                  {1},

		"Use list[2] of the keeper.":      nil,
		"a[0] is the first":               nil,
		"Take a[1], then b[2].":           nil,
		"It is args[1].":                  nil,
		"x = rows_of[2]":                  nil,
		"f(x)[2]":                         nil,
		"users[1].name holds it":          nil,
		"Run `keep[1]` and `x [2]` first": nil,
		"```\nkeep [1]\n```":              nil,
		"On [12 May] it opened.":          nil,
		"(1) Open it. (2) Close it.":      nil,
		"It opened in [1912].":            nil,
		"See [page 3].":                   nil,
		"(documentary 1)":                 nil,
		"It has (text 1b)":                nil,
		"[]":                              nil,
	} {
		var got []int
		for _, m := range markers(answer) {
			got = append(got, m.numbers...)
		}
		require.Equal(t, want, got, answer)
	}
}

// Every form cites the place that [2] does, and leaves no number behind.
func TestMarkersCite(t *testing.T) {
	want, _ := newCiter("Who opened the inn?", fake.InnHits()).written("Ann Lee [2].")
	require.Len(t, want, 1)
	for _, form := range []string{"【2】", "[^2]", "(Document 2)", "[Doc 2]", "【2†source】", "（document 2）"} {
		got, nowhere := newCiter("Who opened the inn?", fake.InnHits()).written("Ann Lee " + form + ".")
		require.Equal(t, want, got, form)
		require.Empty(t, nowhere)
		require.Equal(t, "Ann Lee  .", withoutMarkers("Ann Lee "+form+"."), form)
	}
}
