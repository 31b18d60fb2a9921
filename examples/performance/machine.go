package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// machine is where a job ran.
type machine struct {
	System    string `json:"system"`
	Processor string `json:"processor,omitempty"`
	Cores     int    `json:"cores"`
	Features  string `json:"features,omitempty"` // that make a difference
}

// String is a line of the page.
func (m machine) String() string {
	s := fmt.Sprintf("%d cores, %s", m.Cores, m.System)
	if m.Processor != "" {
		s = m.Processor + ", " + s
	}
	if m.Features != "" {
		s += ", with " + m.Features
	}
	return s
}

// thisMachine describes the machine, as far as Linux and macOS tell.
func thisMachine() machine {
	m := machine{System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU()}
	if runtime.GOOS == "darwin" {
		out, _ := exec.Command("sysctl", "-n", "machdep.cpu.brand_string").Output() // not told at worst
		m.Processor = strings.TrimSpace(string(out))
		return m
	}
	info, _ := os.ReadFile("/proc/cpuinfo") // not told at worst
	var flags []string
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "model name":
			m.Processor = strings.TrimSpace(value)
		case "flags", "Features":
			flags = strings.Fields(value)
		}
	}
	var found []string
	for _, f := range flags {
		switch f {
		case "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "asimddp", "i8mm", "sve":
			found = append(found, f)
		}
	}
	m.Features = strings.Join(found, ", ")
	return m
}

// commit is the version of the source, "" if that is not known.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
