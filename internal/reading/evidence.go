package reading

// evidenceDepth is how far down the list of passages evidence and distractors
// are looked for.
const EvidenceDepth = 50
