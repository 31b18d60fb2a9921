package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/rows"
)

// readTexts reads one text a line, or one object with a field text.
func readTexts(path string) ([]string, error) {
	var texts []string
	err := readLines(path, func(line []byte) error {
		if line[0] != '{' {
			texts = append(texts, string(line))
			return nil
		}
		var row struct {
			Text string `json:"text"`
		}
		if err := json.Unmarshal(line, &row); err != nil {
			return err
		}
		if row.Text == "" {
			return errors.New(`the field "text" is missing`)
		}
		texts = append(texts, row.Text)
		return nil
	})
	return texts, err
}

func readInstructions(path string) ([]rows.Instruction, error) {
	var tasks []rows.Instruction
	err := readLines(path, func(line []byte) error {
		var t rows.Instruction
		if err := json.Unmarshal(line, &t); err != nil {
			return err
		}
		if t.Prompt == "" || t.Response == "" {
			return errors.New(`the fields "prompt" and "response" are needed`)
		}
		tasks = append(tasks, t)
		return nil
	})
	return tasks, err
}

// readLines calls each with every line that is not blank; its errors name the line.
func readLines(path string, each func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	n := 0
	err = jsonl.Each(path, f, func(_ int, line []byte) error {
		n++
		return each(bytes.TrimSpace(line))
	})
	if err != nil {
		return err
	}
	if n == 0 {
		return emptyError(fmt.Errorf("%s holds nothing", path))
	}
	return nil
}
