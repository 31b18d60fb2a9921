package rows

// DropUnanswerable: a question without an answer, in a recipe that has nothing to teach for it.
const DropUnanswerable DropReason = "unanswerable"
