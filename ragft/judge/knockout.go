package judge

// DefaultKnockoutPrompt is the system message with which the judge of a
// knock-out picks the best of up to three candidates.
const DefaultKnockoutPrompt = `Which prediction answers the question best? It must agree with the reference. ` +
	`Where the documents do not hold the answer and every answer is wrong, the best prediction is one that declines. ` +
	`Reply with one line:
Best: Prediction N`
