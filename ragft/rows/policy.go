package rows

// DropReason says why a question gave no row.
type DropReason string

const (
	DropTooLong   DropReason = "too-long"   // longer than the model's context even with the fewest passages
	DropNoRefusal DropReason = "no-refusal" // nothing correct, and no refusal that could be used
)
