//go:build cgo

package llama_test

import (
	"fmt"

	"github.com/ragft/ragft/llama"
)

// What this machine computes with. How many layers lie on a GPU is up to ModelOptions.GPULayers.
func ExampleDevices() {
	for _, d := range llama.Devices() {
		if d.Kind == "cpu" {
			fmt.Println("there is always the CPU")
		}
	}
	// Output: there is always the CPU
}
