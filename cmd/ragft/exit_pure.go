//go:build !cgo

package main

import "log/slog"

const hasNative = false

func setNativeLogger(*slog.Logger) {}

func nativeExitCode(error) int { return exitError }
