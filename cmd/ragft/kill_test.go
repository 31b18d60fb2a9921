//go:build cgo && unix

package main

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// A command that was killed and is run again leaves what it leaves if nothing happens.
func TestKilledCommandsGoOn(t *testing.T) {
	workplace(t)
	disturb(t, 3, func(t *testing.T, c campaign, u undisturbed, rng *rand.Rand) string {
		moment := time.Duration(rng.Float64() * float64(u.took))
		runFor(t, c.args, moment)
		return fmt.Sprintf("killed after %v of %v", moment, u.took)
	})
}
