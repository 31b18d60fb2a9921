package trainlog

// Score is the score of the adapter after a step of a training; higher is better.
type Score struct {
	Step    int      `json:"step"`
	Score   float64  `json:"score"`
	HeldOut *float64 `json:"validation_loss,omitempty"` // nats per token; nil = not measured
}
