package publish

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/internal/ollamaclient"
)

// Modelfile returns the options in the form that "ollama create" reads, with
// the adapter as it is.
func (o Options) Modelfile() (string, error) {
	var b bytes.Buffer
	block := func(command, text string) error {
		if strings.Contains(text, `"""`) {
			return fmt.Errorf("ragft: modelfile: %s holds \"\"\", which the format cannot say", command)
		}
		fmt.Fprintf(&b, "%s \"\"\"%s\"\"\"\n", command, text)
		return nil
	}
	line := func(command, path string) error {
		if strings.ContainsAny(path, "\r\n") {
			return fmt.Errorf("ragft: modelfile: the path %q has a line break", path)
		}
		fmt.Fprintf(&b, "%s %s\n", command, path)
		return nil
	}
	var errs []error
	if name, ok := strings.CutPrefix(o.From, ollamaclient.Prefix); ok {
		errs = append(errs, line("FROM", name))
	} else {
		errs = append(errs, line("FROM", pathInModelfile(o.From)))
	}
	if o.Adapter != "" {
		errs = append(errs, line("ADAPTER", pathInModelfile(o.Adapter)))
	}
	if o.Template != "" {
		errs = append(errs, block("TEMPLATE", o.Template))
	}
	if o.System != "" {
		errs = append(errs, block("SYSTEM", o.System))
	}
	for _, name := range slices.Sorted(maps.Keys(o.Parameters)) {
		for _, value := range parameterValues(o.Parameters[name]) {
			if text, ok := value.(string); ok {
				errs = append(errs, block("PARAMETER "+name, text))
			} else {
				fmt.Fprintf(&b, "PARAMETER %s %v\n", name, value)
			}
		}
	}
	return b.String(), errors.Join(errs...)
}

// pathInModelfile marks a path as one, since a bare name would be that of a model.
func pathInModelfile(path string) string {
	if filepath.IsAbs(path) || strings.HasPrefix(path, ".") {
		return path
	}
	return "." + string(filepath.Separator) + path
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
