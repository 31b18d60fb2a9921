package ragft_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// reachesOf are the keys by which a project file in the current folder reaches beyond it.
func reachesOf(t *testing.T, file string) (keys []string) {
	t.Helper()
	require.NoError(t, os.WriteFile("ragft.yaml", []byte(file), 0o600))
	c, err := ragft.LoadConfig("ragft.yaml")
	require.NoError(t, err)
	for _, r := range c.Reaches(".") {
		require.NotEmpty(t, r.Does)
		require.NotEmpty(t, r.Where)
		keys = append(keys, r.Key)
	}
	return keys
}

func TestReachesOfAProjectFile(t *testing.T) {
	outside := t.TempDir()
	t.Chdir(t.TempDir())
	require.NoError(t, os.Mkdir("sub", 0o700))
	for link, to := range map[string]string{
		"elsewhere": outside, "file.html": filepath.Join(outside, "not-there-yet"), "inside": "sub",
		"circle": "circle", "twice": "elsewhere", "up": "sub/../..",
	} {
		require.NoError(t, os.Symlink(to, link))
	}
	for _, c := range []struct{ file, key string }{
		{"model: openai:x@http://10.0.0.5/v1", "model"},
		{"model: openai:x", "model"},
		{"model: 'openai:x@http://127.0.0.1:1/v1, ollama:y@http://10.0.0.5:11434'", "model"},
		{"judge: openai:x@https://judge.example/v1", "judge"},
		{"demonstrate: {judge: 'openai:x@http://10.0.0.5/v1'}", "demonstrate.judge"},
		{"evaluate: {judge: 'ollama:x@http://10.0.0.5'}", "evaluate.judge"},
		{"rpc: ['10.0.0.6:50052']", "rpc"},
		{"publish: {ollama: 'http://10.0.0.5:11434'}", "publish.ollama"},
		{"serve: {address: '0.0.0.0:80'}", "serve.address"},
		{"serve: {address: ':80'}", "serve.address"},
		{"serve: {hosts: [localhost, evil.example]}", "serve.hosts"},
		{"serve: {token-file: token}", "serve.token-file"},
		{"dir: ../other", "dir"},
		{"dir: /tmp/other", "dir"},
		{"dir: elsewhere", "dir"},
		{"dir: up/x", "dir"},
		{"adapter: ../adapter.gguf", "adapter"},
		{"questions: ../../q.jsonl", "questions"},
		{"rows: elsewhere/rows.jsonl", "rows"},
		{"write: {documents: ../d.jsonl}", "write.documents"},
		{"report: {file: file.html}", "report.file"},
		{"report: {file: sub/../../report.html}", "report.file"},
		{"train: {metrics: ../m.jsonl}", "train.metrics"},
		{"train: {tensorboard: twice/events}", "train.tensorboard"},
		{"merge: {output: ../merged.gguf}", "merge.output"},
		{"convert: {output: ../c.gguf}", "convert.output"},
		{"publish: {merged: ../m.gguf}", "publish.merged"},
		{"publish: {modelfile: ../Modelfile}", "publish.modelfile"},
		{"export: {folder: elsewhere}", "export.folder"},
	} {
		require.Contains(t, reachesOf(t, c.file), c.key, c.file)
	}
	require.Empty(t, reachesOf(t, `
model: /models/base.gguf
documents: ../notes
dir: project
adapter: none
judge: ollama:judge
questions: sub/../questions.jsonl
rows: inside/rows.jsonl
report: {file: sub/report.html}
serve: {address: '127.0.0.1:8080', hosts: [localhost, 127.0.0.1]}
train: {start: ../adapter.gguf}
evaluate: {questions: ../held.jsonl}
`), "what stays in the folder, and what is only read")
}

func TestReachesThroughTheProjectsFolder(t *testing.T) {
	outside := t.TempDir()
	t.Chdir(t.TempDir())
	require.Empty(t, reachesOf(t, "passages: 2"))
	require.NoError(t, os.Symlink(outside, ".ragft"))
	require.Equal(t, []string{"dir"}, reachesOf(t, "passages: 2"), "its default")
	require.NoError(t, os.Remove(".ragft"))
	require.NoError(t, os.MkdirAll(".ragft/index/store", 0o700))
	require.Empty(t, reachesOf(t, "passages: 2"))
	for _, link := range []string{".ragft/metrics.jsonl", ".ragft/cache", ".ragft/index/store/root.bolt"} {
		require.NoError(t, os.Symlink(filepath.Join(outside, "x"), link))
		require.Equal(t, []string{"dir"}, reachesOf(t, "passages: 2"), link)
		require.NoError(t, os.Remove(link))
	}
}
