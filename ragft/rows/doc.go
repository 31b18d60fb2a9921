// Package rows holds training rows as people read and edit them: JSONL with one
// example a line, and with where it comes from.
//
// Recipes (package recipe) make rows, and package finetune learns them. Rows of
// other origin are read as well, OpenAI's fine-tuning files among them. [Stale]
// finds rows whose documents have changed since, and [Taught] tells which
// questions the rows teach the answer of.
package rows
