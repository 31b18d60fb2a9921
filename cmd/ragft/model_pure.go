//go:build !cgo

package main

import "context"

const hasNative = false

type native struct{}

func (a *app) openNative(_ context.Context, f modelFlags, _ string) (*models, error) {
	return nil, withoutNative("the model " + f.model)
}
