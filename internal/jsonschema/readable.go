package jsonschema

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Readable returns an error of decoding in the words of JSON.
func Readable(err error) error {
	var typed *json.UnmarshalTypeError
	if !errors.As(err, &typed) {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	want := "an object"
	number, isNumber := strings.CutPrefix(typed.Value, "number ")
	switch typed.Type.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Int, reflect.Int32, reflect.Int64:
		want = "a whole number"
	case reflect.Float32, reflect.Float64:
		want = "a number"
	case reflect.Slice:
		want = "a list"
	}
	if isNumber && (want == "a number" || !strings.ContainsAny(number, ".eE")) {
		return fmt.Errorf("%.100s is out of range", number)
	}
	return fmt.Errorf("it cannot be %s; it must be %s", article(typed.Value), want)
}

func article(value string) string {
	if value == "bool" {
		return "true or false"
	}
	if strings.HasPrefix(value, "array") || strings.HasPrefix(value, "object") {
		return "an " + value
	}
	return "a " + value
}
