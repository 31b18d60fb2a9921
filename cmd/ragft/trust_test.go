package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ragft/ragft/ragft"
)

// foundFile makes a folder with documents and a project file that nobody names, and an empty folder for agreements.
func foundFile(t *testing.T, file string) {
	t.Helper()
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AppData", t.TempDir())
	t.Chdir(t.TempDir())
	require.NoError(t, os.MkdirAll("a/notes", 0o700))
	t.Chdir("a")
	require.NoError(t, os.WriteFile("notes/light.md", []byte("# Crow Point\n\nThe light at Crow Point is kept by Osk Varley.\n"), 0o600))
	writeProject(t, file)
}

func writeProject(t *testing.T, file string) {
	t.Helper()
	require.NoError(t, os.WriteFile(projectFile, []byte("documents: notes\n"+file), 0o600))
}

func TestAFoundProjectFileSendsNothingUnasked(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	defer server.Close()
	t.Setenv("OPENAI_API_KEY", "secret")
	foundFile(t, "model: openai:x@"+server.URL+"/v1\n")

	code, _, errs := ragftRun(t, "", "index")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "sends to "+server.URL+"/v1 (model)")
	require.Contains(t, errs, "--trust")
	_, err := os.Stat(".ragft")
	require.ErrorIs(t, err, os.ErrNotExist, "nothing was done")
	must(t, "index", "--config", projectFile)
	code, _, _ = ragftRun(t, "", "ask", "Who keeps the light?")
	require.Equal(t, exitUsage, code, "a file that was named once was not agreed to")
	require.Zero(t, asked.Load())

	code, _, _ = ragftRun(t, "", "ask", "--trust", "Who keeps the light?")
	require.Equal(t, exitMissing, code, "the server refuses the key")
	require.NotZero(t, asked.Load())
	must(t, "index") // agreed

	writeProject(t, "passages: 2\nmodel: openai:x@"+server.URL+"/v1\n")
	must(t, "index") // what was agreed to is the same
	writeProject(t, "model: openai:x@"+server.URL+"/v1\njudge: openai:y@http://127.0.0.1:9/v1\n")
	code, _, errs = ragftRun(t, "", "index")
	require.Equal(t, exitUsage, code, "another server was added")
	require.Contains(t, errs, "http://127.0.0.1:9/v1 (judge)")
	code, _, _ = ragftRun(t, "", "evaluate", "--model", "a.gguf", "--judge", "b.gguf")
	require.Equal(t, exitMissing, code, "the command line comes before the file")
}

func TestAFoundProjectFileWritesNothingElsewhereUnasked(t *testing.T) {
	foundFile(t, "report: {file: ../report.html}\n")
	must(t, "index") // writes no report
	code, _, errs := ragftRun(t, "", "report")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "report.html (report.file)")
	_, err := os.Stat("../report.html")
	require.ErrorIs(t, err, os.ErrNotExist)

	writeProject(t, "dir: ../other\n")
	code, _, _ = ragftRun(t, "", "index")
	require.Equal(t, exitUsage, code)
	must(t, "index", "-p", "../mine") // the user says where
	must(t, "index", "--trust")
	_, err = os.Stat("../other/index")
	require.NoError(t, err)

	require.NoError(t, os.Mkdir("../b", 0o700))
	require.NoError(t, os.CopyFS("../b", os.DirFS(".")))
	t.Chdir("../b")
	code, _, _ = ragftRun(t, "", "index")
	require.Equal(t, exitUsage, code, "the agreement is for the file of one folder")
}

// Links can come without a project file.
func TestAFoundProjectFolderWritesNothingElsewhereUnasked(t *testing.T) {
	foundFile(t, "")
	require.NoError(t, os.Remove(projectFile))
	must(t, "index", "notes") // nothing was found
	require.NoError(t, os.Symlink("../../mine", filepath.Join(".ragft", "metrics.jsonl")))
	code, _, errs := ragftRun(t, "", "index", "notes")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, ".ragft was found here, not named, and writes ")
	require.Contains(t, errs, "--project .ragft")
	must(t, "index", "notes", "--project", ".ragft")
	must(t, "index", "notes", "--trust")
	must(t, "index", "notes") // agreed

	require.NoError(t, os.Rename(".ragft", "../elsewhere"))
	require.NoError(t, os.Symlink("../elsewhere", ".ragft"))
	code, _, errs = ragftRun(t, "", "index", "notes")
	require.Equal(t, exitUsage, code)
	require.Contains(t, errs, "elsewhere (dir)")
	must(t, "index", "notes", "-p", ".ragft")
}

func TestAskingForAgreement(t *testing.T) {
	reaches := []ragft.Reach{{Key: "judge", Does: "sends to", Where: "http://10.0.0.5/v1"}}
	answers := map[string]bool{"y\n": true, "Yes\n": true, "yes": true, "\n": false, "": false, "n\n": false, "yesterday\n": false}
	for answer, agreed := range answers {
		var out bytes.Buffer
		require.Equal(t, agreed, ask(strings.NewReader(answer), &out, projectFile, reaches), "%q", answer)
		require.Contains(t, out.String(), "sends to http://10.0.0.5/v1 (judge)")
	}
	foundFile(t, "")
	record, err := (&app{}).agreementFile(reaches)
	require.NoError(t, err)
	require.NoError(t, keepAgreement(record, reaches))
	info, err := os.Stat(filepath.Dir(record))
	require.NoError(t, err)
	require.Zero(t, info.Mode().Perm()&0o077, "of the user alone")
}

// What a found file names stands in one line of the question, as it is: it cannot add lines, or hide a part.
func TestTheQuestionCannotBeForged(t *testing.T) {
	for where, want := range map[string]string{
		"../notes/Brücke (2).html":              "writes ../notes/Brücke (2).html (report.file)",
		"../a\n  writes b (report.file)\nAgree": `writes ../a\n  writes b (report.file)\nAgree (report.file)`,
		"../a\u202elmth.b\u2069\u200b\ufeff":    `writes ../a\u202elmth.b\u2069\u200b\ufeff (report.file)`,
		"../a\u2028b\u2003c\x1b[2K\x85":         `writes ../a\u2028b\u2003c\x1b[2K\ufffd (report.file)`,
	} {
		reaches := []ragft.Reach{{Key: "report.file", Does: "writes", Where: where}}
		var out strings.Builder
		require.False(t, ask(strings.NewReader("no\n"), &out, projectFile, reaches))
		require.Contains(t, out.String(), "\n  "+strings.ReplaceAll(want, `\ufffd`, "\ufffd")+"\n")
		require.Equal(t, strings.ReplaceAll(want, `\ufffd`, "\ufffd"), inOne(reaches))
	}
}
