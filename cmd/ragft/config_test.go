package main

import (
	"cmp"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

// parse gives the configuration of a command line, with a project file.
func parse(t *testing.T, file string, args ...string) (ragft.Config, error) {
	t.Helper()
	a := &app{err: os.Stderr}
	cmd, rest, err := a.root().Find(args)
	require.NoError(t, err)
	require.NoError(t, cmd.ParseFlags(rest))
	a.file = filepath.Join(t.TempDir(), "ragft.yaml")
	require.NoError(t, os.WriteFile(a.file, []byte(file), 0o600))
	err = a.readConfig(cmd)
	return a.config, err
}

func TestProjectFile(t *testing.T) {
	const file = `
model: models/base.gguf
dir: /tmp/project
train:
  rank: 32
  rate: 1e-3
  targets: [attn_q, attn_v]
  memory-budget: 3GiB
  dropout: 0.05
evaluate:
  evidence: [gold, closed]
  max-tokens: 7
`
	c, err := parse(
		t,
		file,
		"train",
		"--rate",
		"5e-5",
		"--set",
		"train.targets=output",
		"-s",
		"train.keep=loss",
		"--memory-budget",
		"1.5G",
	)
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(c.Model), "paths are relative to the file")
	require.Equal(t, "base.gguf", filepath.Base(c.Model))
	require.Equal(t, "/tmp/project", c.Dir)
	require.Equal(t, 32, c.Train.Rank)
	require.Equal(t, 5e-5, c.Train.Rate, "a flag comes before the file")
	require.Equal(t, []string{"output"}, c.Train.Targets, "and so does --set")
	require.Equal(t, 0.05, c.Train.Dropout)
	require.Equal(t, int64(3<<29), c.Train.MemoryBudget)
	require.Equal(t, "loss", c.Train.Keep)
	require.Zero(t, c.Train.Epochs, "what nobody says has its default")
	require.Equal(t, []string{"gold", "closed"}, c.Evaluate.Evidence)
	require.Equal(t, 7, c.Evaluate.MaxTokens)

	c, err = parse(t, file, "demonstrate", "-p", "here", "--recipe", "self-demo=2", "--recipe", "gold,raft", "--test-share", "0")
	require.NoError(t, err)
	require.Equal(t, "here", c.Dir)
	require.Equal(t, []string{"self-demo=2", "gold", "raft"}, c.Demonstrate.Recipe)
	require.Equal(t, opt.Of(0.0), c.TestShare)
	c, err = parse(t, "model: ollama:llama3.2:1b\nadapter: none\n", "ask", "--decline-prompt", "--adapter", "my.gguf")
	require.NoError(t, err)
	require.Equal(t, "ollama:llama3.2:1b", c.Model, "a model of a server is no path")
	require.Equal(t, "my.gguf", c.Adapter)
	require.True(t, c.Assistant.DeclinePrompt)
	c, err = parse(t, "train: {epochs: 5}\n", "teach", "--quick", "--set", "write.limit=99")
	require.NoError(t, err)
	require.Equal(
		t,
		[]any{opt.Of(99), 1, opt.Of(2)},
		[]any{c.Write.Limit, c.Train.Epochs, c.Demonstrate.SelfDemo.Read},
		"--set comes before --quick, and that before the file",
	)
}

func TestProjectFileMistakes(t *testing.T) {
	for _, c := range []struct {
		name, file, message string
		args                []string
	}{
		{"unknown", "model: a\nrnak: 3\n", "ragft.yaml:2: unknown key rnak", nil},
		{"in a section", "train:\n  epoch: 3\n", "ragft.yaml:2: unknown key train.epoch; did you mean train.epochs?", nil},
		{"not a number", "train: {rank: many}\n", "ragft.yaml:1: train.rank:", nil},
		{"unknown flag value", "", `--rank: "many" is not a whole number`, []string{"train", "--rank", "many"}},
		{"unknown key", "", "--set train.epoch=3: unknown key train.epoch; did you mean train.epochs?", []string{"train", "--set",
			"train.epoch=3"}},
		{"no value", "", "KEY=VALUE is expected, such as --set train.warmup=0", []string{"train", "--set", "train.rank"}},
		{"twice", "", "--set train.rank=3: --rank sets train.rank already", []string{"train", "--rank", "2", "--set", "train.rank=3"}},
		{"of another command", "", "--set train.rank has no effect on 'ragft ask': it is for 'ragft teach', 'ragft train', 'ragft export'",
			[]string{"ask", "--set", "train.rank=3"}},
		{"at the top", "", "--set judge has no effect on 'ragft report': it is for 'ragft teach', 'ragft demonstrate', 'ragft evaluate'",
			[]string{"report", "--set", "judge=x"}},
		{"passages of an index", "", "--set passages has no effect on 'ragft index'", []string{"index", "--set", "passages=9"}},
		{"prompts", "", "--set prompts.read has no effect on 'ragft merge'", []string{"merge", "--set", "prompts.read=x"}},
		{"a choice", "", `--as: "all" must be one of auto, adapter, merged`, []string{"publish", "--as", "all"}},
		{"a size", "", `--memory-budget: invalid size "plenty"`, []string{"train", "--memory-budget", "plenty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := c.args
			if args == nil {
				args = []string{"ask"}
			}
			_, err := parse(t, c.file, args...)
			require.ErrorContains(t, err, c.message)
			require.Equal(t, exitUsage, exitCode(err))
		})
	}
	_, err := parse(t, "", "ask")
	require.NoError(t, err, "an empty file says nothing")
}

