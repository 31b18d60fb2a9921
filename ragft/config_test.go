package ragft_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

func load(t *testing.T, text string) (ragft.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ragft.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	c, err := ragft.LoadConfig(path)
	return c, err
}

func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ragft.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
documents: notes
model: ollama:llama3.2:1b
adapter: none
seed: 0
rpc: [a:1, b:2]
prompts: {template: fedrag, read: "yes"}
index: {chunk: 60, k1: 0}
demonstrate:
  recipe: [self-demo=2, gold]
  refusal: ""
  self-demo: {greedy-first: false, candidate-prompts-read: [One., Two.]}
train: {warmup: 0, rate: 1e-3, memory-budget: 3GiB, start: first.gguf}
evaluate: {evidence: closed, scales: [0, 0.5]}
serve: {time-limit: 2m}
`), 0o644))
	c, err := ragft.LoadConfig(path)
	require.NoError(t, err)
	dir := filepath.Dir(path)
	require.Equal(t, ragft.Config{
		Documents: filepath.Join(dir, "notes"), Model: "ollama:llama3.2:1b", Adapter: "none", Seed: opt.Of[uint64](0),
		RPC:     []string{"a:1", "b:2"},
		Prompts: ragft.PromptsConfig{Template: "fedrag", Read: "yes"},
		Index:   ragft.IndexConfig{Chunk: 60, K1: opt.Of(0.0)},
		Demonstrate: ragft.DemonstrateConfig{
			Recipe: []string{"self-demo=2", "gold"}, Refusal: opt.Of(""),
			SelfDemo: ragft.SelfDemoConfig{GreedyFirst: opt.Of(false), ReadPrompts: []string{"One.", "Two."}},
		},
		Train:    ragft.TrainConfig{Warmup: opt.Of(0.0), Rate: 1e-3, MemoryBudget: 3 << 30, Start: filepath.Join(dir, "first.gguf")},
		Evaluate: ragft.EvaluateConfig{Evidence: []string{"closed"}, Scales: []float64{0, 0.5}},
		Serve:    ragft.ServeConfig{TimeLimit: 2 * time.Minute},
	}, c)

	c, err = load(t, "# nothing\n")
	require.NoError(t, err)
	require.Zero(t, c)
	_, err = ragft.LoadConfig("missing.yaml")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A value that several keys share is read for each of them.
func TestLoadConfigAliases(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("other", 0o700))
	require.NoError(t, os.WriteFile("other/dir.yaml", []byte(`
