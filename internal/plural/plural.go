// Package plural formats counts with the singular or the plural of a noun, and sizes.
package plural

import (
	"fmt"
	"strconv"
	"strings"
)

// N is a number with the noun, given in the singular: "1 passage", "2 passages", "0 replies".
func N(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + of(noun)
}

// of is the plural of a regular noun, or of the last of several words.
func of(noun string) string {
	before, last := noun[:max(0, len(noun)-2)], noun[max(0, len(noun)-1):]
	switch {
	case last == "y" && !strings.ContainsAny(noun[len(before):len(noun)-1], "aeiou"):
		return noun[:len(noun)-1] + "ies"
	case strings.Contains("sxz", last), strings.HasSuffix(noun, "ch"), strings.HasSuffix(noun, "sh"):
		return noun + "es"
	}
	return noun + "s"
}

// Pick returns one for the number 1, and many otherwise: for verbs, for instance.
func Pick(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Bytes is a number of bytes with a unit that suits it.
func Bytes(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.0f GiB", float64(n)/(1<<30))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}
