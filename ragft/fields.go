package ragft

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/ragft/ragft/ragft/opt"
)

// field is a key of the config: the field that holds it, and what its tags say.
type field struct {
	value    reflect.Value
	checks   []string // of the tag check
	fallback string   // of the tag default
}

func (f field) is(check string) bool {
	for _, c := range f.checks {
		if c == check {
			return true
		}
	}
	return false
}

// isSection reports whether a field holds keys of its own.
func isSection(v reflect.Value) bool {
	return v.Kind() == reflect.Struct && strings.HasSuffix(v.Type().Name(), "Config")
}

// fieldOf finds the field of a key in a section.
func fieldOf(section reflect.Value, key string) (f field, ok bool) {
	eachField(section, func(name string, candidate field) {
		if name == key {
			f, ok = candidate, true
		}
	})
	return f, ok
}

// eachField visits the keys of a section.
func eachField(section reflect.Value, visit func(name string, f field)) {
	t := section.Type()
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		name := tag.Get("yaml")
		if name == "" || name == "-" {
			continue
		}
		f := field{value: section.Field(i), fallback: tag.Get("default")}
		if c := tag.Get("check"); c != "" {
			f.checks = strings.Split(c, ",")
		}
		visit(name, f)
	}
}

// walkKeys visits all keys, sections before what they hold.
func walkKeys(section reflect.Value, prefix string, visit func(name string, f field)) {
	eachField(section, func(name string, f field) {
		visit(join(prefix, name), f)
		if isSection(f.value) {
			walkKeys(f.value, join(prefix, name), visit)
		}
	})
}

func firstKey(section reflect.Value) (key string) {
	eachField(section, func(name string, _ field) { key = cmp.Or(key, name) })
	return key
}

// complete checks the settings and fills in the defaults.
func (c *Config) complete() error {
	errs := []error{c.consistent()}
	walkKeys(reflect.ValueOf(c).Elem(), "", func(name string, f field) {
		if isSection(f.value) {
			return
		}
		if !f.value.IsZero() {
			if err := f.check(f.value); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", name, err))
			}
		} else if f.fallback != "" {
			if err := yaml.Unmarshal([]byte(f.fallbackYAML()), f.value.Addr().Interface()); err != nil {
				errs = append(errs, fmt.Errorf("%s: the default %q: %w", name, f.fallback, err))
			}
		}
	})
	if err := errors.Join(errs...); err != nil {
		return kindOf(ErrConfig, err)
	}
	return nil
}

// fallbackYAML is the default as YAML.
func (f field) fallbackYAML() string {
	_, text := f.value.Interface().(opt.Value[string])
	switch {
	case f.value.Kind() == reflect.Slice && !strings.HasPrefix(f.fallback, "["):
		return "[" + strconv.Quote(f.fallback) + "]"
	case text, f.value.Kind() == reflect.String:
		return strconv.Quote(f.fallback)
	}
	return f.fallback
}

// check says what is wrong with a value. Unset values are never wrong.
func (f field) check(v reflect.Value) error {
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			if err := f.check(v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	}
	if v.Kind() == reflect.String {
		return f.checkText(v.String())
	}
	x, isNumber := numberOf(v)
	if !isNumber {
		return nil
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Errorf("%v is not a finite number", x)
	}
	for _, c := range f.checks {
		switch name, arg, _ := strings.Cut(c, "="); name {
		case "min":
			if least, _ := strconv.ParseFloat(arg, 64); x < least {
				return fmt.Errorf("%v is too small: at least %s", x, arg)
			}
		case "share":
			if x < 0 || x > 1 {
				return fmt.Errorf("%v is not a share from 0 to 1", x)
			}
		case "amount", "bytes":
			if x < 0 {
				return fmt.Errorf("%v is negative", x)
			}
		case "above0":
			if x <= 0 {
				return fmt.Errorf("%v is not above 0", x)
			}
		case "nonzero":
			if x == 0 {
				return errors.New("0 leaves the adapter out: set adapter to none for that")
			}
		}
	}
	return nil
}

func (f field) checkText(s string) error {
	for _, c := range f.checks {
		if words, ok := strings.CutPrefix(c, "oneof="); ok && s != "" {
			list := strings.Fields(words)
			for _, w := range list {
				if s == w {
					return nil
				}
			}
			return fmt.Errorf("%q must be one of %s", s, strings.Join(list, ", "))
		}
	}
	return nil
}

// numberOf is the number in a field; false where it holds none or is unset.
func numberOf(v reflect.Value) (float64, bool) {
	switch x := v.Interface().(type) {
	case int:
		return float64(x), true
	case int64:
		return float64(x), true
	case float64:
		return x, true
	case time.Duration:
		return float64(x), true
	case opt.Value[int]:
		return float64(x.Or(0)), x.IsSet()
	case opt.Value[float64]:
		return x.Or(0), x.IsSet()
	}
	return 0, false
}

// kind names what a field takes.
func (f field) kind() string {
	t := f.value.Type()
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	switch reflect.Zero(t).Interface().(type) {
	case int, int64, opt.Value[int], opt.Value[uint64]:
		return "a whole number"
	case float64, opt.Value[float64]:
		return "a number"
	case bool, opt.Value[bool]:
		return "true or false"
	case time.Duration:
		return "a time such as 30s"
	}
	return "text"
}

// parseBytes reads a size such as 800MiB or 3G.
func parseBytes(s string) (int64, error) {
	number := strings.TrimRight(s, "bBiI")
	shift := 0
	if i := strings.IndexAny(number, "kKmMgGtT"); i >= 0 && i == len(number)-1 {
		shift = map[byte]int{'k': 10, 'm': 20, 'g': 30, 't': 40}[number[i]|0x20]
		number = number[:i]
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || !(n >= 0) || n*float64(int64(1)<<shift) > 1<<60 {
		return 0, fmt.Errorf("invalid size %q: such as 800MiB or 3GiB", s)
	}
	return int64(n * float64(int64(1)<<shift)), nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
