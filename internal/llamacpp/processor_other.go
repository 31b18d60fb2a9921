//go:build cgo && !amd64

package llamacpp

// checkProcessor has nothing to look at: an arm64 build for this machine stays on it, and --portable asks for nothing.
func checkProcessor() error { return nil }

// processorModel is not known.
func processorModel() string { return "" }
