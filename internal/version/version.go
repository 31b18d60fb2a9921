// Package version holds the version of this module, which files carry that it writes.
package version

// Version of the module.
const Version = "0.1.0"