documents: &folder notes
serve: {files: *folder, name: *folder}
assistant: {stop: &stop [&number 4, end]}
publish: {stop: *stop, name: *folder}
passages: *number
evaluate: {stop: [*number, *folder]}
`), 0o600))
	c, err := ragft.LoadConfig("other/dir.yaml")
	require.NoError(t, err)
	notes := filepath.Join("other", "notes")
	require.Equal(t, ragft.Config{
		Documents: notes, Passages: 4, Serve: ragft.ServeConfig{Files: notes, Name: "notes"},
		Assistant: ragft.AssistantConfig{Stop: []string{"4", "end"}}, Evaluate: ragft.EvaluateConfig{Stop: []string{"4", "notes"}},
		Publish: ragft.PublishConfig{Stop: []string{"4", "end"}, Name: "notes"},
	}, c)
	_, err = load(t, "rpc: &a [*a]")
	require.ErrorContains(t, err, "a value is expected")
}

// Every fault names its line, and an unknown key the nearest one.
func TestLoadConfigErrors(t *testing.T) {
	for text, message := range map[string]string{
		"modle: a.gguf":                          "ragft.yaml:1: unknown key modle; did you mean model?",
		"seed: 1\ntrain:\n  epoch: 2":            "ragft.yaml:3: unknown key train.epoch; did you mean train.epochs?",
		"epochs: 2":                              "ragft.yaml:1: unknown key epochs; did you mean train.epochs?",
		"index: {ignore_titles: true}":           "ragft.yaml:1: unknown key index.ignore_titles; did you mean index.ignore-titles?",
		"train:\n  xyzzyxyzzy: 1":                "ragft.yaml:2: unknown key train.xyzzyxyzzy",
		"model: a\nmodel: b":                     "model",
		"train: 3":                               "ragft.yaml:1: train: a mapping of keys to values is expected",
		"[a]":                                    "ragft.yaml:1: a mapping of keys to values is expected",
		"passages: [1, 2]":                       "ragft.yaml:1: passages takes one value, not a list",
		"passages: many":                         `ragft.yaml:1: passages: "many" is not a whole number`,
		"passages: 0":                            "ragft.yaml:1: passages: 0 is too small: at least 1",
		"passages: {a: 1}":                       "ragft.yaml:1: passages: a value is expected",
		"passages:":                              "ragft.yaml:1: passages: a value is expected",
		"scale: 0":                               "ragft.yaml:1: scale: 0 leaves the adapter out: set adapter to none for that",
		"scale: .nan":                            "ragft.yaml:1: scale: NaN is not a finite number",
		"test-share: 1.5":                        "ragft.yaml:1: test-share: 1.5 is not a share from 0 to 1",
		"gpu-layers: -1":                         "ragft.yaml:1: gpu-layers: -1 is too small: at least 0",
		"train: {rate: 0}":                       "ragft.yaml:1: train.rate: 0 is not above 0",
		"evaluate: {failure-rate: 2}":            "ragft.yaml:1: evaluate.failure-rate: 2 is not a share from 0 to 1",
		"train: {beta2: 2}":                      "ragft.yaml:1: train.beta2: 2 is not a share from 0 to 1",
		"train: {soft: 1.1}":                     "ragft.yaml:1: train.soft: 1.1 is not a share from 0 to 1",
		"train: {loss: some}":                    `ragft.yaml:1: train.loss: "some" must be one of last, all, text`,
		"train: {memory-budget: lots}":           `ragft.yaml:1: train.memory-budget: invalid size "lots": such as 800MiB or 3GiB`,
		"evaluate: {evidence: [closed, golden]}": `ragft.yaml:1: evaluate.evidence: "golden" must be one of`,
		"serve: {time-limit: soon}":              `ragft.yaml:1: serve.time-limit: "soon" is not a time such as 30s`,
		"demonstrate: {self-demo: {votes: -1}}":  "ragft.yaml:1: demonstrate.self-demo.votes: -1 is too small: at least 0",
		"a: [":                                   "ragft.yaml: yaml:",
	} {
		_, err := load(t, text)
		require.ErrorIs(t, err, ragft.ErrConfig, text)
		require.ErrorContains(t, err, message, text)
	}
}

func TestSet(t *testing.T) {
	var c ragft.Config
	for key, value := range map[string]string{
		"model": "base.gguf", "seed": "7", "train.warmup": "0", "train.targets": "attn_q, attn_k", "train.memory-budget": "1GiB",
		"evaluate.scales": "0,0.5", "evaluate.stop": "a, b", "assistant.stop": "[x, 'y, z']", "demonstrate.recipe": "self-demo=2,gold=1",
		"demonstrate.self-demo.greedy-first": "false", "serve.read-limit": "5s", "demonstrate.refusal": "No: sorry.",
	} {
		require.NoError(t, c.Set(key, value), key)
	}
	require.Equal(t, ragft.Config{
		Model: "base.gguf", Seed: opt.Of[uint64](7),
		Train:     ragft.TrainConfig{Warmup: opt.Of(0.0), Targets: []string{"attn_q", "attn_k"}, MemoryBudget: 1 << 30},
		Evaluate:  ragft.EvaluateConfig{Scales: []float64{0, 0.5}, Stop: []string{"a, b"}},
		Assistant: ragft.AssistantConfig{Stop: []string{"x", "y, z"}},
		Demonstrate: ragft.DemonstrateConfig{
			Recipe: []string{"self-demo=2", "gold=1"}, Refusal: opt.Of("No: sorry."), SelfDemo: ragft.SelfDemoConfig{GreedyFirst: opt.Of(false)},
		},
		Serve: ragft.ServeConfig{ReadLimit: 5 * time.Second},
	}, c)
	for key, message := range map[string]string{
		"train.epoch": "unknown key train.epoch; did you mean train.epochs?",
		"train":       "train is a section: set one of its keys, such as train.validation-share",
		"model.name":  "unknown key model.name: model is not a section",
		"train.rank":  `train.rank: "x" is not a whole number`,
		"Train.Rank":  "unknown key Train.Rank; did you mean train.rank?",
	} {
		err := c.Set(key, "x")
		require.ErrorIs(t, err, ragft.ErrConfig)
		require.ErrorContains(t, err, message)
	}
}

// Open fills in what is left out, and says what is wrong with the rest.
func TestOpenChecksConfig(t *testing.T) {
	p, err := ragft.Open(t.Context(), ragft.Config{Train: ragft.TrainConfig{Warmup: opt.Of(0.0)}})
	require.NoError(t, err)
	c := p.Config()
	require.NoError(t, p.Close())
	require.Equal(t, ".ragft", c.Dir)
	require.Equal(t, opt.Of[uint64](1), c.Seed)
	require.Equal(t, 16, c.Train.Rank)
	require.Equal(t, 1e-8, c.Train.Epsilon)
	require.Equal(t, opt.Of(0.0), c.Train.Warmup)
	require.Equal(t, []string{"verified"}, c.Demonstrate.Recipe)
	require.Equal(t, opt.Of(true), c.Demonstrate.SelfDemo.GreedyFirst)
	require.Equal(t, []int{0, 1, 2, 4, 8}, c.Evaluate.RobustnessDistractors)

	_, err = ragft.Open(t.Context(), ragft.Config{Passages: -1, Train: ragft.TrainConfig{Rank: -2, Loss: "some"}})
	require.ErrorIs(t, err, ragft.ErrConfig)
	for _, message := range []string{"passages: -1 is too small", "train.rank: -2 is too small", `train.loss: "some" must be one of`} {
		require.ErrorContains(t, err, message)
	}
}
