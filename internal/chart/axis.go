package chart

import (
	"math"
	"strconv"
	"strings"
)

// Tick is a labelled place of an axis.
type Tick struct {
	Value float64
	Label string
}

// Axis is one direction of a chart. Min is at the left or bottom, Max at the
// right or top; Min may be the larger one.
type Axis struct {
	Label    string
	Min, Max float64
	Ticks    []Tick
	Grid     bool // a line across the chart at every tick
	Bands    bool // every other row is shaded; for the y axis of Rows
	rows     bool // made by Rows
	log      bool // made by Log
}

// Linear is an axis from low to high with ticks at the multiples of step, at
// NiceStep if step is 0.
func Linear(label string, low, high, step float64) Axis {
	if !(high > low) {
		high = low + 1
	}
	if step == 0 {
		step = NiceStep(high - low)
	}
	a := Axis{Label: label, Min: low, Max: high, Grid: true}
	decimals := int(max(0, math.Ceil(-math.Log10(step)-1e-9)))
	for i := math.Ceil(low/step - 1e-9); i*step <= high+1e-9*step; i++ {
		label := strconv.FormatFloat(i*step+0, 'f', decimals, 64) // +0 drops the sign of -0
		a.Ticks = append(a.Ticks, Tick{i * step, strings.Replace(label, "-", "−", 1)})
	}
	return a
}

// Rounded is a linear axis that begins and ends at the ticks around low and high.
func Rounded(label string, low, high float64) Axis {
	if !(high > low) {
		high = low + 1
	}
	step := NiceStep(high - low)
	return Linear(label, math.Floor(low/step+1e-9)*step, math.Ceil(high/step-1e-9)*step, step)
}

// Log is a logarithmic axis between the ticks around least and most, both above 0. Ticks are
// at 1, 2 and 5 times the powers of ten, or only at the powers of ten if there are many.
func Log(label string, least, most float64) Axis {
	a := Axis{Label: label, Grid: true, log: true}
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	for power := first; power <= last; power++ {
		for _, times := range []float64{1, 2, 5} {
			if value := times * math.Pow(10, power); times == 1 || last-first <= 2 {
				a.Ticks = append(a.Ticks, Tick{value, strconv.FormatFloat(value, 'g', 6, 64)})
			}
		}
	}
	for len(a.Ticks) > 2 && a.Ticks[1].Value <= least*(1+1e-9) {
		a.Ticks = a.Ticks[1:]
	}
	for len(a.Ticks) > 2 && a.Ticks[len(a.Ticks)-2].Value >= most*(1-1e-9) {
		a.Ticks = a.Ticks[:len(a.Ticks)-1]
	}
	a.Min, a.Max = a.Ticks[0].Value, a.Ticks[len(a.Ticks)-1].Value
	return a
}

// Rows is a y axis with a row for each name, row 0 on top. Marks of row i lie at
// Y above i-0.5 and below i+0.5.
func Rows(names []string) Axis {
	a := Axis{Min: float64(len(names)) - 0.5, Max: -0.5, rows: true}
	for i, name := range names {
		a.Ticks = append(a.Ticks, Tick{float64(i), name})
	}
	return a
}

// share is where a value lies between Min, 0, and Max, 1.
func (a Axis) share(value float64) float64 {
	if a.log {
		return math.Log(value/a.Min) / math.Log(a.Max/a.Min)
	}
	return (value - a.Min) / (a.Max - a.Min)
}

// describe says a value with what it is of.
func (a Axis) describe(value float64) string {
	if a.rows {
		return a.Ticks[int(math.Round(value))].Label
	}
	return a.Label + ": " + number(value)
}

// number writes four digits, or all before the point.
func number(x float64) string {
	text := strconv.FormatFloat(x, 'g', 4, 64)
	if math.Abs(x) >= 1000 {
		text = strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strings.Replace(text, "-", "−", 1)
}

// NiceStep is 1, 2 or 5 times a power of ten that divides a span into about
// five parts.
func NiceStep(span float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(span/5)))
	switch part := span / 5 / power; {
	case part < 1.5:
		return power
	case part < 3.5:
		return 2 * power
	case part < 7.5:
		return 5 * power
	default:
		return 10 * power
	}
}
