//go:build !windows

package main

import "syscall"

// diskFull are the errors of the system that say that there is no room.
var diskFull = []error{syscall.ENOSPC, syscall.EDQUOT}
