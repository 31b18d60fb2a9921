package retriever

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// file brings one file up to date that may have changed.
func (s *syncing) file(ctx context.Context, e syncEntry) error {
	old, known := s.states.files[e.name]
	if known && old.options == s.options && s.options != 0 && old.hash != [sha256.Size]byte{} {
		sum, err := s.hash(ctx, e.name)
		if err != nil {
			return s.cannotRead(ctx, e, err)
		}
		if sum == old.hash {
			old.Stamp, old.looked = e.Stamp, s.start.UnixNano()
			s.states.files[e.name], s.learnt = old, true
			s.unchanged(old)
			return nil
		}
	}
	if e.format == JSONL {
		return s.rows(ctx, e, old)
	}
	return s.replace(ctx, e, old, nil)
}

// maxRewritten is how often a file is read that another program writes anew meanwhile.
const maxRewritten = 3

// rows brings a JSONL file up to date. Its rows are written while it is read, so that it is checked first. Where it is another
// one by then, it is read again, and loses its passages if that goes on.
func (s *syncing) rows(ctx context.Context, e syncEntry, old fileState) error {
	for try := 1; ; try++ {
		l := s.reader(nil)
		err := l.read(ctx, e.name, e.format)
		if err == nil {
			err = s.replace(ctx, e, old, &l.report.Bytes) // another program may add to it meanwhile: the next Sync reads that
			if !errors.As(err, new(rewritten)) {
				return err
			}
			if err := s.undo(ctx, e.name); err != nil {
				return err
			}
			if try < maxRewritten {
				continue
			}
		}
		if _, known := s.states.files[e.name]; !known && old.documents > 0 {
			s.report.Removed = append(s.report.Removed, e.name)
		}
		return s.cannotRead(ctx, e, err)
	}
}

// rewritten is the error for rows that are invalid, though they were checked.
type rewritten struct{ error }

func (r rewritten) Unwrap() error { return r.error }

// undo removes the passages of a file of which a part was written.
func (s *syncing) undo(ctx context.Context, name string) error {
	delete(s.states.files, name)
	s.learnt = true
	if err := s.w.flush(ctx); err != nil { // deleteSource removes what is in the index
		return err
	}
	return s.w.deleteSource(ctx, name)
}

// replace reads a file, or so much of it as was checked, and writes its passages.
func (s *syncing) replace(ctx context.Context, e syncEntry, old fileState, checked *int64) error {
	sum := &content{Hash: sha256.New()}
	l := s.reader(func(d Document) error { return s.w.addDocument(ctx, d, s.opts.Split) })
	l.sum, l.most = sum, checked
	started := false
	l.onFile = func(name string) error {
		started = true
		return s.w.deleteSource(ctx, name)
	}
	if s.opts.DryRun {
		l.fn, l.onFile = func(Document) error { return nil }, nil
	}
	if err := l.read(ctx, e.name, e.format); err != nil {
		if started && errors.As(err, new(*LineError)) {
			return rewritten{err}
		}
		if started {
			return err
		}
		return s.cannotRead(ctx, e, err)
	}
	state := fileState{
		Stamp: e.Stamp, looked: s.start.UnixNano(), options: s.options, documents: l.report.Documents, skipped: l.report.Skipped,
	}
	if sum.ended {
		sum.Sum(state.hash[:0])
	}
	had := old.documents > 0
	if !started && (had || s.states.foreign) && !s.opts.DryRun {
		if err := s.remove(ctx, e.name); err != nil {
			return err
		}
	}
	switch {
	case state.documents > 0 && had:
		s.report.Changed = append(s.report.Changed, e.name)
	case state.documents > 0:
		s.report.Added = append(s.report.Added, e.name)
	case had:
		s.report.Removed = append(s.report.Removed, e.name)
	default:
		s.report.Unchanged++
	}
	s.states.files[e.name], s.learnt = state, true
	s.count(state)
	s.load.report.Bytes += l.report.Bytes
	s.load.report.Files, s.load.report.Documents = s.report.Files, s.report.Documents
	s.load.progress(e.name)
	return nil
}

// reader returns a loader for one file, with a report of its own.
func (s *syncing) reader(fn func(Document) error) *loader {
	l := *s.load
	l.report, l.fn = &LoadReport{}, fn
	if fn == nil {
		l.fn = func(Document) error { return nil }
	}
	return &l
}

// hash returns the hash of a file.
func (s *syncing) hash(ctx context.Context, name string) (sum [sha256.Size]byte, err error) {
	f, err := s.load.fsys.Open(name)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, &countingReader{ctx: ctx, r: f, total: &s.load.report.Bytes}); err != nil {
		return sum, err
	}
	h.Sum(sum[:0])
	return sum, nil
}

// cannotRead reports a file that cannot be read, or is invalid. Its passages stay, unless it is gone.
func (s *syncing) cannotRead(ctx context.Context, e syncEntry, err error) error {
	if ctx.Err() != nil || s.named {
		return err
	}
	l := s.reader(nil)
	var line *LineError
	var skip Skip
	switch {
	case errors.As(err, &skip):
		l.skip(e.name, skip.Reason, skip.Detail)
	case errors.As(err, &line):
		l.skip(e.name, SkipInvalid, fmt.Sprintf("line %d: %v", line.Line, line.Err))
	case isFileError(err):
		l.unreadable(e.name, err)
	default:
		return err
	}
	if l.report.Skipped[0].Reason == SkipGone {
		delete(s.seen, e.name)
	}
	s.keep(l.report.Skipped[0])
	return nil
}
