package ragft

import (
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/gguf"
)

// defaultRate is the learning rate for a model of this architecture with this many weights. Larger models need smaller steps, and
// so do Gemma's: their norms scale up what the layers read, so that the same step changes more. At 5e-4, Gemma 3 270M had forgotten
// so much that the perplexity of general text was 80 % higher; at 2e-4 it answered better and had kept it. Otherwise 5e-4 was measured
// on a model of 135 million weights (docs/results.md) and 1e-3 on the shipped one (docs/quickstart.md).
func defaultRate(architecture string, weights int64) float64 {
	switch {
	case weights < 20e6:
		return 1e-3
	case weights < 1e9 && !strings.HasPrefix(architecture, "gemma"):
		return 5e-4
	}
	return 2e-4
}

// defaultEpochs is the number of epochs for this many rows. With few rows, one epoch has too few steps to learn what an answer
// looks like.
func defaultEpochs(rows int) int {
	switch {
	case rows < 150:
		return 3
	case rows < 400:
		return 2
	}
	return 1
}

// sizeOf is the architecture of a model file, and the number of its weights.
func sizeOf(file string) (architecture string, weights int64, err error) {
	f, err := gguf.Open(file)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	for _, t := range f.Tensors() {
		weights += t.Elements()
	}
	if weights == 0 {
		return "", 0, fmt.Errorf("%s has no weights", file)
	}
	architecture, _ = f.Text("general.architecture")
	return architecture, weights, nil
}
