// Package figures writes numbers of an evaluation for tables and reports.
package figures

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
)

// WriteText writes a table.
func WriteText(w io.Writer, text string) error {
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("ragft: write table: %w", err)
	}
	return nil
}

// NoValue stands for a value that is not defined.
const NoValue = "-"

// Percent writes a rate without the percent sign: 69.2, or 100.
func Percent(x float64) string {
	if math.IsNaN(x) {
		return NoValue
	}
	return ShortFixed(100*x, 1)
}

// ShortFixed writes x with a number of decimals, and drops the decimals of 100 and the sign of -0.0.
func ShortFixed(x float64, decimals int) string {
	text := fmt.Sprintf("%.*f", decimals, x)
	switch text {
	case "100.0", "-100.0":
		return strings.TrimSuffix(text, ".0")
	case "-0.0", "-0.000":
		return text[1:]
	}
	return text
}

// PercentInterval writes the interval of a rate.
func PercentInterval(e stats.Estimate) string {
	if math.IsNaN(e.Low) || math.IsNaN(e.High) {
		return NoValue
	}
	return Percent(e.Low) + ".." + Percent(e.High)
}

// SignedMetric writes a difference: rates in percentage points, other metrics
// with three decimals.
func SignedMetric(x float64, rate bool) string {
	if math.IsNaN(x) {
		return NoValue
	}
	text := ShortFixed(x, 3)
	if rate {
		text = ShortFixed(100*x, 1)
	}
	if x > 0 {
		text = "+" + text
	}
	return text
}

// SignedInterval writes the interval of a difference.
func SignedInterval(e stats.Estimate, rate bool) string {
	if math.IsNaN(e.Low) || math.IsNaN(e.High) {
		return NoValue
	}
	return SignedMetric(e.Low, rate) + ".." + SignedMetric(e.High, rate)
}

// FormatP writes a p value.
func FormatP(p float64) string {
	if p < 0.001 {
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", p)
}

// ShowP is [FormatP], or NoValue for nil.
func ShowP(p *float64) string {
	if p == nil {
		return NoValue
	}
	return FormatP(*p)
}

// CountShare writes a count with its share of a total in percent.
func CountShare(n, total int) string {
	if total == 0 {
		return NoValue
	}
	return fmt.Sprintf("%d  %5s%%", n, ShortFixed(100*float64(n)/float64(total), 1))
}

// WrapName breaks a name into at most two lines, at a space if there is one.
func WrapName(name string, width int) string {
	name = strings.Join(strings.Fields(name), " ")
	if utf8.RuneCountInString(name) <= width {
		return name
	}
	head := string([]rune(name)[:width+1])
	if at := strings.LastIndexByte(head, ' '); at > 0 {
		return name[:at] + "\n" + table.Cut(name[at+1:], width)
	}
	head = string([]rune(name)[:width])
	return head + "\n" + table.Cut(name[len(head):], width)
}

// PlainMetric writes a rate in percent and any other metric with three decimals.
func PlainMetric(x float64, rate bool) string {
	switch {
	case math.IsNaN(x):
		return NoValue
	case rate:
		return Percent(x)
	default:
		return ShortFixed(x, 3)
	}
}
