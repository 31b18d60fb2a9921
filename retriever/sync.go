package retriever

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// SyncOptions are the options of [Index.Sync]. The zero value suits most folders.
type SyncOptions struct {
	Load  LoadOptions
	Split SplitOptions
	// Verify compares the contents of all files, not only of those that size, times or number tell to have changed.
	Verify bool
	// KeepRemoved keeps the passages of files that are gone.
	KeepRemoved bool
	// DryRun changes nothing, and reports what would be done.
	DryRun bool
}

// SyncReport tells what [Index.Sync] did. Files are named by their path in the folder.
type SyncReport struct {
	Added     []string // new files
	Changed   []string // files whose passages were replaced
	Removed   []string // files that lost their passages: gone, emptied, or no longer documents
	Unchanged int      // number of files that were left as they are
	Kept      []Skip   // what could not be read, and keeps the passages that it has
	Skipped   []Skip   // what else was not indexed

	Files     int   // files with passages, of those that were looked at
	Documents int   // documents in them
	Bytes     int64 // bytes read
	Deleted   int   // passages of the files that lost theirs
}

// UpToDate says whether there was nothing to do.
func (r *SyncReport) UpToDate() bool { return len(r.Added)+len(r.Changed)+len(r.Removed) == 0 }

// checkpointEvery is how long Sync works before what it did is made the state of the index.
var checkpointEvery = 30 * time.Second

// Sync brings the index to what a folder holds: new and changed files are read, and those that are gone, empty or no
// longer documents lose their passages. What cannot be read keeps them. In the end the index is the same as one built from
// nothing. A file counts as unchanged, and is not opened, if it has the size, the times and the number that it had, unless
// it had changed within two seconds before it was read; then its content is compared.
//
// The folder of the first Sync is recorded. A file or folder within it is synchronised alone: files keep their names
// within the recorded folder, and nothing else is touched. Another folder takes its place; another file is ErrOptions. A
// file that is named must be readable and valid. Links to name are followed, those in the folder are not.
//
// An error, or the end of the context, leaves the index as the last complete state was, at most half a minute old, or, where
// another folder takes the place, as it was before: the next Sync does the rest. In memory a part may be written. If there is
// nothing to index, and there was nothing, the error is ErrEmpty. The report is never nil.
func (x *Index) Sync(ctx context.Context, name string, opts SyncOptions) (*SyncReport, error) {
	s := &syncing{opts: opts, report: &SyncReport{}}
	if _, err := opts.Split.resolve(); err != nil {
		return s.report, err
	}
	run := func(w *writer) error {
		s.w = w
		return s.run(ctx, name)
	}
	if opts.DryRun {
		return s.report, x.look(run)
	}
	return s.report, x.change(ctx, run)
}

// syncing is one run of Sync.
type syncing struct {
	w      *writer
	opts   SyncOptions
	report *SyncReport

	states  *fileStates
	learnt  bool   // the states are not what they were
	before  int    // files that were known
	moved   bool   // another folder was recorded, or none
	place   string // the folder
	part    string // what of it is synchronised, "." for all
	named   bool   // part is a file
	root    *os.Root
	load    *loader
	options uint64
	start   time.Time // of the walk
	saved   time.Time // last checkpoint

	entries []syncEntry
	seen    map[string]bool // files and whatever else has a name
	closed  []string        // folders that could not be read
}

func (s *syncing) run(ctx context.Context, name string) (err error) {
	// What is known may be changed in place: a failed run throws it away.
	if s.states, err = s.w.known(); err != nil {
		return err
	}
	s.before = len(s.states.files)
	if err := s.locate(name); err != nil {
		return err
	}
	if s.moved = s.states.root != s.place; s.moved {
		s.states.root, s.learnt = s.place, true
	}
	if s.root, err = os.OpenRoot(s.place); err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	defer func() { err = errors.Join(err, s.root.Close()) }()
	s.load = newLoader(s.root.FS(), s.opts.Load, nil)
	s.load.exclude(s.place)
	if err := s.load.check(); err != nil {
		return err
	}
	s.options = s.load.fingerprint(s.opts.Split, s.w.x.detected())
	s.start, s.saved, s.seen = time.Now(), time.Now(), map[string]bool{}
	if err := s.walk(ctx); err != nil {
		return err
	}
	if err := s.readAll(ctx); err != nil {
		return err
	}
	if err := s.removeRest(ctx); err != nil {
		return err
	}
	s.report.Skipped = append(s.report.Skipped, s.load.report.Skipped...)
	slices.SortFunc(s.report.Skipped, func(a, b Skip) int { return strings.Compare(a.Path, b.Path) })
	s.report.Bytes = s.load.report.Bytes
	if s.report.Files == 0 && len(s.report.Kept) == 0 && (s.before == 0 || s.moved) {
		return fmt.Errorf("%w: %s", ErrEmpty, (&LoadReport{Skipped: s.report.Skipped, Bytes: s.report.Bytes}).String())
	}
	if s.opts.DryRun {
		return nil
	}
	if s.states.foreign && s.part == "." {
		s.states.foreign, s.learnt = false, true
	}
	if !s.learnt {
		s.w.files = nil
	}
	return s.w.flush(ctx)
}

