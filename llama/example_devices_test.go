//go:build cgo

package llama_test

import (
	"fmt"

	"github.com/ragft/ragft/llama"
)

// Devices lists what this machine can compute with. ModelOptions.GPULayers decides how many layers a GPU holds.
func ExampleDevices() {
	for _, d := range llama.Devices() {
		if d.Kind == "cpu" {
			fmt.Println("there is always the CPU")
		}
	}
	// Output: there is always the CPU
}
