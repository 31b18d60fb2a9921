//go:build !cgo

package main

import (
	"context"

	"github.com/ragft/ragft/ragft/model"
)

func (e *evaluation) atScale(context.Context, float64) (model.Model, func() error, error) {
	return nil, nil, withoutNative("an adapter")
}