// readAll brings the files of the walk up to date.
func (s *syncing) readAll(ctx context.Context) error {
	for _, e := range s.entries {
		s.load.total += e.Size
	}
	for _, e := range s.entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.file(ctx, e); err != nil {
			return err
		}
		if time.Since(s.saved) > checkpointEvery && s.w.building != "" && !s.opts.DryRun && !s.strange() {
			if err := s.checkpoint(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// strange says whether files are known that were those of another folder, which may have other files by the same names.
func (s *syncing) strange() bool { return s.moved && s.before > 0 }

// checkpoint makes what was done so far the state of the index.
func (s *syncing) checkpoint(ctx context.Context) error {
	if err := s.w.flush(ctx); err != nil || s.w.gen == nil {
		return err
	}
	s.saved = time.Now()
	return s.w.publish()
}

// unchanged counts a file whose passages stay, and reports what it skipped.
func (s *syncing) unchanged(f fileState) {
	s.report.Unchanged++
	s.count(f)
}

func (s *syncing) count(f fileState) {
	if f.documents > 0 {
		s.report.Files++
	}
	s.report.Documents += f.documents
	s.report.Skipped = append(s.report.Skipped, f.skipped...)
}

// removeRest removes the passages of files that are gone, or are no documents any more.
func (s *syncing) removeRest(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(s.states.files)) {
		f := s.states.files[name]
		if !s.within(name) || s.seen[name] || s.cannotTell(name) || s.opts.KeepRemoved && s.isGone(name) {
			continue
		}
		if f.documents > 0 {
			s.report.Removed = append(s.report.Removed, name)
		}
		if err := s.remove(ctx, name); err != nil {
			return err
		}
	}
	slices.Sort(s.report.Removed)
	if s.states.foreign {
		return s.removeForeign(ctx)
	}
	return nil
}

// removeForeign removes the passages that Sync did not write, and that no file gives.
func (s *syncing) removeForeign(ctx context.Context) error {
	snap, err := s.w.view()
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	err = sources(ctx, snap, "", func(source string) {
		file, isRow := rowFile(source)
		if _, known := s.states.files[source]; !isRow || known {
			file = source
		}
		if _, known := s.states.files[file]; known || !s.within(file) || s.cannotTell(file) || s.opts.KeepRemoved && s.isGone(file) {
			return
		}
		gone[file] = true
	})
	if err = errors.Join(err, snap.Close()); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(gone)) {
		if err := s.remove(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

func (s *syncing) remove(ctx context.Context, name string) error {
	delete(s.states.files, name)
	s.learnt = true
	if s.opts.DryRun {
		return nil
	}
	before := s.w.dropped
	err := s.w.deleteSource(ctx, name)
	s.report.Deleted += s.w.dropped - before
	return err
}

// within says whether a file belongs to what is synchronised.
func (s *syncing) within(name string) bool {
	return s.part == "." || name == s.part || strings.HasPrefix(name, s.part+"/")
}

// cannotTell says whether a file is in a folder that could not be read.
func (s *syncing) cannotTell(name string) bool {
	return slices.ContainsFunc(s.closed, func(folder string) bool { return strings.HasPrefix(name, folder+"/") })
}

// isGone says whether nothing has the name.
func (s *syncing) isGone(name string) bool {
	_, err := s.root.Lstat(name)
	return errors.Is(err, fs.ErrNotExist) || isNotFolder(err) // or a folder in its path is a file now
}
