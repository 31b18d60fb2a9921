package xlsx

import (
	"context"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/archive"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

const (
	longText  = 4 << 10 // bytes: a row of cells with shorter ones is no matter
	maxNumber = 1 << 10 // bytes of a number format; Excel has at most 255 characters
)

// checkText returns a Skip for a workbook whose cells would have more text than a file may, while it is itself small: many cells
// that share a long text, or a number format with a long text. What excelize reads as a sheet is named by the workbook, so that
// any part may be one, and of parts whose names differ in case or slashes alone it may read either.
func checkText(ctx context.Context, a *archive.Archive) error {
	var lengths []int
	long := false
	for _, part := range a.Parts() {
		switch part.Name {
		case "xl/styles.xml":
			if err := each(ctx, a, part, checkNumber); err != nil {
				return err
			}
		case "xl/sharedstrings.xml":
			more, err := textLengths(ctx, a, part)
			if err != nil {
				return err
			}
			for i, n := range more {
				if i == len(lengths) {
					lengths = append(lengths, 0)
				}
				lengths[i] = max(lengths[i], n)
				long = long || n > longText
			}
		}
	}
	if !long {
		return nil
	}
	c := sharedCells{lengths: lengths}
	for _, part := range a.Parts() {
		if err := each(ctx, a, part, c.token); err != nil {
			return err
		}
	}
	return nil
}

// each calls do with the tokens of a part. What is wrong with one is told by excelize.
func each(ctx context.Context, a *archive.Archive, part archive.Part, do func(xml.Token) error) error {
	d, err := a.PartXML(part)
	if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		token, err := d.RawToken()
		if err != nil {
			return nil //nolint:nilerr // see above
		}
		if err := do(token); err != nil {
			return err
		}
	}
}

// checkNumber returns a Skip for a long format of numbers. There are formatCode and formatCode16.
func checkNumber(t xml.Token) error {
	e, _ := t.(xml.StartElement)
	for _, at := range e.Attr {
		if strings.HasPrefix(at.Name.Local, "formatCode") && len(at.Value) > maxNumber {
			return retriever.Skip{Reason: retriever.SkipLimit, Detail: "a format of numbers is too long"}
		}
	}
	return nil
}

// textLengths returns the length of each text that cells share.
func textLengths(ctx context.Context, a *archive.Archive, part archive.Part) (lengths []int, err error) {
	length := 0
	err = each(ctx, a, part, func(t xml.Token) error {
		switch t := t.(type) {
		case xml.StartElement:
			if t.Name.Local == "si" {
				length = 0
			}
		case xml.CharData:
			length += len(t)
		case xml.EndElement:
			if t.Name.Local == "si" {
				lengths = append(lengths, length)
			}
		}
		return nil
	})
	return lengths, err
}

// sharedCells adds up the text of all cells that share one.
type sharedCells struct {
	lengths []int
	total   int
	shared  bool // the cell shares a text
	depth   int  // 1 in the value of a cell, more in what is in it
	number  strings.Builder
}

func (c *sharedCells) token(t xml.Token) error {
	switch t := t.(type) {
	case xml.StartElement:
		switch {
		case c.depth > 0:
			c.depth++
		case t.Name.Local == "c":
			c.shared = slices.ContainsFunc(t.Attr, func(at xml.Attr) bool { return at.Name.Local == "t" && at.Value == "s" })
		case t.Name.Local == "v" && c.shared:
			c.depth = 1
			c.number.Reset()
		}
	case xml.CharData:
		if c.depth == 1 {
			c.number.Write(t)
		}
	case xml.EndElement:
		if c.depth--; c.depth == 0 {
			return c.add()
		}
		c.depth = max(c.depth, 0)
	}
	return nil
}

// add adds the text of a cell. What is no number stands for the first text, as in excelize.
func (c *sharedCells) add() error {
	if i, _ := strconv.Atoi(strings.TrimSpace(c.number.String())); i >= 0 && i < len(c.lengths) { //nolint:errcheck // see above
		c.total += c.lengths[i]
	}
	if c.total > format.MaxText {
		return retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d MB of text", format.MaxText>>20)}
	}
	return nil
}
