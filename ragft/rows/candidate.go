package rows

import "github.com/ragft/ragft/ragft/answer"

// Arm is the way in which a candidate was generated, one of the three of
// arXiv 2502.10596, section 3: "closed" (the closed prompt, no documents),
// "read" (the read prompt, with documents) or "refuse" (the refuse prompt, with
// the same documents).
type Arm string

// Candidate is one generated response. It is identified by question, Arm and
// Index, never by its text: equal texts stay apart, and empty ones keep their
// place.
type Candidate struct {
	Arm         Arm             `json:"arm"`
	Index       int             `json:"index"` // sample within the arm, from 0
	Text        string          `json:"text"`
	Draft       string          `json:"draft,omitempty"` // that Text summarises, where candidates are made in two turns
	Verdict     answer.Verdict  `json:"verdict,omitempty"`
	Decision    answer.Decision `json:"decision,omitempty"`     // what decided on the verdict
	Votes       *answer.Votes   `json:"votes,omitempty"`        // nil where the judge was not asked
	F1          float64         `json:"f1"`                     // token F1 with the best reference answer
	Support     float64         `json:"support"`                // share of its tokens that occur in the passages
	MeanLogProb *float64        `json:"mean_logprob,omitempty"` // of a token, natural log; nil where unknown
	Tokens      int             `json:"tokens,omitempty"`
	Truncated   bool            `json:"truncated,omitempty"` // cut by the length limit
	Greedy      bool            `json:"greedy,omitempty"`    // generated at temperature 0
}
