package layout

// AnswerMarker begins the last line of a text that reasons before it answers.
const AnswerMarker = "Answer:"
