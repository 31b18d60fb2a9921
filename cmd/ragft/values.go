package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// A located value holds a path, which in a project file is relative to the folder of the file.
type located interface {
	relativeTo(dir, value string) string
}

// path is the value of a flag that names a file or folder.
type path struct{ p *string }

func pathValue(p *string, value string) pflag.Value {
	*p = value
	return path{p}
}

func (v path) String() string     { return *v.p }
func (v path) Set(s string) error { *v.p = s; return nil }
func (path) Type() string         { return "path" }
func (path) relativeTo(dir, s string) string {
	if s == "" || filepath.IsAbs(s) {
		return s
	}
	return filepath.Join(dir, s)
}

// model is the value of a flag that names a model: a path, or NAME at a server.
type modelName struct{ path }

func modelValue(p *string) pflag.Value { return modelName{path{p}} }

func (modelName) Type() string { return "model" }
func (v modelName) relativeTo(dir, s string) string {
	if name, _, found := strings.Cut(s, ":"); found && !strings.ContainsAny(name, `/\.`) || s == "none" {
		return s
	}
	return v.path.relativeTo(dir, s)
}

// byteSize is the value of a flag that says how much memory: "800MiB", "3G".
type byteSize struct{ p *int64 }

func bytesValue(p *int64) pflag.Value { return byteSize{p} }

func (v byteSize) String() string {
	if *v.p == 0 {
		return "0"
	}
	return fmt.Sprintf("%dMiB", *v.p>>20)
}
func (byteSize) Type() string { return "bytes" }
func (v byteSize) Set(s string) error {
	number := strings.TrimRight(s, "bBiI")
	shift := 0
	if i := strings.IndexAny(number, "kKmMgGtT"); i >= 0 && i == len(number)-1 {
		shift = map[byte]int{'k': 10, 'm': 20, 'g': 30, 't': 40}[number[i]|0x20]
		number = number[:i]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n >= 0) || n*float64(int64(1)<<shift) > 1<<60 {
		return fmt.Errorf("%q is no amount of memory such as 800MiB or 3GiB", s)
	}
	*v.p = int64(n * float64(int64(1)<<shift))
	return nil
}

// choice is the value of a flag that must be one of a few words.
type choice struct {
	p      *string
	values []string
}

func choiceValue(p *string, value string, values ...string) pflag.Value {
	*p = value
	return &choice{p, values}
}

func (v *choice) String() string { return *v.p }
func (v *choice) Type() string   { return strings.Join(v.values, "|") }
func (v *choice) Set(s string) error {
	for _, w := range v.values {
		if s == w {
			*v.p = s
			return nil
		}
	}
	return fmt.Errorf("it must be one of %s", strings.Join(v.values, ", "))
}

// sizeText is a number of bytes for people.
func sizeText(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.0f GiB", float64(n)/(1<<30))
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.0f MiB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/(1<<10))
}
