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
		// A name that is set close to its number or apart from it, numbered in words, or in the language of the answer.
		"The keeper is Osk Varley [doc1].":                    {1},
		"The keeper is Osk Varley [Doc1, Doc3].":              {1, 3},
		"The keeper is Osk Varley [doc_2].":                   {2},
		"The keeper is Osk Varley [citation:1][citation: 2].": {1, 2},
		"The keeper is Osk Varley [cite: 1, 3].":              {1, 3},
		"The keeper is Osk Varley (Source: Document 1).":      {1},
		"The keeper is Osk Varley (Document no. 1).":          {1},
		"The keeper is Osk Varley (according to document 1).": {1},
		"The keeper is Osk Varley [Chunk 1].":                 {1},
		"Es ist Osk Varley (siehe Dokumente 1 und 2).":        {1, 2},
		"C'est Osk Varley (voir le document 1).":              {1},
		"Es Osk Varley [Fuentes 1 y 2].":                      {1, 2},
		"守灯人是奥斯克【文档1】。":                                       {1},
		"灯台守はオスクです（文書1）。":                                     {1},
		// With a place or a title behind it.
		"The keeper is Osk Varley [1, p. 3].":                {1},
		"The keeper is Osk Varley (Document 1, page 3).":     {1},
		"The keeper is Osk Varley [Passage 2, lines 3-4].":   {2},
		"The keeper is Osk Varley (Document 1, \"Bram\").":   {1},
		"The keeper is Osk Varley (Documents 1 and 2, Bram)": {1, 2},
		"The keeper is Osk Varley (Document 1 - Bram).":      {1},
		// Ranges, digits and brackets of other shapes.
		"The keeper is Osk Varley [1]-[3].":                            {1, 2, 3},
		"The keeper is Osk Varley [1], [3].":                           {1, 3},
		"The keeper is Osk Varley [1~3].":                              {1, 2, 3},
		"The keeper is Osk Varley [1\u20113].":                         {1, 2, 3},
		"The keeper is Osk Varley (passages 2 through 4).":             {2, 3, 4},
		"The keeper is Osk Varley [1 und 3].":                          {1, 3},
		"The keeper is Osk Varley [１、３].":                              {1, 3},
		"The keeper is Osk Varley 〔1〕.":                                {1},
		"The keeper is Osk Varley \\[1\\].":                            {1},
		"The keeper is Osk Varley [^1^][^2^].":                         {1, 2},
		"The keeper is Osk Varley<sup>1</sup>.":                        {1},
		"The keeper is Osk Varley [1].\n\n[1]: notes/bram.md":          {1},
		"[1]: Osk Varley keeps it.":                                    {1},
		"[1]: Varley.":                                                 {1},
		"[1]: 1912.":                                                   {1},
		"Sources:\n- [1]\n- [4]":                                       {1, 4},
		"Document one [1] — [3] gives 1913.":                           {1, 3},
		"It was 1912 [1] - [3] gives 1913.":                            {1, 3},
		"The keeper is Osk Varley [doc-1, doc-3].":                     {1, 3},
		"The keeper is Osk Varley [source-1; source-3].":               {1, 3},
		"The keeper is Osk Varley [doc 1 - doc 3].":                    {1, 2, 3},
		"the lamp[Document 1] is lit":                                  {1},
		"The keeper (Document 1, p. 3) of Bram (see document 2) left.": {1, 2},
		"the data[Document 1].":                                        {1},
		"The keeper is Jean-Luc<sup>1</sup>.":                          {1},
		"The keeper (of Bram)<sup>1</sup>.":                            {1},
		"灯台守はオスク<sup>1</sup>です。":                                       {1},
		"The keeper is Osk Varley (Document 1, \"Bram 1912\").":        {1},
		"The keeper is Osk Varley (Document 1: Bram 1912).":            {1},
		"The keeper is Osk Varley [Source: 1].":                        {1},

		"Use list[2] of the keeper.":                 nil,
		"a[0] is the first":                          nil,
		"Take a[1], then b[2].":                      nil,
		"It is args[1].":                             nil,
		"x = rows_of[2]":                             nil,
		"f(x)[2]":                                    nil,
		"users[1].name holds it":                     nil,
		"Run `keep[1]` and `x [2]` first":            nil,
		"```\nkeep [1]\n```":                         nil,
		"On [12 May] it opened.":                     nil,
		"(1) Open it. (2) Close it.":                 nil,
		"It opened in [1912].":                       nil,
		"See [page 3].":                              nil,
		"(documentary 1)":                            nil,
		"It has (text 1b)":                           nil,
		"[]":                                         nil,
		"m[1][2] is 3":                               nil,
		"Take x[doc1] of it":                         nil,
		"It has 9 km<sup>2</sup>.":                   nil,
		"It is 10<sup>3</sup> m.":                    nil,
		"(Article 2 of the law)":                     nil,
		"It has much (documents: 3, photos: 10).":    nil,
		"She is known (citations: 45, h-index: 12).": nil,
		"(Ref: 123-45)":                              nil,
		"(context 8, layers 12)":                     nil,
		"（引用：45）":                                    nil,
		"E=mc<sup>2</sup>":                           nil,
		"It has 50 metres<sup>2</sup>.":              nil,
		"<sup>14</sup>C":                             nil,
		"(x+y)<sup>2</sup>":                          nil,
		"(a-b)<sup>2</sup>":                          nil,
		"[1]: bram.md":                               nil,
		"[1]: #bram":                                 nil,
		"(source: 12 letters)":                       nil,
		"[Figure 2], [5 km] and [10%]":               nil,
		"It won [3:2] at [12:30].":                   nil,
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