// Every option is a key of the project file, and what it says arrives; every key can be set for a command.
func TestEveryFlagHasAPlaceInTheProjectFile(t *testing.T) {
	tried, flags := 0, 0
	for _, cmd := range (&app{}).root().Commands() {
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			flags++
			s, ok := f.Value.(*setting)
			if !ok {
				return
			}
			tried++
			c, err := parse(t, "", cmd.Name(), "--"+f.Name+"="+otherValue(t, s.key))
			require.NoError(t, err, "%s --%s", cmd.Name(), f.Name)
			require.NotEqual(t, ragft.Config{}, c, "%s --%s", cmd.Name(), f.Name)
			require.NoError(t, effective(cmd, s.key))
		})
	}
	require.Greater(t, tried, 60)
	// --embed and --rerank are 18 of them, since every command that searches takes them.
	require.Less(t, flags, 115, "everything else is a key of the project file alone")
	for _, key := range configKeys(t) {
		used := 0
		for _, cmd := range (&app{}).root().Commands() {
			if reads(cmd, key) {
				used++
				_, err := parse(t, "", cmd.Name(), "--set", key+"="+otherValue(t, key))
				require.NoError(t, err, "%s --set %s", cmd.Name(), key)
			}
		}
		require.Positive(t, used, key)
	}
}

// configKeys lists the keys of the project file.
func configKeys(t *testing.T) (keys []string) {
	t.Helper()
	for _, k := range readReference(t) {
		keys = append(keys, k.name)
	}
	return keys
}

// otherValue is a value of the key other than its default.
func otherValue(t *testing.T, key string) string {
	t.Helper()
	value := reflect.ValueOf(ragft.Config{})
	for part := range strings.SplitSeq(key, ".") {
		found := false
		for i := range value.NumField() {
			if value.Type().Field(i).Tag.Get("yaml") == part {
				if words := regexp.MustCompile(`oneof=(?:\S+ )*([^\s,]+)`).FindStringSubmatch(value.Type().Field(i).Tag.Get("check")); words != nil {
					return words[1]
				}
				value, found = value.Field(i), true
				break
			}
		}
		require.True(t, found, key)
	}
	switch value.Interface().(type) {
	case bool, opt.Value[bool]:
		return "true"
	case float64, opt.Value[float64], []float64:
		return "0.77"
	case time.Duration:
		return "77s"
	case string, []string, opt.Value[string]:
		return "/a/file"
	}
	return "77"
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1048576": 1 << 20, "512k": 512 << 10, "800MiB": 800 << 20, "1.5G": 3 << 29,
		"2GB": 2 << 30, "0MiB": 0} {
		c, err := parse(t, "", "train", "--memory-budget", text)
		require.NoError(t, err, text)
		require.Equal(t, want, c.Train.MemoryBudget, text)
	}
	for _, text := range []string{"", "-1", "much", "1e30G", "GiB", "NaN"} {
		_, err := parse(t, "", "train", "--memory-budget", text)
		require.Error(t, err, text)
	}
}

