//go:build !cgo

package main

import "context"

func (a *app) runTrain(context.Context, trainFlags) error { return withoutNative("training") }

func (a *app) runMerge(context.Context, mergeFlags) error { return withoutNative("merging") }

func (a *app) runServe(context.Context, serveFlags) error { return withoutNative("the service") }

func (a *app) checkNative(context.Context, *findings, doctorFlags) {}
