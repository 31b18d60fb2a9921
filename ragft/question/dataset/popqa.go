package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/question"
)

// readPopQA reads the columns by their names in the first line. A field with quotes is
// quoted, and its quotes are doubled. No field contains a tab or a line end.
func readPopQA(s *Set, data []byte) error {
	column, columns := map[string]int{}, 0
	return jsonl.Each("", bytes.NewReader(data), func(number int, line []byte) error {
		fields := strings.Split(string(line), "\t")
		if columns == 0 {
			columns = len(fields)
			for i, name := range fields {
				column[name] = i
			}
			for _, name := range []string{"id", "question", "possible_answers"} {
				if _, ok := column[name]; !ok {
					return fmt.Errorf("no column %q", name)
				}
			}
			return nil
		}
		if len(fields) != columns {
			return fmt.Errorf("%d columns; the first line has %d", len(fields), columns)
		}
		var answers []string
		list := unquote(fields[column["possible_answers"]])
		if err := json.Unmarshal([]byte(list), &answers); err != nil {
			return fmt.Errorf("possible_answers: %w", err)
		}
		if len(answers) == 0 {
			return errors.New("possible_answers is empty")
		}
		return s.add(Item{Question: question.Question{ID: fields[column["id"]], Question: unquote(fields[column["question"]])}}, answers)
	})
}

// unquote removes the quotes around a field with quotes.
func unquote(field string) string {
	if len(field) >= 2 && field[0] == '"' && field[len(field)-1] == '"' {
		return strings.ReplaceAll(field[1:len(field)-1], `""`, `"`)
	}
	return field
}
