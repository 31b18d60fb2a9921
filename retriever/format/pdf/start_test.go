package pdf

import (
	"errors"
	"testing"

	"github.com/klippa-app/go-pdfium"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/format"
)

// That PDFium does not start is no fault of the file, which is read again later.
func TestPDFiumThatDoesNotStart(t *testing.T) {
	before := newPool
	defer func() { newPool = before }()
	newPool = func() (pdfium.Pool, error) { return nil, errors.New("no memory") }
	want := retriever.Skip{Reason: retriever.SkipUnreadable, Detail: "PDFium does not start: no memory"}
	_, err := reader{}.Read(t.Context(), "a.pdf", "%PDF-1.7")
	require.Equal(t, want, err)
	_, found, err := format.Read(t.Context(), "a.pdf", "%PDF-1.7")
	require.True(t, found)
	require.Equal(t, want, err)
}
