// Package filelock holds locks on files. The operating system drops the locks of a process that ends, in whatever way.
package filelock
