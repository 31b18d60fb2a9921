// Package watch tells when a folder of documents has changed.
package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Options are the options of [Folder]. The zero value suits most folders.
type Options struct {
	// Quiet is how long the folder must be idle before a change is reported; one that goes on is reported after three times that.
	// 0 = 300 ms.
	Quiet time.Duration
	// Reconcile is how often a change is reported in any case, since the system may miss some, such as those of other
	// computers. 0 = one minute.
	Reconcile time.Duration
	// Poll is how often a change is reported where there are no file events, or not for so many folders. 0 = one second.
	Poll time.Duration
	// Polling polls without trying file events.
	Polling bool
	// Logger gets a warning where Folder begins to poll. Nil = [slog.Default].
	Logger *slog.Logger
}

// Folder calls changed at the start and whenever something in a folder may have changed, one call at a time, until the context
// ends, whose error it returns. It looks into subfolders whose name does not start with a dot, and follows no links but the path
// itself. What changes during a call is told by another one. Of a path that is a file, the folder is watched, without subfolders.
func Folder(ctx context.Context, path string, o Options, changed func(context.Context)) error {
	w := &watcher{quiet: o.Quiet, every: o.Reconcile, poll: o.Poll, logger: o.Logger}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&w.quiet, 300 * time.Millisecond}, {&w.every, time.Minute}, {&w.poll, time.Second}} {
		if *d.value < 0 {
			return fmt.Errorf("watch: a time of %v; none may be negative", *d.value)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if w.logger == nil {
		w.logger = slog.Default()
	}
	info, err := os.Stat(path)
	if err == nil {
		w.path, err = filepath.EvalSymlinks(path) // of a link, the system would tell only when it changes itself
	}
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	if !info.IsDir() { // whose folder is watched, as editors put another file in its place
		w.path, w.flat = filepath.Dir(w.path), true
	}
	if !o.Polling {
		err := w.listen(ctx, changed)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		w.logger.Warn("no file events; polling instead", "folder", path, "every", w.poll, "why", err)
	}
	return w.look(ctx, changed)
}

type watcher struct {
	path               string
	flat               bool // without subfolders
	quiet, every, poll time.Duration
	logger             *slog.Logger
	events             *fsnotify.Watcher
}

// look reports a change at each interval, without file events.
func (w *watcher) look(ctx context.Context, changed func(context.Context)) error {
	for {
		changed(ctx)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(w.poll):
		}
	}
}

// listen tells of changes when the system does. An error says that it cannot.
func (w *watcher) listen(ctx context.Context, changed func(context.Context)) (err error) {
	if w.events, err = fsnotify.NewWatcher(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.events.Close()) }()
	if err := w.add(w.path); err != nil {
		return err
	}
	changed(ctx)
	reconcile := time.NewTimer(w.every) // which events that are ignored do not put off
	defer reconcile.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-reconcile.C:
			if err := w.add(w.path); err != nil { // folders that were missed
				return err
			}
		case e, ok := <-w.events.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
			if ignored(e) {
				continue
			}
			if err := w.settle(ctx, e); err != nil {
				return err
			}
		case err := <-w.events.Errors:
			if !errors.Is(err, fsnotify.ErrEventOverflow) { // of too many, all may have changed
				return err
			}
		}
		changed(ctx)
		reconcile.Reset(w.every)
	}
}

// settle waits until nothing happens any more.
func (w *watcher) settle(ctx context.Context, e fsnotify.Event) error {
	latest, quiet := time.After(3*w.quiet), time.NewTimer(w.quiet)
	defer quiet.Stop()
	for {
		if !ignored(e) {
			quiet.Reset(w.quiet)
		}
		if e.Has(fsnotify.Create) {
			if err := w.add(e.Name); err != nil {
				return err
			}
		}
		var ok bool
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-latest:
			return nil
		case <-quiet.C:
			return nil
		case e, ok = <-w.events.Events:
			if !ok {
				return fsnotify.ErrClosed
			}
		}
	}
}

// ignored says whether an event is of a name that starts with a dot, which is no document.
func ignored(e fsnotify.Event) bool {
	return strings.HasPrefix(filepath.Base(e.Name), ".") && e.Name != "."
}

// add has the system tell of a folder and all in it.
func (w *watcher) add(path string) error {
	return filepath.WalkDir(path, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil: // gone, or not readable: then nothing in it is read either
			return nil
		case name != w.path && (w.flat || strings.HasPrefix(e.Name(), ".")):
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !e.IsDir() && name != w.path:
			return nil
		}
		if err := w.events.Add(name); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return err
		}
		return nil
	})
}
