// Package table lays out plain text for terminals: tables whose columns are as
// wide as their cells, and paragraphs.
package table

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Width is the longest line of a table in characters.
const Width = 110

// Table is a table under construction. Cells are aligned to the right, those of
// the first column and of the columns in Left to the left. A cell may have
// several lines; heads are aligned to the bottom, other rows to the top.
type Table struct {
	Left  []int
	heads int // lines of them
	lines [][]string
}

// New returns a table with the given heads, one for each column.
func New(heads ...string) *Table {
	height := 0
	for _, head := range heads {
		height = max(height, strings.Count(head, "\n"))
	}
	row := make([]any, len(heads))
	for i, head := range heads {
		row[i] = strings.Repeat("\n", height-strings.Count(head, "\n")) + head
	}
	t := &Table{heads: height + 1}
	t.Row(row...)
	return t
}

// Row adds a row of one cell for each column, as fmt.Sprint writes them.
func (t *Table) Row(cells ...any) {
	first := len(t.lines)
	for i, cell := range cells {
		for k, line := range strings.Split(fmt.Sprint(cell), "\n") {
			if first+k == len(t.lines) {
				t.lines = append(t.lines, make([]string, len(cells)))
			}
			t.lines[first+k][i] = line
		}
	}
}

// String returns the table with a rule under its heads and a newline after each line. Columns
// are separated by one to four spaces, as many as fit Width. If the table is too wide even so,
// its first column is shortened.
func (t *Table) String() string {
	widths, total := make([]int, len(t.lines[0])), 0
	for i := range widths {
		for _, line := range t.lines {
			widths[i] = max(widths[i], utf8.RuneCountInString(line[i]))
		}
		total += widths[i]
	}
	gaps := len(widths) - 1
	gap := max(1, min(4, (Width-total)/max(1, gaps)))
	over := max(0, total+gap*gaps-Width)
	widths[0] = max(1, widths[0]-over)
	var b strings.Builder
	for n, line := range t.lines {
		if n == t.heads {
			b.WriteString(strings.Repeat("-", total+gap*gaps-over) + "\n")
		}
		text := line[0]
		if utf8.RuneCountInString(text) > widths[0] {
			text = Cut(text, widths[0])
		}
		text = fmt.Sprintf("%-*s", widths[0], text)
		for i := 1; i < len(line); i++ {
			width := widths[i] // below 0 to the left
			if slices.Contains(t.Left, i) {
				width = -width
			}
			text += fmt.Sprintf("%*s%*s", gap, "", width, line[i])
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}

// Cut puts a text on one line and shortens it to a width in characters, with an
// ellipsis at its end.
func Cut(s string, width int) string {
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= width {
		return s
	}
	return string([]rune(s)[:width-1]) + "…"
}

// Wrap breaks a text at blanks into lines of at most Width characters, each
// ended; a longer word has a line of its own.
func Wrap(text string) string { return wrap(text, Width) }

func wrap(text string, width int) string {
	var lines []string
	for _, word := range strings.Fields(text) {
		if n := len(lines); n > 0 && utf8.RuneCountInString(lines[n-1]+" "+word) <= width {
			lines[n-1] += " " + word
		} else {
			lines = append(lines, word)
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
