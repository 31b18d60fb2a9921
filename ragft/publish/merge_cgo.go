//go:build cgo

package publish

import (
	"context"

	"github.com/ragft/ragft/lora"
)

// mergeAdapter writes the base with the adapter in its weights.
func mergeAdapter(ctx context.Context, base, adapter, output string) error {
	_, err := lora.Merge(ctx, lora.MergeOptions{Base: base, Adapter: adapter, Output: output})
	return err
}
