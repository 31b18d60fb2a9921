package publish

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readPaths reads a Modelfile as Ollama does: a value is trimmed, then the quotes around it are taken off.
func readPaths(text string) []string {
	var paths []string
	for line := range strings.Lines(text) {
		_, value, _ := strings.Cut(line, " ")
		value = strings.TrimSpace(value)
		if len(value) > 1 && value[0] == '"' {
			value = strings.TrimSuffix(value[1:], `"`)
		}
		paths = append(paths, value)
	}
	return paths
}

// The paths are those of the files, read from the Modelfile's folder, wherever that is.
func TestModelfileIsReadFromItsFolder(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(root)
	for _, folder := range []string{"my notes/sub", "elsewhere/deep", "a\"b'c"} {
		require.NoError(t, os.MkdirAll(folder, 0o755))
	}
	require.NoError(t, os.Symlink(filepath.Join(root, "elsewhere", "deep"), "linked"))
	for _, name := range []string{"base.gguf", "my notes/base.gguf", "linked/b.gguf", "a\"b'c/\"x\".gguf", "base ", "~base"} {
		require.NoError(t, os.WriteFile(name, []byte("GGUF"), 0o644))
		absolute, err := filepath.Abs(name)
		require.NoError(t, err)
		for _, folder := range []string{"", ".", "my notes/sub", "my notes", "linked", "a\"b'c", root} {
			for _, from := range []string{name, absolute, "./" + name} {
				text, err := Options{From: from, Adapter: from}.Modelfile(folder)
				require.NoError(t, err)
				paths := readPaths(text)
				require.Len(t, paths, 2, text)
				for _, path := range paths {
					if !filepath.IsAbs(path) {
						path = filepath.Join(folder, path) // as "ollama create -f" does
					}
					want, err := os.Stat(name)
					require.NoError(t, err)
					got, err := os.Stat(path)
					require.NoError(t, err, "%q in %q: %s", from, folder, text)
					require.True(t, os.SameFile(want, got), "%q in %q: %s", from, folder, text)
				}
			}
		}
	}
	text, err := Options{From: "my notes/base.gguf"}.Modelfile("my notes")
	require.NoError(t, err)
	require.Equal(t, "FROM ./base.gguf\n", text)
}

// After a link, ".." is the folder above the one that the link leads to. Ollama takes paths apart by their text alone.
func TestModelfileNamesWhatLinksLeadTo(t *testing.T) {
	root, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	t.Chdir(root)
	require.NoError(t, os.MkdirAll("elsewhere/deep", 0o755))
	require.NoError(t, os.Symlink(filepath.Join(root, "elsewhere", "deep"), "linked"))
	require.NoError(t, os.WriteFile("base.gguf", []byte("another"), 0o644))
	require.NoError(t, os.WriteFile("elsewhere/base.gguf", []byte("GGUF"), 0o644))
	want := filepath.Join(root, "elsewhere", "base.gguf")
	for _, from := range []string{"linked/../base.gguf", "./linked/./../base.gguf", root + "/linked/../base.gguf"} {
		for folder, path := range map[string]string{
			"": want, ".": want, root: want, "elsewhere": "./base.gguf", "linked/..": "./base.gguf",
		} {
			text, err := Options{From: from, Adapter: from}.Modelfile(folder)
			require.NoError(t, err)
			if filepath.IsAbs(from) {
				path = want
			}
			require.Equal(t, []string{path, path}, readPaths(text), "%s in %q", from, folder)
		}
	}
	text, err := Options{From: "base.gguf"}.Modelfile("linked/..")
	require.NoError(t, err)
	require.Equal(t, []string{filepath.Join(root, "base.gguf")}, readPaths(text), "not in the folder that is meant")
	_, err = Options{From: "none/../base.gguf"}.Modelfile("")
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Numbers stand as Ollama reads them, and a parameter that it does not know is refused, as it is by the API.
func TestModelfileParameters(t *testing.T) {
	text, err := Options{From: "ollama:base", Parameters: map[string]any{"seed": 20240101.0, "temperature": 0.7, "stop": "END"}}.Modelfile("")
	require.NoError(t, err)
	require.Contains(t, text, "PARAMETER seed 20240101\n")
	require.Contains(t, text, "PARAMETER temperature 0.7\n")
	require.Contains(t, text, `PARAMETER stop """END"""`)
	_, err = Options{From: "ollama:base", Parameters: map[string]any{"temprature": 0.1}}.Modelfile("")
	require.ErrorContains(t, err, `no parameter "temprature"`)
	for _, wrong := range []any{nil, []int{}} {
		_, err = Options{From: "ollama:base", Parameters: map[string]any{"seed": wrong}}.Modelfile("")
		require.ErrorContains(t, err, "seed")
	}
}

// What Ollama's parser would leave out or replace is an error that says which character it is, wherever it stands.
func TestModelfileHoldsOnlyWhatOllamaReads(t *testing.T) {
	t.Chdir(t.TempDir())
	for text, character := range map[string]string{
		"a\u00a0b": "U+00A0", "a\u202fb": "U+202F", "a\u3000b": "U+3000", "\U0001F468\u200d\U0001F373": "U+200D", "a\x00b": "U+0000",
		"a\vb": "U+000B", "\ufeffa": "U+FEFF", "a\xffb": "0xFF", "a\xe2\x80": "0xE2",
	} {
		for what, o := range map[string]Options{
			"FROM": {From: text + ".gguf"}, "ADAPTER": {From: "base.gguf", Adapter: text + "/a.gguf"},
			"SYSTEM": {From: "base.gguf", System: text}, "TEMPLATE": {From: "base.gguf", Template: text},
			"PARAMETER stop": {From: "base.gguf", Parameters: map[string]any{"stop": []string{"END", text}}},
		} {
			_, err := o.Modelfile("")
			require.ErrorContains(t, err, character, "%s %q", what, text)
			require.ErrorContains(t, err, what, "%q", text)
		}
	}
	for _, text := range []string{"a b", "Ünïcödé — „x“", "日本語", "a\n\r\n\tb", "\ufffd", "\U0001F373", "naïve e\u0301"} {
		_, err := Options{From: "base.gguf", System: text, Template: text, Parameters: map[string]any{"stop": text}}.Modelfile("")
		require.NoError(t, err, "%q", text)
	}
}
