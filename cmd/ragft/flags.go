package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/ragft/question/dataset"
	"github.com/ragft/ragft/retriever"
)

// modelFlags choose a model, and how it is run.
type modelFlags struct {
	model     string
	adapter   string
	scale     float64
	context   int
	sequences int
	threads   int
	gpuLayers int
	rpc       []string
	requests  int
}

func (m *modelFlags) add(f *pflag.FlagSet) {
	f.VarP(modelValue(&m.model), "model", "m", "base model: "+modelForms)
	f.Var(countValue(&m.requests, 0, 0), "requests", "requests that a server has at a time (0 = 2 with Ollama, 4 with others)")
	f.Var(countValue(&m.context, 0, 0), "context", "tokens of context held for all answers under way (0 = as the model was trained on, 4096 to 8192)")
	f.Var(countValue(&m.sequences, 16, 1), "sequences", "answers generated at a time")
	m.addMachine(f, -1)
}

func (m *modelFlags) addAdapter(f *pflag.FlagSet) {
	f.Var(modelValue(&m.adapter), "adapter", "LoRA adapter; none leaves it out (default adapter.gguf of the project's folder, if it is there)")
	f.Var(scaleValue(&m.scale, 1), "scale", "how strongly the adapter acts, 1 = as trained; not 0, which --adapter none stands for")
}

func (m *modelFlags) addMachine(f *pflag.FlagSet, gpuLayers int) {
	f.Var(countValue(&m.threads, 0, 0), "threads", "threads that compute (0 = the number of cores)")
	f.Var(countValue(&m.gpuLayers, gpuLayers, -1), "gpu-layers", "layers on the GPU, -1 = all, as always with --rpc")
	f.StringSliceVar(&m.rpc, "rpc", nil, "ggml RPC servers, host:port, that hold a part of the layers; only in a network that you trust")
}

// modelForms says what names a model.
const modelForms = "a GGUF file; ollama:NAME, the file that Ollama has; or where a server is to run it ollama:NAME@URL or openai:NAME@URL, several joined by commas " +
	"(without @URL: OPENAI_BASE_URL; its key: OPENAI_API_KEY)"

// localForms says what names a model whose weights are needed here.
const localForms = "a GGUF file, or ollama:NAME for one that Ollama has"

// adapterPath is the adapter to use, "" for none.
func (a *app) adapterPath(m modelFlags) (string, error) {
	switch m.adapter {
	case "none":
		return "", nil
	case "":
		path := a.path(adapterName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		return path, nil
	}
	_, err := os.Stat(m.adapter)
	return m.adapter, err
}

// promptFlags are the system messages and the layout; prompts gives both.
type promptFlags struct {
	prompt.Set
	template string
}

func (p *promptFlags) add(f *pflag.FlagSet) {
	f.StringVar(&p.Read, "prompt-read", prompt.DefaultRead, "system message: answer from documents")
	f.StringVar(&p.Closed, "prompt-closed", prompt.DefaultClosed, "system message: answer without documents")
	f.StringVar(&p.Careful, "prompt-careful", prompt.DefaultCareful, "system message: answer from documents, or decline")
	f.StringVar(&p.Refuse, "prompt-refuse", prompt.DefaultRefuse, "system message: decline, with the documents in view")
	f.StringVar(&p.Judge, "prompt-judge", prompt.DefaultJudge, "system message: does an answer agree with the reference?")
	f.Var(layoutValue(&p.template), "template", "layout of the prompt with passages: read, fedrag, ra-dit, or a file with {query} and {context}; the same for demos and all that ask the tuned model")
}

// questionFlags choose questions, and which of them are held out of learning.
type questionFlags struct {
	questions string
	heldOut   float64
}

func (q *questionFlags) add(f *pflag.FlagSet) {
	f.Var(pathValue(&q.questions, ""), "questions", "questions with answers, JSONL (default questions.jsonl of the project's folder)")
	f.Var(shareValue(&q.heldOut, 0.5), "held-out", "share of the questions that is kept for the evaluation, 0 to 1; say the same to demos and eval")
}

// path is the file of the questions.
func (q questionFlags) path(a *app) string { return cmp.Or(q.questions, a.path(questionsName)) }

// read gives the questions to learn from and those that are held out.
func (q questionFlags) read(a *app) (train, held []question.Question, err error) {
	path := q.path(a)
	all, err := question.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("%w: name a file with --questions, or have the model write some with 'ragft questions'", err)
	}
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", path, question.ErrNone)
	}
	train, held = question.Split(all, q.heldOut, a.seed)
	return train, held, nil
}

// evidence is what the file of the questions names as evidence, by question id.
func (q questionFlags) evidence(a *app) (map[string][]retriever.Hit, error) {
	set, err := dataset.ReadFile(q.path(a), dataset.Plain)
	if err != nil {
		return nil, err
	}
	return set.Evidence(), nil
}

// openIndex opens the project's index.
func (a *app) openIndex() (*retriever.Index, error) {
	index, err := retriever.Open(a.path(indexName))
	if errors.Is(err, retriever.ErrLocked) {
		return nil, fmt.Errorf("%w: another ragft has it open, such as 'ragft serve' or 'ragft chat'; end that, or work in another folder with --out", err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no index %s: make one with 'ragft index FOLDER': %w", a.path(indexName), fs.ErrNotExist)
	}
	return index, err
}

// The files of the project's folder.
const (
	indexName     = "index"
	questionsName = "questions.jsonl"
	rowsName      = "rows.jsonl"
	probesName    = "probes.jsonl"

	globalProbesName = "global-probes.jsonl"
	adapterName      = "adapter.gguf"
	metricsName      = "metrics.jsonl"
	trainingName     = "training.json"
	evaluationName   = "evaluation.json"
	answersName      = "answers.jsonl"
	calibrationName  = "calibration.json"
	reportName       = "report.html"
	cacheName        = "cache"
)
