package retriever

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/ragft/ragft/internal/filestamp"
)

// syncEntry is a file that may have changed.
type syncEntry struct {
	name   string
	format Format
	filestamp.Stamp
}

// locate finds out which folder the index is of, and what of it is synchronised.
func (s *syncing) locate(name string) error {
	full, err := resolved(name)
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	info, err := os.Lstat(full)
	gone := errors.Is(err, fs.ErrNotExist)
	if err != nil && !gone {
		return fmt.Errorf("retriever: %w", err)
	}
	s.named = !gone && !info.IsDir()
	if s.states.root != "" {
		if part, ok := inside(s.states.root, full); ok {
			s.place, s.part = s.states.root, part
			if !gone || s.part != "." && s.knows(s.part) {
				return nil
			}
		}
	}
	switch {
	case gone:
		return fmt.Errorf("retriever: %w", err)
	case info.IsDir():
		s.place, s.part = full, "."
	case s.states.root != "" && len(s.states.files) > 0:
		return fmt.Errorf("%w: %s is not in the folder of the index, %s: index its folder", ErrOptions, name, s.states.root)
	default:
		s.place, s.part = filepath.Dir(full), listedName(full)
	}
	return nil
}

// exclude sets what is left out of a folder, whose path has no links.
func (l *loader) exclude(folder string) {
	l.excluded = map[string]bool{}
	for _, name := range l.opts.Exclude {
		full, err := resolved(name)
		if err != nil {
			continue // there is no such file
		}
		if part, ok := inside(folder, full); ok && part != "." {
			l.excluded[part] = true
		}
	}
}

// inside returns the name of a path within a folder, slash-separated, as the folder lists it: file systems take names in another
// case, or with other bytes for an accent. Neither path has links.
func inside(folder, full string) (name string, ok bool) {
	root, err := os.Stat(folder)
	if err != nil {
		rel, err := filepath.Rel(folder, full)
		return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
	}
	for at := full; ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && os.SameFile(info, root) {
			return cmp.Or(name, "."), true
		}
		if filepath.Dir(at) == at {
			return "", false
		}
		name = path.Join(listedName(at), name)
	}
}

// listedName returns the last name of a path as its folder lists it.
func listedName(full string) string {
	name := filepath.Base(full)
	info, err := os.Lstat(full)
	if err != nil {
		return name
	}
	entries, err := os.ReadDir(filepath.Dir(full))
	if err != nil {
		return name
	}
	found := name
	for _, e := range entries {
		if e.Name() == name {
			return name
		}
		if sameLetters(e.Name(), name) {
			if other, err := e.Info(); err == nil && os.SameFile(other, info) {
				found = e.Name()
			}
		}
	}
	return found
}

// sameLetters says whether a file system may take two names for one.
func sameLetters(a, b string) bool {
	return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b))
}

// knows says whether there are passages of a file, or of files in a folder.
func (s *syncing) knows(name string) bool {
	if _, ok := s.states.files[name]; ok {
		return true
	}
	for file := range s.states.files {
		if strings.HasPrefix(file, name+"/") {
			return true
		}
	}
	return false
}

// resolved returns an absolute path without links. Its end need not exist.
func resolved(name string) (string, error) {
	full, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	to, err := filepath.EvalSymlinks(full)
	if !errors.Is(err, fs.ErrNotExist) {
		return to, err
	}
	if _, lerr := os.Lstat(full); lerr == nil || filepath.Dir(full) == full {
		return "", err // a link to nothing
	}
	parent, err := resolved(filepath.Dir(full))
	return filepath.Join(parent, filepath.Base(full)), err
}

// walk looks at all files of the part, and lists those that may have changed.
func (s *syncing) walk(ctx context.Context) error {
	if s.part != "." { // what the whole folder would skip is skipped
		parts := strings.Split(s.part, "/")
		for i := range parts[:len(parts)-1] {
			if _, ok := s.load.choose(path.Join(parts[:i+1]...), fs.ModeDir); !ok {
				return nil
			}
		}
	}
	info, err := os.Lstat(s.full(s.part))
	if errors.Is(err, fs.ErrNotExist) && s.part != "." {
		return nil
	}
	if err != nil {
		return fmt.Errorf("retriever: %w", err)
	}
	if info.IsDir() {
		return s.folder(ctx, s.part)
	}
	s.entry(s.part, fs.FileInfoToDirEntry(info))
	return nil
}

func (s *syncing) full(name string) string { return filepath.Join(s.place, filepath.FromSlash(name)) }

// folder looks at what a folder holds, in the order of names.
func (s *syncing) folder(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if name != "." {
		if _, ok := s.load.choose(name, fs.ModeDir); !ok {
			return nil
		}
	}
	entries, err := os.ReadDir(s.full(name))
	if err != nil && name == s.part {
		return fmt.Errorf("retriever: %w", err)
	}
	if err != nil {
		s.cannotList(name, err)
	}
	for _, e := range entries {
		child := e.Name()
		if name != "." {
			child = name + "/" + child
		}
		if e.IsDir() {
			if err := s.folder(ctx, child); err != nil {
				return err
			}
			continue
		}
		s.entry(child, e)
	}
	return nil
}

// cannotList reports a folder that cannot be read. Nothing in it counts as gone.
func (s *syncing) cannotList(name string, err error) {
	l := s.reader(nil)
	l.unreadable(name, err)
	if l.report.Skipped[0].Reason != SkipGone && !s.strange() {
		s.closed = append(s.closed, name)
	}
	s.keep(l.report.Skipped[0])
}

// keep reports what cannot be read: as kept, if it has passages, which are not those of a file in another folder.
func (s *syncing) keep(skip Skip) {
	if s.strange() {
		delete(s.seen, skip.Path)
		s.report.Skipped = append(s.report.Skipped, skip)
		return
	}
	old, known := s.states.files[skip.Path]
	for name, f := range s.states.files {
		if strings.HasPrefix(name, skip.Path+"/") && f.documents > 0 { // a folder
			known, old.documents = true, old.documents+f.documents
		}
	}
	if skip.Reason == SkipGone || !known || old.documents == 0 {
		s.report.Skipped = append(s.report.Skipped, skip)
		return
	}
	s.report.Kept = append(s.report.Kept, skip)
}

// entry looks at one file.
func (s *syncing) entry(name string, e fs.DirEntry) {
	format, ok := s.load.choose(name, e.Type())
	if !ok {
		return
	}
	s.seen[name] = true
	info, err := e.Info()
	if err != nil {
		l := s.reader(nil)
		l.unreadable(name, err)
		if l.report.Skipped[0].Reason == SkipGone {
			delete(s.seen, name)
		}
		s.keep(l.report.Skipped[0])
		return
	}
	now := filestamp.Of(s.full(name), info)
	old, known := s.states.files[name]
	if known && !s.opts.Verify && old.options == s.options && s.options != 0 && old.Stamp == now && now.Settled(old.looked) {
		s.unchanged(old)
		return
	}
	s.entries = append(s.entries, syncEntry{name, format, now})
}
