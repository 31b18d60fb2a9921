package layout

import "regexp"

// Contextual matches questions that mean nothing unless the document is in view.
var Contextual = regexp.MustCompile(`(?i)\b(?:the|this|that|above|given) (?:document|passage|text|article|excerpt|paragraph|section)\b`)
