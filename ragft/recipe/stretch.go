package recipe

import (
	"strings"

	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// stretch is text of one document without a gap.
type stretch struct {
	text   string
	chunks []retriever.Chunk
}

func (s stretch) refs() []rows.ChunkRef {
	refs := make([]rows.ChunkRef, len(s.chunks))
	for i, c := range s.chunks {
		refs[i] = rows.ChunkRef{ID: c.ID, Source: c.Source, Start: c.Start, End: c.End}
	}
	return refs
}

// stretchesOf joins chunks of a source that touch or overlap and come in order.
func stretchesOf(corpus []retriever.Chunk) []stretch {
	var out []stretch
	for _, c := range corpus {
		if n := len(out); n > 0 {
			s := &out[n-1]
			last := s.chunks[len(s.chunks)-1]
			overlap := last.End - c.Start
			switch {
			case last.Source != c.Source || c.Start < last.Start:
			case overlap >= 0 && overlap <= len(c.Text) && c.End >= last.End && strings.HasSuffix(s.text, c.Text[:overlap]):
				s.text += c.Text[overlap:]
				s.chunks = append(s.chunks, c)
				continue
			case overlap < 0 && -overlap <= 2: // a blank or a line break between them
				s.text += strings.Repeat("\n", -overlap) + c.Text
				s.chunks = append(s.chunks, c)
				continue
			}
		}
		out = append(out, stretch{text: c.Text, chunks: []retriever.Chunk{c}})
	}
	return out
}
