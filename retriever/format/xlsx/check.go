package xlsx

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
// that share a long text, or a number format with a long text.
func checkText(ctx context.Context, a *archive.Archive) error {
	if err := checkNumbers(ctx, a); err != nil {
		return err
	}
	lengths, err := textLengths(ctx, a)
	if err != nil {
		return err
	}
	for _, n := range lengths {
		if n > longText {
			return checkCells(ctx, a, lengths)
		}
	}
	return nil
}

// each calls do with the tokens of a part. A part that is not there has none, and what is wrong with one is told by excelize.
func each(ctx context.Context, a *archive.Archive, name string, do func(xml.Token) error) error {
	d, err := a.XML(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) || err != nil {
			return nil //nolint:nilerr // see above
		}
		if err := do(token); err != nil {
			return err
		}
	}
}

func checkNumbers(ctx context.Context, a *archive.Archive) error {
	return each(ctx, a, "xl/styles.xml", func(t xml.Token) error {
		if e, ok := t.(xml.StartElement); ok && e.Name.Local == "numFmt" && len(archive.Attr(e, "formatCode")) > maxNumber {
			return retriever.Skip{Reason: retriever.SkipLimit, Detail: "a format of numbers is too long"}
		}
		return nil
	})
}

// textLengths returns the length of each text that cells share.
func textLengths(ctx context.Context, a *archive.Archive) (lengths []int, err error) {
	length := 0
	err = each(ctx, a, "xl/sharedStrings.xml", func(t xml.Token) error {
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

// checkCells adds up the text of all cells that share one.
func checkCells(ctx context.Context, a *archive.Archive, lengths []int) error {
	total := 0
	for _, name := range a.Names("xl/worksheets/") {
		shared := false
		number := strings.Builder{}
		err := each(ctx, a, name, func(t xml.Token) error {
			switch t := t.(type) {
			case xml.StartElement:
				if t.Name.Local == "c" {
					shared = archive.Attr(t, "t") == "s"
				}
				number.Reset()
			case xml.CharData:
				if shared && number.Len() < 20 {
					number.Write(t)
				}
			case xml.EndElement:
				i, err := strconv.Atoi(strings.TrimSpace(number.String()))
				if shared && t.Name.Local == "v" && err == nil && i >= 0 && i < len(lengths) {
					total += lengths[i]
				}
			}
			if total > format.MaxText {
				return retriever.Skip{Reason: retriever.SkipLimit, Detail: fmt.Sprintf("it has more than %d MB of text", format.MaxText>>20)}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
