// Package structure holds the module to its layout. Its tests read the import graph from "go list" and the source with
// go/parser, and fail with a sentence that names what has to change:
//
//   - imports go down the layers of layers_test.go, never up or sideways; cgo stays in the packages that say so
//   - a package exports at most its budget of identifiers (budget_test.go)
//   - a program that only asks a model compiles no plotting, training or other vendor's code (cold_test.go)
//   - files have at most 400 lines, lines at most 140 columns (length_test.go)
//   - packages are named for what they hold, and no test of an earlier state has vanished without a reason
//     (names_test.go, tests_test.go)
//   - the comment of each option states its default (options_test.go)
//
// ARCHITECTURE.md explains the layers.
package structure
