// Package cache stores the responses and scores of a model on disk, so that an
// interrupted run resumes and a repeated one costs nothing.
//
//	cached, err := cache.Open(m, "notes.ragft/cache")
//	...
//	defer cached.Close()
//
// The cache stands in front of any [model.Model] and is one itself.
//
// # Format
//
// On disk the cache is a log: files of lines that are only ever appended to,
// each line with its own checksum, written and synced once for each call of the
// model. One file per entry would cost thousands of small files and a directory
// sync for each; a database would be one more format that only it can read.
// Every process appends to a file of its own, so several processes may share a
// folder without locks. If a process is killed while it writes, only the last
// line of one file is lost, and opening skips it. A broken line anywhere else
// is logged, and the entries around it stay in use.
package cache
