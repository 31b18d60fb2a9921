//go:build cgo

package localtest

import (
	"context"
	"testing"

	"github.com/ragft/ragft/internal/testmodel"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/local"
	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/stretchr/testify/require"
)

func OpenLocalTest(t *testing.T, spec testmodel.Spec) (*local.Model, string) {
	t.Helper()
	path := testmodel.New(t, spec)
	m, err := local.Open(context.Background(), path, local.Options{Sequences: 4, ContextTokens: 1024, Threads: 1, GPULayers: opt.Of(0)})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m, path
}

func ClosedChat(question string) []model.Message { return prompt.Set{}.ClosedMessages(question) }
