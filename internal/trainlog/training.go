package trainlog

// Training is what is worth keeping and reporting of a training.
type Training struct {
	Losses          []LossPoint        // by step
	BaseBySource    map[string]float64 // held-out loss before training by source of rows, nats per token
	HeldOutBySource map[string]float64 // the same with the adapter
	Scores          []Score            // by step; empty = the adapter was not scored
	Seconds         float64
	Rows, Tokens    int    // trained on
	Memory          uint64 // bytes at most
}
