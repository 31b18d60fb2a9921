//go:build cgo

package ragft

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/internal/modelname"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
	"github.com/ragft/ragft/retriever/dense"
)

// indexed is a project with an index of one document and a file of questions.
func indexed(t *testing.T, c Config) *Project {
	t.Helper()
	dir := t.TempDir()
	c.Dir, c.Documents, c.Questions = filepath.Join(dir, "project"), filepath.Join(dir, "notes"), filepath.Join(dir, "questions.jsonl")
	c.Model = "../examples/basemodel/ragft-base-f16.gguf"
	require.NoError(t, os.Mkdir(c.Documents, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(c.Documents, "mill.md"), []byte("# Mill\n\nOsk runs the mill.\n"), 0o600))
	require.NoError(t, question.WriteFile(c.Questions, []question.Question{{Question: "Who runs the mill?", Answer: "Osk"}}))
	plain := c
	plain.Search = MeaningConfig{}
	p, err := Open(t.Context(), plain)
	require.NoError(t, err)
	_, err = p.Index(t.Context())
	require.NoError(t, err)
	require.NoError(t, p.Close())
	p, err = Open(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	require.NoError(t, p.openIndex())
	return p
}

// unused are the keys that what a step makes does not follow from, or the sections of them. "index" stands for the documents
// and how they are divided wherever it is an input.
var unused = map[string]string{
	// How fast models compute and in which order, which changes answers by rounding at most. Those are kept by their prompts,
	// so that they would not be generated again anyway.
	"": "dir sequences threads attention verify gpu-layers rpc requests worker " +
		"serve merge convert publish export", // which are no steps
	StepIndex: "model adapter scale judge questions test-share rows passages seed language prompts context index.rebuild index.verify " +
		"write demonstrate train decide search.weight search.rerank search-tuning evaluate report assistant",
	StepQuestions: "documents index adapter scale judge test-share rows passages language prompts write.batch write.import write.format " +
		"write.documents demonstrate train decide search-tuning.candidates search-tuning.temperature search-tuning.per-token " +
		"search-tuning.batch evaluate report assistant",
	"import": "documents index model adapter scale judge test-share rows passages seed language prompts context write.limit " +
		"write.per-chunk write.unanswerable write.max-words write.min-chunk write.max-tokens write.batch " +
		"demonstrate train decide search search-tuning evaluate report assistant",
	StepSearch: "documents index judge rows passages write demonstrate train decide.false-refusals search.rerank search-tuning.file " +
		"search-tuning.batch evaluate report assistant",
	StepDemonstrate: "documents index adapter scale write demonstrate.batch demonstrate.judge train decide.false-refusals " +
		"search-tuning.candidates search-tuning.temperature search-tuning.per-token search-tuning.batch evaluate report assistant",
	StepTrain: "documents index judge write demonstrate train.metrics train.tensorboard train.checkpoint-every train.memory-budget " +
		"train.restart train.allow-stale train.gpu-layers " +
		"search-tuning.candidates search-tuning.temperature search-tuning.per-token search-tuning.batch evaluate report assistant",
	// The adapter stands for how it was trained, and for the model.
	decideStep: "documents index model judge write demonstrate train search-tuning.candidates search-tuning.temperature " +
		"search-tuning.per-token search-tuning.batch evaluate report assistant.decline-prompt assistant.decide assistant.temperature " +
		"assistant.top-p assistant.top-k assistant.drafts assistant.min-confidence assistant.decline assistant.ensemble " +
		"assistant.ensemble-temperature " +
		"assistant.min-share assistant.apart assistant.last-turn assistant.final-answer assistant.stop assistant.calibration",
	StepEvaluate: "documents index write demonstrate train search-tuning.candidates search-tuning.temperature " +
		"search-tuning.per-token search-tuning.batch evaluate.batch evaluate.judge report.file assistant.decline-prompt " +
		"assistant.top-p assistant.top-k assistant.min-confidence assistant.decline " +
		"assistant.ensemble-temperature assistant.min-share assistant.apart assistant.last-turn " +
		"assistant.final-answer assistant.stop assistant.calibration",
}

// Whatever a step's result follows from is among its inputs, so that none reuses what another option made. Here all is used
// that a project can have.
func TestEveryKeyIsAnInputOrUnused(t *testing.T) {
	base := "../examples/basemodel/ragft-base-f16.gguf"
	c := Config{Judge: "openai:judge", Train: TrainConfig{Keep: keepAnswers, Soft: 0.5}, Search: MeaningConfig{Embed: base, Rerank: base}}
	c.Evaluate.FactQuestions = "../examples/quickstart/questions.jsonl"
	c.Adapter = saying(t, assistant.Settings{})
	p := indexed(t, c)
	made := map[string]inputs{}
	var err error
	made[StepIndex], err = p.statusOfIndex(t.Context())
	require.NoError(t, err)
	made[StepQuestions], err = p.writeInputs(t.Context())
	require.NoError(t, err)
	made["import"], err = p.importInputs()
	require.NoError(t, err)
	made[StepSearch], err = p.searchInputs(t.Context())
	require.NoError(t, err)
	made[StepDemonstrate], err = (&demonstration{Project: p}).inputs(t.Context())
	require.NoError(t, err)
	made[StepTrain], err = p.trainInputs(t.Context())
	require.NoError(t, err)
	made[decideStep], err = p.ruleInputs(t.Context(), c.Adapter)
	require.NoError(t, err)
	made[StepEvaluate], err = (&evaluation{Project: p, settings: p.config.Evaluate}).inputs(t.Context())
	require.NoError(t, err)
	require.Len(t, unused, len(made)+1)
	for step, in := range made {
		free := strings.Fields(unused[""] + " " + unused[step])
		found := map[string]bool{}
		config := p.config
		walkKeys(reflect.ValueOf(&config).Elem(), "", func(name string, f field) {
			within := func(key string) bool { return name == key || strings.HasPrefix(name, key+".") }
			for _, key := range free {
				found[key] = found[key] || within(key)
			}
			_, is := in[name]
			_, elsewhere := in["file of "+name]
			if !isSection(f.value) && !is && !elsewhere && !anyOf(free, within) {
				t.Errorf("%s: %s is neither an input nor unused", step, name)
			}
		})
		for _, key := range free {
			require.True(t, found[key], "%s: there is no key %s", step, key)
		}
	}
}

// Lists and texts that only read alike are other settings.
func TestSettingsAreToldApart(t *testing.T) {
	for key, values := range map[string][2]string{
		"evaluate.stop":       {"[a b]", "[a, b]"},
		"evaluate.criteria":   {`["x\", \"y"]`, "[x, y]"},
		"train.targets":       {"[attn_q attn_k]", "[attn_q, attn_k]"},
		"evaluate.scales":     {"[1]", "[1, 1]"},
		"demonstrate.refusal": {"", "unset"},
		"demonstrate.self-demo.candidate-prompts-read": {"[One. Two.]", "[One., Two.]"},
	} {
		var texts []string
		for _, value := range values {
			p := &Project{}
			if value != "" {
				require.NoError(t, p.config.Set(key, value))
			}
			in, err := p.settings([]string{key})
			require.NoError(t, err)
			texts = append(texts, in[key])
		}
		require.NotEqual(t, texts[0], texts[1], key)
	}
}

// A server is told by where it is, however its address is given.
func TestServersAreToldByTheirPlace(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", "key")
	name := func(model, environment string) (cached, input string) {
		t.Setenv("OPENAI_BASE_URL", environment)
		servers, err := modelname.Servers(model, true)
		require.NoError(t, err)
		p := &Project{}
		m, err := p.openServers(t.Context(), servers)
		require.NoError(t, err)
		in := inputs{}
		require.NoError(t, in.model(t.Context(), p, "model", model))
		return m.Name(), in["model"]
	}
	for _, c := range []struct{ model, environment, other, otherEnvironment string }{
		{"openai:x@http://h/a/v1", "", "openai:x@http://h/b/v1", ""},
		{"openai:x@http://h/a/v1,openai:x@http://k/v1", "", "openai:x@http://h/b/v1,openai:x@http://k/v1", ""},
		{"openai:x", "http://h/v1", "openai:x", "http://k/v1"},
		{"openai:x,openai:x@http://k/v1", "http://h/v1", "openai:x,openai:x@http://k/v1", "http://i/v1"},
		{"openai:x,openai:x@http://k/v1", "http://h/a", "openai:x,openai:x@http://k/v1", "http://h/b"},
	} {
		cached, input := name(c.model, c.environment)
		other, otherInput := name(c.other, c.otherEnvironment)
		require.NotEqual(t, cached, other, c.model)
		require.NotEqual(t, input, otherInput, c.model)
	}
	for _, model := range []string{"openai:x", "openai:x,openai:x@http://k/v1"} {
		cached, input := name(model, "http://h/a/v1")
		again, inputAgain := name(strings.Replace(model, "openai:x", "openai:x@http://h/a/v1", 1), "http://elsewhere/v1")
		require.Equal(t, cached, again)
		require.Equal(t, input, inputAgain)
	}
	one, _ := name("openai:x@http://h/a/v1,openai:x@http://k/v1", "")
	two, _ := name("openai:x@http://k/v1,openai:x@http://h/a/v1", "")
	require.Equal(t, one, two, "in another order")
	servers, err := modelname.Servers("openai:x@http://h/v1,openai:y@http://k/v1", true)
	require.NoError(t, err)
	_, err = (&Project{}).openServers(t.Context(), servers)
	require.ErrorContains(t, err, "different models")
}

// Questions do not follow from the search that is learnt of them.
func TestQuestionsDoNotFollowFromThemselves(t *testing.T) {
	p := indexed(t, Config{})
	before, err := p.writeInputs(t.Context())
	require.NoError(t, err)
	digest, err := p.index.Digest(t.Context())
	require.NoError(t, err)
	learnt := retriever.Tuning{Index: digest, Weights: map[string]float64{"term:mill": 1}}
	require.NoError(t, retriever.WriteTuningFile(p.Path(retrievalName), learnt))
	after, err := p.writeInputs(t.Context())
	require.NoError(t, err)
	require.Equal(t, before, after)
	searching := func(open func() (*dense.Search, error)) string {
		search, err := open()
		require.NoError(t, err)
		digest, err := search.Digest(t.Context())
		require.NoError(t, err)
		return digest
	}
	untaught := func() (*dense.Search, error) { return p.untaught(t.Context()) }
	require.Equal(t, digest, searching(untaught))
	tuned := searching(func() (*dense.Search, error) { return p.searcher(t.Context(), "", false) })
	require.NotEqual(t, digest, tuned)

	p.config.SearchTuning.File = p.Path(retrievalName)
	require.Equal(t, tuned, searching(untaught), "one that is named was not learnt of them")
	after, err = p.writeInputs(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, after)
}

// Rows of the documents alone leave out what the questions hide.
func TestRowsOfDocumentsFollowFromTheQuestions(t *testing.T) {
	p := indexed(t, Config{Demonstrate: DemonstrateConfig{Recipe: []string{"pretrain"}}})
	before, err := (&demonstration{Project: p}).inputs(t.Context())
	require.NoError(t, err)
	hiding := []question.Question{{Question: "Who runs the mill?", Unanswerable: true, Hidden: "mill.md"}}
	require.NoError(t, question.WriteFile(p.questionsFile(), hiding))
	after, err := (&demonstration{Project: p}).inputs(t.Context())
	require.NoError(t, err)
	require.NotEqual(t, before, after)
}
