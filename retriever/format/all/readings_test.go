package all

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// reading is a file, and what is found in it.
type reading struct {
	name, file, data string
	has              []string // "text @place @title" of passages; place and title may be left out
	not              []string // in no passage
}

func checkReadings(t *testing.T, tests []reading) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reader := format.Find(test.file, []byte(test.data[:min(len(test.data), 8<<10)]))
			if reader == nil {
				reader = retriever.TextReader(retriever.FormatOf(test.file))
			}
			require.NotNil(t, reader)
			doc, err := reader.Read(t.Context(), test.file, test.data)
			require.NoError(t, err)
			chunks, err := retriever.Split(doc, retriever.SplitOptions{})
			require.NoError(t, err)
			var all []string
			for _, c := range chunks {
				all = append(all, fmt.Sprintf("%s @%s @%s", c.Text, c.Place, c.Title))
			}
			for _, want := range test.has {
				text, at, _ := strings.Cut(want, " @")
				found := false
				for _, c := range chunks {
					found = found || strings.Contains(c.Text, text) && (at == "" || at == c.Place || at == c.Place+" @"+c.Title)
				}
				require.True(t, found, "%q is not in\n%s", want, strings.Join(all, "\n---\n"))
			}
			for _, s := range test.not {
				require.NotContains(t, strings.Join(all, "\n---\n"), s)
			}
		})
	}
}
