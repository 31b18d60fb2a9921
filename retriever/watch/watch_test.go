package watch

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// started watches a folder, and returns what tells of each call.
func started(t *testing.T, path string, o Options) <-chan struct{} {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	calls, ended := make(chan struct{}, 1000), make(chan error, 1)
	go func() { ended <- Folder(ctx, path, o, func(context.Context) { calls <- struct{}{} }) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
	next(t, calls) // at the start
	return calls
}

// next waits for a call.
func next(t *testing.T, calls <-chan struct{}) {
	t.Helper()
	select {
	case <-calls:
	case <-time.After(30 * time.Second):
		t.Fatal("no change was told")
	}
}

func TestFolderTellsOfChanges(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	calls := started(t, dir, Options{Quiet: 20 * time.Millisecond, Reconcile: time.Hour})
	for _, change := range []func() error{
		func() error { return os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o644) },
		func() error { return os.WriteFile(filepath.Join(dir, "sub", "b.txt"), []byte("b"), 0o644) },
		func() error { return os.MkdirAll(filepath.Join(dir, "new", "deep"), 0o755) },
		func() error { return os.WriteFile(filepath.Join(dir, "new", "deep", "c.txt"), []byte("c"), 0o644) },
		func() error { return os.Rename(filepath.Join(dir, "a.txt"), filepath.Join(dir, "d.txt")) },
		func() error { return os.RemoveAll(filepath.Join(dir, "new")) },
	} {
		require.NoError(t, change())
		next(t, calls)
		time.Sleep(100 * time.Millisecond) // one change may be told more than once
		for len(calls) > 0 {
			<-calls
		}
	}
}

func TestAFolderThatIsALinkIsWatched(t *testing.T) {
	dir, link := t.TempDir(), filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "sub"), 0o755))
	require.NoError(t, os.Symlink(dir, link))
	calls := started(t, link, Options{Quiet: 20 * time.Millisecond, Reconcile: time.Hour})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "b.txt"), []byte("b"), 0o644))
	next(t, calls)

	file := filepath.Join(t.TempDir(), "link.txt")
	require.NoError(t, os.Symlink(filepath.Join(dir, "sub", "b.txt"), file))
	calls = started(t, file, Options{Quiet: 20 * time.Millisecond, Reconcile: time.Hour})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "sub", "b.txt"), []byte("c"), 0o644))
	next(t, calls)
}

func TestManyChangesAreToldTogether(t *testing.T) {
	dir := t.TempDir()
	calls := started(t, dir, Options{Quiet: 500 * time.Millisecond, Reconcile: time.Hour})
	for range 200 {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.txt"), []byte("a"), 0o644))
	}
	next(t, calls)
	time.Sleep(100 * time.Millisecond)
	require.Less(t, len(calls), 3)
}

func TestFolderReconcilesAndPolls(t *testing.T) {
	for _, o := range []Options{{Reconcile: 10 * time.Millisecond}, {Polling: true, Poll: 10 * time.Millisecond}} {
		calls := started(t, t.TempDir(), o)
		next(t, calls)
		next(t, calls)
	}
}

// A hidden file that a program writes all the time does not put off what is done at intervals.
func TestFolderReconcilesBesideIgnoredEvents(t *testing.T) {
	dir := t.TempDir()
	calls := started(t, dir, Options{Reconcile: 500 * time.Millisecond})
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".state"), []byte("a"), 0o644))
		if len(calls) > 0 {
			return
		}
	}
	t.Fatal("no call within 5 s")
}

func TestFolderErrors(t *testing.T) {
	none := func(context.Context) { t.Error("called") }
	require.ErrorIs(t, Folder(context.Background(), filepath.Join(t.TempDir(), "absent"), Options{}, none), fs.ErrNotExist)
	require.ErrorContains(t, Folder(context.Background(), t.TempDir(), Options{Quiet: -1}, none), "negative")
}
