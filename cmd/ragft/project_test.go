package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// parse gives a command as it is when it runs: with the command line's flags, and then the project file's.
func parse(t *testing.T, file string, args ...string) (*app, *cobra.Command, error) {
	t.Helper()
	a := &app{err: os.Stderr}
	cmd, rest, err := a.root().Find(args)
	require.NoError(t, err)
	require.NoError(t, cmd.ParseFlags(rest))
	path := filepath.Join(t.TempDir(), projectName)
	require.NoError(t, os.WriteFile(path, []byte(file), 0o600))
	return a, cmd, applyProject(cmd, path)
}

func TestProjectFile(t *testing.T) {
	const file = `
model: models/base.gguf
out: /tmp/project
rank: 8
rate: 1e-3
targets: [attn_q, attn_v]
memory-budget: 3GiB
train:
  rank: 32
  dropout: 0.05
eval:
  settings: [gold, closed]
  max-tokens: 7
max-tokens: 48
keep-best: true
`
	a, cmd, err := parse(t, file, "train", "--rate", "5e-5", "--targets", "output")
	require.NoError(t, err)
	flag := func(name string) string { return cmd.Flags().Lookup(name).Value.String() }
	require.True(t, filepath.IsAbs(flag("model")), "paths are relative to the file")
	require.Equal(t, "base.gguf", filepath.Base(flag("model")))
	require.Equal(t, "/tmp/project", a.dir)
	require.Equal(t, "32", flag("rank"), "the command's section goes before the rest")
	require.Equal(t, "5e-05", flag("rate"), "the command line goes before the file")
	require.Equal(t, []string{"output"}, cmd.Flags().Lookup("targets").Value.(pflag.SliceValue).GetSlice())
	require.Equal(t, "0.05", flag("dropout"))
	require.Equal(t, "3072MiB", flag("memory-budget"))
	require.Equal(t, "true", flag("keep-best"))
	require.Equal(t, "3", flag("epochs"), "what nobody says has its default")

	_, cmd, err = parse(t, file, "eval")
	require.NoError(t, err)
	require.Equal(t, "7", cmd.Flags().Lookup("max-tokens").Value.String())
	require.Equal(t, []string{"gold", "closed"}, cmd.Flags().Lookup("settings").Value.(pflag.SliceValue).GetSlice())
	_, cmd, err = parse(t, file, "ask")
	require.NoError(t, err)
	require.Equal(t, "48", cmd.Flags().Lookup("max-tokens").Value.String())
	_, cmd, err = parse(t, "model: ollama:llama3.2:1b\nadapter: none", "ask")
	require.NoError(t, err)
	require.Equal(t, "ollama:llama3.2:1b", cmd.Flags().Lookup("model").Value.String(), "a model of a server is no path")
	require.Equal(t, "none", cmd.Flags().Lookup("adapter").Value.String())
}

func TestProjectFileMistakes(t *testing.T) {
	for _, c := range []struct{ name, file, message string }{
		{"unknown", "model: a\nrnak: 3\n", `ragft.yaml:2: "rnak" is no flag of any command`},
		{"underscore", "keep_best: true\n", "did you mean keep-best?"},
		{"of another command", "ask:\n  rank: 3\n", `ragft.yaml:2: "rank" is no flag of ragft ask`},
		{"unknown command", "trian:\n  rank: 3\n", `ragft.yaml:1: there is no command "trian"`},
		{"not a number", "a: 1\n\nrank: many\n", "ragft.yaml:1"},
		{"bad value of another command", "model: m\nrank: many\n", "ragft.yaml:2: rank"},
		{"not a choice", "schedule: wavy\n", "it must be one of cosine, linear, constant"},
		{"not bytes", "memory-budget: plenty\n", "is no amount of memory"},
		{"a list for one value", "rank: [1, 2]\n", "takes one value, not a list"},
		{"a list in a list", "targets: [[a]]\n", "a value is expected"},
		{"nothing", "rank:\n", "a value is expected"},
		{"twice", "rank: 1\nrank: 2\n", "rank"},
		{"a list", "- rank\n", "a mapping of flags to values is expected"},
		{"its own name", "project: other.yaml\n", `"project" is no flag`},
		{"no YAML", "rank: [1\n", "ragft.yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, cmd, err := parse(t, c.file, "ask", "--seed", "7")
			require.ErrorContains(t, err, c.message)
			require.Equal(t, exitUsage, exitCode(err))
			require.Equal(t, "4", cmd.Flags().Lookup("passages").Value.String(), "a bad file changes nothing")
			require.Equal(t, "7", cmd.Flags().Lookup("seed").Value.String())
		})
	}
	_, _, err := parse(t, "", "ask")
	require.NoError(t, err, "an empty file says nothing")
}

