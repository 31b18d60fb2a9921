package publish

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/ollamaclient"
)

// Modelfile returns the options in the form that "ollama create" reads, with
// the adapter as it is. folder is where the Modelfile will stand, from which
// Ollama reads the paths in it: files in the same folder are named relative to
// it, and others by their absolute paths. "" = the current folder. A character
// that Ollama leaves out when it reads is an error.
func (o Options) Modelfile(folder string) (string, error) {
	var b bytes.Buffer
	block := func(command, text string) error {
		if strings.Contains(text, `"""`) {
			return fmt.Errorf("ragft: modelfile: %s holds \"\"\", which the format cannot say", command)
		}
		if err := readable(text); err != nil {
			return fmt.Errorf("ragft: modelfile: %s: %w", command, err)
		}
		fmt.Fprintf(&b, "%s \"\"\"%s\"\"\"\n", command, text)
		return nil
	}
	line := func(command, path string) error {
		if strings.ContainsAny(path, "\r\n") {
			return fmt.Errorf("ragft: modelfile: the path %q has a line break", path)
		}
		if err := readable(path); err != nil {
			return fmt.Errorf("ragft: modelfile: %s %q: %w", command, path, err)
		}
		if strings.TrimSpace(path) != path {
			path = `"` + path + `"` // Ollama would trim it
		}
		fmt.Fprintf(&b, "%s %s\n", command, path)
		return nil
	}
	file := func(command, path string) error {
		seen, err := seenFrom(folder, path)
		if err != nil {
			return fmt.Errorf("ragft: modelfile: %w", err)
		}
		return line(command, seen)
	}
	var errs []error
	if name, ok := strings.CutPrefix(o.From, ollamaclient.Prefix); ok {
		errs = append(errs, line("FROM", name))
	} else {
		errs = append(errs, file("FROM", o.From))
	}
	if o.Adapter != "" {
		errs = append(errs, file("ADAPTER", o.Adapter))
	}
	if o.Template != "" {
		errs = append(errs, block("TEMPLATE", o.Template))
	}
	if o.System != "" {
		errs = append(errs, block("SYSTEM", o.System))
	}
	parameters, err := checkParameters(o.Parameters)
	if err != nil {
		errs = append(errs, fmt.Errorf("ragft: modelfile: %w", err))
	}
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		for _, value := range parameterValues(o.Parameters[name]) { // in JSON what is no UTF-8 is replaced
			if text, ok := value.(string); ok && !utf8.ValidString(text) {
				errs = append(errs, fmt.Errorf("ragft: modelfile: PARAMETER %s: %w", name, readable(text)))
			}
		}
		for _, value := range parameterValues(parameters[name]) {
			if text, ok := value.(string); ok {
				errs = append(errs, block("PARAMETER "+name, text))
				continue
			}
			number, err := json.Marshal(value) // %v writes a million as 1e+06, which Ollama refuses
			errs = append(errs, err)
			fmt.Fprintf(&b, "PARAMETER %s %s\n", name, number)
		}
	}
	return b.String(), errors.Join(errs...)
}

// readable returns an error for what Ollama does not read as it stands: its parser leaves out characters that Go does not print,
// such as spaces other than the usual one and what joins emoji, and replaces what is no UTF-8.
func readable(text string) error {
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			return fmt.Errorf("it is not UTF-8: byte %d is 0x%02X", i, text[i])
		case !strconv.IsPrint(r) && !strings.ContainsRune("\n\r\t", r):
			return fmt.Errorf("byte %d is the character %U, which Ollama leaves out when it reads a Modelfile: replace it", i, r)
		}
	}
	return nil
}

// seenFrom returns a path as it reads from a folder, marked as a path, since a bare name would be that of a model.
func seenFrom(folder, path string) (string, error) {
	isIn, name := filepath.Split(path)
	isIn, err := absolute(isIn)
	if err != nil {
		return "", err
	}
	if folder, err = absolute(folder); err != nil {
		return "", err
	}
	if isIn == folder && !filepath.IsAbs(path) {
		return "." + string(filepath.Separator) + name, nil
	}
	return filepath.Join(isIn, name), nil // ".." would lead elsewhere from a linked folder
}

// absolute returns the absolute path of a folder. Links before a ".." are followed: it stands for the folder above the one that they
// lead to, and Ollama takes it for the folder above the link.
func absolute(folder string) (string, error) {
	if slices.Contains(strings.Split(filepath.ToSlash(folder), "/"), "..") {
		var err error
		if folder, err = filepath.EvalSymlinks(folder); err != nil {
			return "", err
		}
	}
	return filepath.Abs(folder)
}

func parameterValues(value any) []any {
	switch list := value.(type) {
	case []any:
		return list
	case []string:
		var out []any
		for _, text := range list {
			out = append(out, text)
		}
		return out
	}
	return []any{value}
}
