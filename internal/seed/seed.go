package seed

import (
	"crypto/sha256"
	"encoding/binary"
	"io"
	"strings"
)

// deriveSeed makes an independent seed from a seed and the names of what it is
// for. Equal arguments give equal seeds on every machine.
func Derive(seed uint64, names ...string) uint64 {
	h := sha256.New()
	var number [8]byte
	binary.LittleEndian.PutUint64(number[:], seed)
	h.Write(number[:])
	for _, name := range names {
		binary.LittleEndian.PutUint64(number[:], uint64(len(name)))
		h.Write(number[:])
		io.WriteString(h, name)
	}
	return binary.LittleEndian.Uint64(h.Sum(nil))
}

// seededOrder compares a and b in a random order that the seed decides. It
// depends on the two alone, so taking one out does not move the others.
func Order(seed uint64, purpose, a, b string) int {
	x, y := Derive(seed, purpose, a), Derive(seed, purpose, b)
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	default:
		return strings.Compare(a, b)
	}
}

// seededShare is a uniform number in [0, 1) that the seed and the names decide.
func Uniform(seed uint64, names ...string) float64 {
	// The upper 53 bits are as many as a float64 holds.
	return float64(Derive(seed, names...)>>11) / (1 << 53)
}
