//go:build cgo

package golden

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
)

// maskedKeys are the keys of JSON whose values tell the time, the machine or a random id.
var maskedKeys = regexp.MustCompile(`^(seconds|elapsed|generating|seconds_per_row|tokens_per_second|time|created|created_at|took|run|` +
	`version|address|url)$`)

// maskValue replaces what is different in each run by "*", and rounds numbers if asked to.
func maskValue(v any, rounded bool) any {
	switch v := v.(type) {
	case object:
		out := object{}
		for _, m := range v {
			switch {
			case rounded && m.key == "model_hash": // of the teacher, whose address is in it
				m.value = "*"
			case maskedKeys.MatchString(m.key), m.key == "key" && isHash(m.value), isMetricOfTime(v) && isFigure(m.value):
				m.value = "*"
			default:
				m.value = maskValue(m.value, rounded)
			}
			out = append(out, m)
		}
		return out
	case []any:
		out := []any{}
		for _, x := range v {
			out = append(out, maskValue(x, rounded))
		}
		return out
	case string:
		return maskText(v)
	case json.Number:
		if f, err := v.Float64(); err == nil && rounded && strings.ContainsAny(v.String(), ".eE") {
			return json.Number(strconv.FormatFloat(f, 'g', 6, 64))
		}
	}
	return v
}

// isMetricOfTime tells the difference that two systems show in seconds.
func isMetricOfTime(o object) bool {
	return len(o) > 0 && o[0].key == "key" && o[0].value == "seconds"
}

// isHash tells the key of a training, which counts the time of the model's file in.
func isHash(v any) bool {
	s, ok := v.(string)
	return ok && len(s) == 64
}

func isFigure(v any) bool {
	switch v.(type) {
	case json.Number, object:
		return true
	}
	return false
}

var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`(?m)^[\w ]+: \d+ of \d+ .*\n?`), ""}, // progress
	{regexp.MustCompile(`\b\d{4}-\d\d-\d\dT[\d:.]+Z?`), "*"},
	{regexp.MustCompile(`\b[0-9.]+ ?(?:tokens/s|/s)\b`), "*"},
	{regexp.MustCompile(`\b(?:\d+h)?(?:\d+m)?[0-9.]+(?:s|ms|µs)\b`), "*"},
	{regexp.MustCompile(`\b[0-9.]+ s\b`), "* s"},
	{regexp.MustCompile(`(127\.0\.0\.1|\[::\]|0\.0\.0\.0):\d+`), "$1:*"},
	{regexp.MustCompile(`\b(chatcmpl|cmpl|call)([-_])[0-9A-Za-z]+`), "$1$2*"},
	{regexp.MustCompile(`/\S*/TestGolden\d+/\d+/`), "*/"},
	{regexp.MustCompile(`(?m)^seconds .*$`), "seconds *"}, // a row of the tables of differences
}

// maskText masks times and rates in text, and columns that are headed seconds.
func maskText(text string) string {
	for _, m := range masks {
		text = m.pattern.ReplaceAllString(text, m.by)
	}
	lines := strings.Split(text, "\n")
	end := 0
	for i, line := range lines {
		switch at := secondsHead.FindStringIndex(line); {
		case at != nil && i+2 < len(lines) && (dashes(lines[i+1]) || dashes(lines[i+2])):
			end = at[1]
		case line == "":
			end = 0
		case end > 0 && end <= len(line):
			start := strings.LastIndexByte(line[:end], ' ') + 1
			if figure.MatchString(line[start:end]) {
				lines[i] = strings.TrimRight(line[:start], " ") + " *" + line[end:]
			}
		}
	}
	return strings.Join(lines, "\n")
}

var (
	secondsHead = regexp.MustCompile(` seconds\b`)
	figure      = regexp.MustCompile(`^[-+]?[0-9.]+$`)
)

func dashes(line string) bool { return line != "" && strings.Trim(line, "-") == "" }
