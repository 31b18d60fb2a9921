package question

import "github.com/ragft/ragft/retriever"

// Altered are passages in which the answer to a question was replaced (counterfactual
// robustness of RGB, arXiv 2309.01431).
type Altered struct {
	Shown []retriever.Hit
	False string // the answer in them
}
