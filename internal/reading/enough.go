package reading

import (
	"fmt"

	"github.com/ragft/ragft/retriever"
)

// enoughPassages is an error for an index that says it holds fewer than two
// passages: whatever is asked, each search finds the same.
func EnoughPassages(search retriever.Searcher) error {
	if index, ok := search.(retriever.Counter); ok && index.Len() < 2 {
		return fmt.Errorf("%w: the index holds %d passages, so that there is nothing to choose from: add documents, or divide them into smaller passages (retriever.SplitOptions)",
			ErrTooLittleText, index.Len())
	}
	return nil
}
