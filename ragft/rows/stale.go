package rows

import (
	"fmt"

	"github.com/ragft/ragft/retriever"
)

// StaleRow is a row whose passages are not in the index as they were when the
// row was made.
type StaleRow struct {
	ID      string   // of the row
	Missing []string // sources of the passages that are gone or were changed
}

// StaleRows compares rows with the passages of an index, as
// retriever.Index.Chunks lists them: the id of a passage is made of its source
// and its text, so that one that was changed is another. Training on stale rows
// teaches what the documents no longer say: make such rows again.
func Stale(rows []Row, corpus []retriever.Chunk) []StaleRow {
	known := make(map[string]bool, len(corpus))
	for _, chunk := range corpus {
		known[chunk.ID] = true
	}
	var stale []StaleRow
	for _, row := range rows {
		var missing []string
		for _, chunk := range row.Chunks {
			if !known[chunk.ID] {
				missing = append(missing, chunk.Source)
			}
		}
		if len(missing) > 0 {
			stale = append(stale, StaleRow{ID: row.ID, Missing: missing})
		}
	}
	return stale
}

// String says what is stale.
func (s StaleRow) String() string {
	return fmt.Sprintf("row %s: %d of its passages are gone or were changed since it was made (%s): make the rows again", s.ID, len(s.Missing), s.Missing[0])
}
