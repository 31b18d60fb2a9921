//go:build !cgo

package main

import (
	"context"

	"github.com/ragft/ragft/ragft"
)

func (e *evaluation) atScale(context.Context, float64) (ragft.Model, func() error, error) {
	return nil, nil, withoutNative("an adapter")
}
