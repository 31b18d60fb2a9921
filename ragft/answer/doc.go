// Package answer compares answers with references, recognises refusals and finds the
// places in passages that support an answer.
//
// Everything works on text alone: no model is asked. Refusals and function words are
// recognised in English.
package answer
