package rows

import "github.com/ragft/ragft/retriever"

// Stale returns the rows that show passages which an index no longer holds as
// they were, with Chunks reduced to those passages. corpus is what
// retriever.Index.Chunks lists. The id of a passage is made of its source and
// its text, so that a changed passage is another one. Stale rows teach what the
// documents no longer say: make them again.
func Stale(list []Row, corpus []retriever.Chunk) []Row {
	known := make(map[string]bool, len(corpus))
	for _, chunk := range corpus {
		known[chunk.ID] = true
	}
	var stale []Row
	for _, row := range list {
		var missing []ChunkRef
		for _, chunk := range row.Chunks {
			if !known[chunk.ID] {
				missing = append(missing, chunk)
			}
		}
		if len(missing) > 0 {
			row.Chunks = missing
			stale = append(stale, row)
		}
	}
	return stale
}
