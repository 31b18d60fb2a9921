// Package nonnegative checks options, in which zero stands for a default and
// negative numbers have no meaning.
package nonnegative

import (
	"fmt"
	"math"
	"reflect"
)

// Check returns an error that names the first field of a struct that is a negative
// number or NaN, a slice with such an element, or an opt.Value of one. Other fields,
// structs among them, are not looked at.
func Check(options any) error {
	v := reflect.ValueOf(options)
	for i := range v.NumField() {
		if err := check(v.Type().Field(i).Name, v.Field(i)); err != nil {
			return err
		}
	}
	return nil
}

func check(name string, v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Struct && v.CanInterface():
		if _, isOpt := v.Interface().(interface{ IsSet() bool }); isOpt {
			return check(name, v.Field(0))
		}
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			if err := check(name, v.Index(i)); err != nil {
				return err
			}
		}
	case v.CanInt() && v.Int() < 0:
		return fmt.Errorf("%s is %d, but must not be negative", name, v.Int())
	case v.CanFloat() && (v.Float() < 0 || math.IsNaN(v.Float())):
		return fmt.Errorf("%s is %g, but must be a number that is not negative", name, v.Float())
	}
	return nil
}
