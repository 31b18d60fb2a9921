//go:build !cgo

package publish

import (
	"context"
	"errors"
)

func mergeAdapter(context.Context, string, string, string) error {
	return errors.New("this program was built without cgo and cannot merge models: build it with CGO_ENABLED=1")
}
