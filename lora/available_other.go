//go:build cgo && !linux

package lora

// availableMemory: not known here, so only Config.MemoryBudget is checked.
func availableMemory() (uint64, bool) { return 0, false }
