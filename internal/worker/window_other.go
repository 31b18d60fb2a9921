//go:build !windows

package worker

import "os/exec"

// hideWindow has nothing to do: a process here needs no window.
func hideWindow(*exec.Cmd) {}
