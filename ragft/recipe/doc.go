// Package recipe makes training rows from questions, documents and a model.
//
// A [Recipe] says what it costs before anything is generated ([Recipe].Estimate),
// and makes rows with provenance ([Recipe].Rows). Rows are JSONL that a person
// can read, filter and edit, see package rows; package finetune learns them.
//
// The recipes of this package are [Gold] (reference answers as they are), [RALT]
// (one passage in each row), [RAFT] (quotes, and distractors), [Pretrain] (the
// documents as plain text) and [Mix], which mixes others. Package selfdemo makes
// demonstrations in the model's own words, package memory rows that are answered
// without documents.
package recipe