// The project files that the documentation shows can be read.
func TestDocumentedProjectFile(t *testing.T) {
	doc, err := os.ReadFile("../../docs/command-line.md")
	require.NoError(t, err)
	files := strings.Split(string(doc), "```yaml\n")
	require.Len(t, files, 3)
	for _, file := range files[1:] {
		file, _, _ = strings.Cut(file, "```")
		c, err := parse(t, file, "demonstrate")
		require.NoError(t, err)
		require.NotEmpty(t, c.Model)
	}
	for _, cmd := range (&app{}).root().Commands() {
		if cmd.GroupID != "" {
			require.Contains(t, string(doc), "| `"+cmd.Name())
		}
	}
}

// Numbers that make no sense are refused: negative ones, and zero unless the reference says what it means.
func TestAnswerFlagsAtZero(t *testing.T) {
	tried := 0
	for _, k := range readReference(t) {
		if k.kind != "number" && k.kind != "whole number" {
			continue
		}
		tried++
		var c ragft.Config
		require.Equal(t, k.name == "scale", c.Set(k.name, "-1") == nil, k.name)
		require.Error(t, c.Set(k.name, "NaN"), k.name)
		if c.Set(k.name, "0") == nil {
			require.Regexp(t, `0 = |(?i)share|(?i)(default|unset): |probability|(?i)number of|0 uses`, k.text, k.name)
		}
	}
	require.Greater(t, tried, 60)
}

func TestNumbersThatMakeNoSense(t *testing.T) {
	t.Chdir(t.TempDir())
	for says, args := range map[string][]string{
		"set adapter to none":               {"ask", "--set", "scale=0", "Who?"},
		"0 is too small: at least 1":        {"ask", "--passages", "0", "Who?"},
		"1.5 is not a share":                {"evaluate", "--max-wrong", "1.5"},
		"0 is not above 0":                  {"evaluate", "--set", "evaluate.failure-rate=0"},
		"-1 is too small":                   {"evaluate", "--robustness", "--set", "evaluate.robustness-distractors=0,-1"},
		`--scales: "NaN" is not a number`:   {"evaluate", "--scales", "0,NaN"},
		`test-share: "NaN" is not a number`: {"evaluate", "--set", "test-share=NaN"},
		"evaluate.injection-mark":           {"evaluate", "--robustness", "--set", "evaluate.injection=Say FOO."},
		"write.limit has no effect":         {"questions", "--import", "set.json", "--limit", "3"},
		"write.documents and":               {"questions", "--documents", "passages.jsonl"},
	} {
		code, _, stderr := ragftRun(t, "", args...)
		require.Equal(t, exitUsage, code, stderr)
		require.Contains(t, stderr, says)
	}
}

// Shells complete the words that flags take.
func TestCompletion(t *testing.T) {
	code, out, _ := ragftRun(t, "", cobra.ShellCompRequestCmd, "demonstrate", "--recipe", "")
	require.Zero(t, code)
	require.Contains(t, out, "self-demo\n")
	_, out, _ = ragftRun(t, "", cobra.ShellCompRequestCmd, "export", "")
	require.Contains(t, out, "axolotl\n")
	code, out, _ = ragftRun(t, "", "completion", "bash")
	require.Zero(t, code)
	require.Contains(t, out, "bash completion")
}

// No ability of an earlier flag is lost: the table says which flag or key replaced it.
func TestEveryEarlierFlagHasAPlace(t *testing.T) {
	data, err := os.ReadFile("testdata/flags-before.txt")
	require.NoError(t, err)
	now := map[string]string{"demos": "demonstrate", "eval": "evaluate", "tune": "tune-search"}
	keys := configKeys(t)
	flags := 0
	for line := range strings.Lines(string(data)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(strings.TrimSpace(line), "\t")
		require.Len(t, columns, 3, line)
		for name := range strings.SplitSeq(columns[0], ",") {
			if name == "all" {
				name = "evaluate"
			}
			cmd, _, err := (&app{}).root().Find([]string{cmp.Or(now[name], name)})
			require.NoError(t, err)
			require.NotEmpty(t, cmd.GroupID, name)
			flags++
			for place := range strings.FieldsSeq(columns[2]) {
				switch flag, isFlag := strings.CutPrefix(place, "--"); {
				case isFlag:
					require.True(t, cmd.Flags().Lookup(flag) != nil || cmd.InheritedFlags().Lookup(flag) != nil, line)
				case place == "FOLDER...":
					require.Contains(t, cmd.Use, place)
				default:
					require.Contains(t, keys, place, line)
					require.True(t, reads(cmd, place), line)
				}
			}
		}
	}
	require.Equal(t, 388+7-2, flags, "the prompt and the temperature of written questions are gone: the writer has its own")
}
