package ragft

import (
	"fmt"

	"github.com/ragft/ragft/internal/gguf"
)

// defaultRate is the learning rate for a model with this many weights. Larger models need smaller steps. Of the three, 5e-4 was
// measured on models of 135 and 270 million weights (docs/results.md) and 1e-3 on the shipped one (docs/quickstart.md).
func defaultRate(weights int64) float64 {
	switch {
	case weights < 20e6:
		return 1e-3
	case weights < 1e9:
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

// weightsOf counts the weights of a model file.
func weightsOf(file string) (int64, error) {
	f, err := gguf.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	n := int64(0)
	for _, t := range f.Tensors() {
		n += t.Elements()
	}
	if n == 0 {
		return 0, fmt.Errorf("%s has no weights", file)
	}
	return n, nil
}
