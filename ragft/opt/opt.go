// Package opt holds option values that may be left unset.
//
// In the options of this module a zero field means the default that its comment
// states. That leaves no room for fields of which zero is a setting of its own,
// such as a number of layers. Those are a [Value]: unset is the default, and
// Of(0) is zero.
//
//	llama.ModelOptions{}                     // all layers on the GPU, if there is one
//	llama.ModelOptions{GPULayers: opt.Of(0)} // none: all on the CPU
package opt

import (
	"encoding/json"
	"fmt"
)

// Value is a T, or unset, which is its zero value.
//
// Values are compared with ==. [fmt] prints a Value as its T, or as "unset".
// In JSON and YAML a Value is written as its T; unset is null, and left out
// of a struct by the tag option omitzero of [encoding/json] and omitempty of
// YAML. Reading null gives unset.
type Value[T comparable] struct {
	value T
	set   bool
}

// Of returns a Value that is set to v.
func Of[T comparable](v T) Value[T] { return Value[T]{value: v, set: true} }

// Or returns the value, or def if it is unset.
func (v Value[T]) Or(def T) T {
	if v.set {
		return v.value
	}
	return def
}

// IsSet reports whether the value is set.
func (v Value[T]) IsSet() bool { return v.set }

// IsZero reports whether the value is unset. Encoders of JSON and YAML call it
// to leave the field out. Of(0) is not zero in this sense.
func (v Value[T]) IsZero() bool { return !v.set }

// String returns the value as fmt.Sprint formats it, or "unset".
func (v Value[T]) String() string {
	if v.set {
		return fmt.Sprint(v.value)
	}
	return "unset"
}

// MarshalJSON writes the value, or null.
func (v Value[T]) MarshalJSON() ([]byte, error) {
	if v.set {
		return json.Marshal(v.value)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a value, or null.
func (v *Value[T]) UnmarshalJSON(data []byte) error {
	return v.read(func(out any) error { return json.Unmarshal(data, out) })
}

// MarshalYAML returns the value, or nil.
func (v Value[T]) MarshalYAML() (any, error) {
	if v.set {
		return v.value, nil
	}
	return nil, nil
}

// UnmarshalYAML reads a value. It is the form of the method that needs no YAML
// package, and that go.yaml.in/yaml and its relatives call.
func (v *Value[T]) UnmarshalYAML(unmarshal func(any) error) error { return v.read(unmarshal) }

// read sets v to what unmarshal gives: unset for null.
func (v *Value[T]) read(unmarshal func(any) error) error {
	var value *T
	if err := unmarshal(&value); err != nil {
		return err
	}
	*v = Value[T]{}
	if value != nil {
		*v = Of(*value)
	}
	return nil
}
