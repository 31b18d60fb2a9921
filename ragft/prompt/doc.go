// Package prompt holds the texts that a model is asked with: the instruction of
// every task, and the layout of passages and question.
//
// A [Set] has all of them; its zero value is ready for use. By default passages
// and question are laid out like this:
//
//	Document 1: Title
//	text
//
//	Document 2: Title
//	text
//
//	Question: text
//
// Lines within a text that look like these headings are indented, so that a
// passage cannot pose as another passage or as the question. A [Template] is
// another layout.
package prompt
