// Package verified makes demonstrations that every model can make: a right answer where the passages hold it, and a refusal
// where they do not. Each is checked against the reference and the passages before it becomes a row.
package verified
