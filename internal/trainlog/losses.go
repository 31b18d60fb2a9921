package trainlog

import (
	"encoding/json"

	"github.com/ragft/ragft/internal/stats"
)

// LossPoint is one report of the training: the loss in nats per token.
type LossPoint struct {
	Step    int
	Train   float64 // NaN = not measured at this step
	HeldOut float64 // NaN = not measured at this step
}

type lossPointJSON struct {
	Step    int      `json:"step"`
	Train   *float64 `json:"train,omitempty"`
	HeldOut *float64 `json:"held_out,omitempty"`
}

// MarshalJSON leaves out what was not measured.
func (p LossPoint) MarshalJSON() ([]byte, error) {
	return json.Marshal(lossPointJSON{p.Step, stats.Finite(p.Train), stats.Finite(p.HeldOut)})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *LossPoint) UnmarshalJSON(data []byte) error {
	var in lossPointJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*p = LossPoint{in.Step, stats.OrNaN(in.Train), stats.OrNaN(in.HeldOut)}
	return nil
}
