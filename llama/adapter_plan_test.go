//go:build cgo

package llama

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/testmodel"
)

// TestAdapterIsTriedAgain has an adapter that could not be tried, for a reason that passes.
func TestAdapterIsTriedAgain(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	c := mustContext(t, m, ContextOptions{Size: 256})
	request := Request{Prompt: []Token{50, 60, 70}, MaxTokens: 2, Adapters: []AdapterScale{{a, 1}}}
	m.info.has_encoder = true // so that there is no new context
	_, err = c.Generate(t.Context(), []Request{request})
	require.ErrorIs(t, err, ErrUnsupported)
	m.info.has_encoder = false
	mustGenerate(t, c, request)
}

// TestPlanWaitsForAdapters has an adapter that is loaded while the first batch with another one is to be computed.
func TestPlanWaitsForAdapters(t *testing.T) {
	path := tinyModel(t)
	m := mustLoad(t, path)
	a, err := m.LoadAdapter(testmodel.NewAdapter(t, path, testmodel.AdapterSpec{}))
	require.NoError(t, err)
	c := mustContext(t, m, ContextOptions{Size: 256})
	require.NoError(t, c.SetAdapters(AdapterScale{a, 1}))
	require.True(t, c.replan)
	done := c.planned()
	require.False(t, m.adapterList.TryLock(), "no adapter is loaded meanwhile")
	done()
	done = c.planned()
	require.True(t, m.adapterList.TryLock(), "the next batch waits for nothing")
	m.adapterList.Unlock()
	done()
	require.NoError(t, c.SetAdapters())
	mustGenerate(t, c, Request{Prompt: []Token{50}, MaxTokens: 2})
	require.False(t, c.replan)
}
