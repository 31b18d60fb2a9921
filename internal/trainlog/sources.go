package trainlog

// Sources of the rows of plain text: the documents, and other text that is mixed
// in so that it is not forgotten. The losses of such rows are perplexities.
const (
	Domain  = "domain"
	General = "general"
)

// Anchor is the source of passages on which a training holds the adapter to what the model expects without it.
const Anchor = "anchor"
