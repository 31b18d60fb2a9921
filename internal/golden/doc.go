// Package golden guards what a user sees of ragft. Its test builds the command, runs it on the shipped model with a fixed seed
// and number of threads, and compares what comes out with the files of testdata. They have two layers:
//
//   - NAME.golden is compared on every machine: exit code, keys of JSON, headings of tables, counts. If no arithmetic of the
//     model decides the result, it is the whole result.
//   - NAME.PLATFORM.golden has all texts, figures and hashes, with paths, times and rates masked. It is compared only on the
//     platform of its name: the operating system, the instructions that llama.cpp was built for, and the processor's model.
//
// After an intended change, record the files again with
//
//	go test ./internal/golden -update
//
// or, with -run 'TestGolden/^(ask|chat)$' -update, only those of some runs,
// and say in CHANGELOG.md what changed. How commands, options and files are spelled is in names_test.go alone.
package golden
