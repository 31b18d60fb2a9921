package answer

import (
	"github.com/ragft/ragft/internal/refusal"
	"github.com/ragft/ragft/internal/wordings"
)

// IsRefusal reports whether a text declines to answer: "I don't know", "The
// documents do not say", "Sorry, I cannot answer that", "Unknown". It knows
// English, German, French, Spanish, Chinese and Japanese; a refusal in another
// language is taken for an answer.
//
// The text as a whole decides. "Built in 1912. The documents do not name the
// builder." is an answer, as is a hedged answer ("I am not sure, but it is
// 1931"), and "The documents do not say. They only name the builder." is a
// refusal. Thoughts in front of the reply do not count.
//
// Limits. The rules know common wordings only: on English replies that they
// were not written for, about one refusal in five is missed, and one in ten of
// what they take for a refusal is an answer. A bare "No",
// "None" or "Nothing" is an answer, as these often are. An answer that is worded as
// a refusal (a song called I Don't Know) is taken for one, unless it is in
// double quotes with other text around it. An empty text is not a refusal.
func IsRefusal(text string) bool {
	if wordings.Begins(text) { // what the project's own rows teach
		return true
	}
	_, lean := refusal.Decide(text)
	return lean == refusal.Declines
}
