//go:build cgo && !race

package llama

// raceDetector says whether the tests were built with -race.
const raceDetector = false
