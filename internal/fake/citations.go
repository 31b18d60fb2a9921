package fake

import (
	"github.com/ragft/ragft/retriever"
)

// innText is a document of which the passages are slices.
const InnText = "The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee.\n\n" +
	"Café guests pay 3 marks – tea included. Dr. Hale keeps nine horses there! The mill was opened in 1912 too."

func InnHits() []retriever.Hit {
	cut := len("The Blue Inn stands in Dunmore. It was opened in 1912 by Ann Lee.")
	first := Passage("inn.md", "The Blue Inn", InnText[:cut], 0)
	second := Passage("inn.md", "The Blue Inn", InnText[cut+2:], cut+2)
	return []retriever.Hit{second, first}
}
