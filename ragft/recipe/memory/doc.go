// Package memory makes training rows from the documents alone, with which a model
// answers without being shown any (RAG-Tuned-LLM, arXiv 2503.16071).
//
// [Recipe] has the model list what the documents mention, and write questions
// with answers about it. A share of the questions can be held out as probes: how
// well the tuned model answers them without documents shows what it learnt.
package memory
