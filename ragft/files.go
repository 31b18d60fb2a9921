package ragft

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/ragft/rows"
	"github.com/ragft/ragft/retriever"
)

// The files of the project's folder.
const (
	indexName     = "index"
	questionsName = "questions.jsonl"
	rowsName      = "rows.jsonl"
	probesName    = "probes.jsonl"

	globalProbesName = "global-probes.jsonl"
	adapterName      = "adapter.gguf"
	metricsName      = "metrics.jsonl"
	evaluationName   = "evaluation.json"
	answersName      = "answers.jsonl"
	calibrationName  = "calibration.json"
	retrievalName    = "retrieval.json"
	reportName       = "report.html"
	cacheName        = "cache"
	mergedName       = "merged.gguf"
	attentionName    = "attention.json"
	vectorsName      = "vectors"
	trlName          = "trl" // formats of Export, and their folders
	axolotlName      = "axolotl"
	peftName         = "peft"
)

func (p *Project) questionsFile() string { return cmp.Or(p.config.Questions, p.Path(questionsName)) }

func (p *Project) rowsFile() string { return cmp.Or(p.config.Rows, p.Path(rowsName)) }

// adapterFile is the adapter to use, "" for none.
func (p *Project) adapterFile() (string, error) {
	switch path := p.config.Adapter; path {
	case "none":
		return "", nil
	case "":
		path = p.Path(adapterName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return path, nil
	default:
		_, err := os.Stat(path)
		return path, err
	}
}

// trainedFile is the adapter that training writes.
func (p *Project) trainedFile() string {
	if p.config.Adapter == "none" {
		return p.Path(adapterName)
	}
	return cmp.Or(p.config.Adapter, p.Path(adapterName))
}

// AdapterFile returns the path of the adapter that is used, "" for none.
func (p *Project) AdapterFile() (string, error) { return p.adapterFile() }

// Split returns the questions to learn from and those that are held out of
// learning for the evaluation: Config.TestShare of them, chosen by the seed.
func (p *Project) Split() (train, held []question.Question, err error) {
	return p.split(p.config.TestShare.Or(0))
}

func (p *Project) split(share float64) (train, held []question.Question, err error) {
	path := p.questionsFile()
	all, err := question.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: set questions to a file of your own, or have the model write some: ragft questions", err)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", path, question.ErrNone)
	}
	train, held = question.Split(all, share, p.seed())
	return train, held, nil
}

func (p *Project) seed() uint64 { return p.config.Seed.Or(1) }

// evidence is what the file of the questions names as evidence, by question id.
func (p *Project) evidence() (map[string][]retriever.Hit, error) {
	set, err := dataset.ReadFile(p.questionsFile(), dataset.Plain)
	if err != nil {
		return nil, err
	}
	return set.Evidence(), nil
}

// ReadRows reads the training rows.
func (p *Project) ReadRows() ([]rows.Row, error) {
	path := p.rowsFile()
	list, err := rows.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: make rows (ragft demonstrate), or set rows to a file", err)
	}
	if err == nil && len(list) == 0 {
		err = kindOf(ErrEmpty, fmt.Errorf("%s has no rows", path))
	}
	return list, err
}

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
		return kindOf(ErrEmpty, fmt.Errorf("%s is empty", path))
	}
	return nil
}
