package atomicfile

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func requireOnly(t *testing.T, path, content string) {
	t.Helper()
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, content, string(data))
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 1, "nothing is left beside the file")
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, Write(path, text("old")))
	requireOnly(t, path, "old")
	require.NoError(t, Write(path, text("new")))
	requireOnly(t, path, "new")

	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	got, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, want.Mode(), got.Mode(), "the permissions of any new file")
}

func TestFailuresLeaveTheOldFile(t *testing.T) {
	path, cause := filepath.Join(t.TempDir(), "file"), errors.New("cause")
	require.NoError(t, Write(path, text("old")))

	require.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(text("half")(w), cause) }), cause)
	requireOnly(t, path, "old")

	f, err := Create(path)
	require.NoError(t, err)
	require.NoError(t, text("new")(f))
	require.ErrorIs(t, f.Commit(func(name string) error {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, "new", string(data), "the check sees the finished file")
		return cause
	}), cause)
	requireOnly(t, path, "old")

	require.Error(t, Write(filepath.Join(path, "below"), text("")))
	require.ErrorIs(t, Write(filepath.Join(filepath.Dir(path), "missing", "file"), text("")), fs.ErrNotExist)
	require.Error(t, Write(filepath.Dir(path), text("")), "a folder is not replaced")
	requireOnly(t, path, "old")
}

// What a killed program left is removed, and not what another one is writing.
func TestAbandonedFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, name := range []string{".file.0123abcd.tmp", ".other.0123abcd.tmp", ".file.notes.tmp"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o666))
	}
	other, err := Create(path)
	require.NoError(t, err)
	require.NoError(t, text("other")(other))
	require.NoError(t, Write(path, text("new")))
	require.NoFileExists(t, filepath.Join(dir, ".file.0123abcd.tmp"))
	require.FileExists(t, filepath.Join(dir, ".other.0123abcd.tmp"))
	require.FileExists(t, filepath.Join(dir, ".file.notes.tmp"))
	require.FileExists(t, other.Name())
	require.NoError(t, other.Commit(nil))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "other", string(data))
}

// The new file is made beside the one that it replaces, also where ".." follows a link, which may be on another disk.
func TestFolderAboveALink(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "elsewhere", "deep"), 0o700))
	require.NoError(t, os.Symlink(filepath.Join(dir, "elsewhere", "deep"), filepath.Join(dir, "link")))
	f, err := Create(dir + "/link/../file")
	require.NoError(t, err)
	made, err := filepath.Glob(filepath.Join(dir, "elsewhere", ".file.*.tmp"))
	require.NoError(t, err)
	require.Len(t, made, 1)
	require.NoError(t, f.Commit(nil))
	require.FileExists(t, filepath.Join(dir, "elsewhere", "file"))
}
