package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/spf13/pflag"
)

// count is the value of a flag that is a whole number of min or more. Where the library takes zero for a default of its
// own, min is 1, or what reads the flag passes zero on as [orNegative].
type count struct {
	p   *int
	min int
}

func countValue(p *int, value, min int) pflag.Value {
	*p = value
	return count{p, min}
}

func (v count) String() string { return strconv.Itoa(*v.p) }
func (count) Type() string     { return "int" }
func (v count) Set(s string) error {
	n, err := strconv.Atoi(s)
	switch {
	case err != nil:
		return errors.New("it must be a whole number")
	case n < v.min:
		return fmt.Errorf("it must be %d or more", v.min)
	}
	*v.p = n
	return nil
}

// share is the value of a flag that is a number from 0 to 1.
type share struct{ p *float64 }

func shareValue(p *float64, value float64) pflag.Value {
	*p = value
	return share{p}
}

func (v share) String() string { return strconv.FormatFloat(*v.p, 'g', -1, 64) }
func (share) Type() string     { return "float64" }
func (v share) Set(s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x >= 0 && x <= 1) {
		return errors.New("it must be a number from 0 to 1")
	}
	*v.p = x
	return nil
}

// positive is the value of a flag that is a number above 0.
type positive struct{ p *float64 }

func positiveValue(p *float64, value float64) pflag.Value {
	*p = value
	return positive{p}
}

func (v positive) String() string { return strconv.FormatFloat(*v.p, 'g', -1, 64) }
func (positive) Type() string     { return "float64" }
func (v positive) Set(s string) error {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil || !(x > 0) || math.IsInf(x, 1) {
		return errors.New("it must be a number above 0")
	}
	*v.p = x
	return nil
}
