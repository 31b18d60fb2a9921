package meter

import (
	"context"

	"github.com/ragft/ragft/ragft/model"
)

// Counted returns lm with its calls counted in m.
func (m *Meter) Counted(lm model.Model) model.Model { return counted{lm, m} }

type counted struct {
	model.Model
	meter *Meter
}

func (c counted) Chat(ctx context.Context, reqs []model.Request) ([]model.Response, error) {
	return c.meter.Chat(ctx, c.Model, reqs)
}

func (c counted) Unwrap() model.Model { return c.Model }
