package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// detect returns the format according to the fields of the first object, or the columns of the first line.
func detect(data []byte) (Format, error) {
	data = bytes.TrimSpace(data)
	if len(data) == 0 {
		return "", fmt.Errorf("dataset: %w: the file is empty", ErrFormat)
	}
	if data[0] != '{' {
		first := data
		if n := bytes.IndexAny(data, "\r\n"); n >= 0 {
			first = data[:n]
		}
		if bytes.Contains(first, []byte("\tpossible_answers")) {
			return PopQA, nil
		}
		return "", fmt.Errorf("dataset: %w: the file starts neither with a JSON object nor with the columns of PopQA; known are %v",
			ErrFormat, Formats())
	}
	var first map[string]json.RawMessage
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&first); err != nil {
		return "", fmt.Errorf("dataset: %w: %w", ErrFormat, err)
	}
	has := func(names ...string) bool {
		for _, name := range names {
			if _, ok := first[name]; !ok {
				return false
			}
		}
		return true
	}
	switch {
	case has("data"):
		return SQuAD, nil
	case has("query", "positive"):
		return RGB, nil
	case has("input", "targets"):
		return MTRAG, nil
	case has("input", "output"):
		return CLAPnq, nil
	case has("question", "answers"), has("question", "answer") && bytes.HasPrefix(first["answer"], []byte("[")):
		return NQOpen, nil
	case has("question"):
		return Plain, nil
	}
	// The fields of PubMedQA are the ids of its questions: one that holds a question is enough, wherever it comes.
	for _, entry := range first {
		var fields map[string]json.RawMessage
		if json.Unmarshal(entry, &fields) == nil && fields["QUESTION"] != nil {
			return PubMedQA, nil
		}
	}
	return "", fmt.Errorf("dataset: %w: the fields of the first object are those of none of %v", ErrFormat, Formats())
}
