// Package all registers every format below retriever/format:
//
//	import _ "github.com/ragft/ragft/retriever/format/all"
package all

import (
	_ "github.com/ragft/ragft/retriever/format/code"
	_ "github.com/ragft/ragft/retriever/format/docx"
	_ "github.com/ragft/ragft/retriever/format/epub"
	_ "github.com/ragft/ragft/retriever/format/gzip"
	_ "github.com/ragft/ragft/retriever/format/html"
	_ "github.com/ragft/ragft/retriever/format/ipynb"
	_ "github.com/ragft/ragft/retriever/format/mail"
	_ "github.com/ragft/ragft/retriever/format/odt"
	_ "github.com/ragft/ragft/retriever/format/pdf"
	_ "github.com/ragft/ragft/retriever/format/plain"
	_ "github.com/ragft/ragft/retriever/format/pptx"
	_ "github.com/ragft/ragft/retriever/format/rtf"
	_ "github.com/ragft/ragft/retriever/format/subtitle"
	_ "github.com/ragft/ragft/retriever/format/xlsx"
)