// Every flag of every command can stand in the file, for all commands that have it and under the command's name, and
// what it says there arrives.
func TestEveryFlagHasAPlaceInTheProjectFile(t *testing.T) {
	tried := 0
	for _, cmd := range (&app{}).root().Commands() {
		if cmd.GroupID == "" {
			continue // cobra's own: help and completion
		}
		cmd.InheritedFlags() // joins those of the root to the others
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "help" || f.Name == "project" {
				return
			}
			tried++
			value, want := otherValue(t, f)
			for _, file := range []string{f.Name + ": " + value + "\n", cmd.Name() + ":\n  " + f.Name + ": " + value + "\n"} {
				_, read, err := parse(t, file, cmd.Name())
				require.NoError(t, err, "%s --%s", cmd.Name(), f.Name)
				require.Equal(t, want, read.Flags().Lookup(f.Name).Value.String(), "%s --%s", cmd.Name(), f.Name)
			}
		})
	}
	require.Greater(t, tried, 200)
}

// otherValue is a value that is not the flag's default, and how the flag tells it.
func otherValue(t *testing.T, f *pflag.Flag) (value, told string) {
	switch kind := f.Value.Type(); kind {
	case "string", "path", "model":
		return "/a/file", "/a/file"
	case "int", "int64", "uint64":
		return "77", "77"
	case "float64":
		return "0.77", "0.77"
	case "bool":
		other := map[string]string{"true": "false", "false": "true"}[f.Value.String()]
		return other, other
	case "duration":
		return "77s", "1m17s"
	case "bytes":
		return "3GiB", "3072MiB"
	case "stringSlice", "stringArray":
		return "a word", "[a word]"
	case "intSlice":
		return "[77]", "[77]"
	case "float64Slice":
		return "[0.77]", "[0.770000]"
	default:
		words := strings.Split(kind, "|")
		require.Greater(t, len(words), 1, "%s: what is a value of the type %s?", f.Name, kind)
		last := words[len(words)-1]
		require.NotEqual(t, last, f.DefValue)
		return last, last
	}
}

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1048576": 1 << 20, "512k": 512 << 10, "800MiB": 800 << 20, "1.5G": 3 << 29, "2GB": 2 << 30, "0MiB": 0} {
		var n int64
		require.NoError(t, bytesValue(&n).Set(text), text)
		require.Equal(t, want, n, text)
	}
	for _, text := range []string{"", "-1", "much", "1e30G", "GiB", "NaN"} {
		var n int64
		require.Error(t, bytesValue(&n).Set(text), text)
	}
}

// The project file that the documentation shows is one.
func TestDocumentedProjectFile(t *testing.T) {
	doc, err := os.ReadFile("../../docs/command-line.md")
	require.NoError(t, err)
	parts := strings.Split(string(doc), "```yaml\n")
	require.Len(t, parts, 3)
	teacher, _, _ := strings.Cut(parts[1], "```")
	file, _, _ := strings.Cut(parts[2], "```")
	_, cmd, err := parse(t, teacher, "demos")
	require.NoError(t, err)
	require.Contains(t, cmd.Flags().Lookup("model").Value.String(), "openai:large@http://10.0.0.6:8000/v1")
	for _, name := range []string{"index", "questions", "demos", "train", "eval", "report", "ask", "chat", "serve", "merge", "publish", "export", "models", "doctor"} {
		_, _, err := parse(t, file, name)
		require.NoError(t, err)
		require.Contains(t, string(doc), "| `"+name)
	}
}
