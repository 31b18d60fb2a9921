//go:build cgo && amd64

package llamacpp

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/cpu"
)

// A processor without what the library was built for gets an error, not an illegal instruction.
func TestProcessor(t *testing.T) {
	_, err := OpenDevices(context.Background(), nil)
	require.NoError(t, err)
	has := cpu.X86
	defer func() { cpu.X86 = has }()
	cpu.X86.HasAVX = false
	_, err = OpenDevices(context.Background(), nil)
	require.ErrorContains(t, err, "AVX")
	require.ErrorContains(t, err, "--portable")
}
