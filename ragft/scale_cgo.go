//go:build cgo

package ragft

import (
	"context"
	"errors"

	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/cache"
)

// atScale opens the model with its adapter at a scale; what it says is cached under a name that tells the scale.
func (e *evaluation) atScale(_ context.Context, scale float64) (model.Model, func() error, error) {
	if scale == 0 {
		return e.base, func() error { return nil }, nil
	}
	adapter, err := e.adapterFile()
	if err != nil {
		return nil, nil, err
	}
	m, err := e.models.native.Adapted(adapter, scale)
	if err != nil {
		return nil, nil, err
	}
	cached, err := cache.Open(&watched{Model: m, project: e.Project, local: true}, e.Path(cacheName))
	if err != nil {
		m.Close()
		return nil, nil, err
	}
	return cached, func() error { return errors.Join(cached.Close(), m.Close()) }, nil
}
