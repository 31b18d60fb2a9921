//go:build !cgo

package main

import (
	"context"

	"github.com/ragft/ragft/ragft"
)

func checkNative(context.Context, *findings, *ragft.Project) {}
