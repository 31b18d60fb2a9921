// Package question holds questions with their reference answers: the material
// that training rows are made of and that systems are measured on.
//
// Questions are read from JSONL ([ReadFile]), imported from published data sets
// (package question/dataset), or written by a model about the documents
// ([Compose]). [Split] holds some of them out, and [FindLeaks] finds questions
// of an evaluation that training questions give away.
package question
