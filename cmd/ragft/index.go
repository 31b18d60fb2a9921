package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft/opt"
	"github.com/ragft/ragft/retriever"
)

type indexFlags struct {
	docs         string
	by           string
	chunk        int
	overlap      int
	k1, b        float64
	analyzer     string
	ignoreTitles bool
	keepRemoved  bool
	rebuild      bool
}

func (a *app) indexCommand() *cobra.Command {
	var o indexFlags
	cmd := &cobra.Command{
		Use: "index [FOLDER]", Short: "Divide documents into passages and index them", Args: arguments(cobra.MaximumNArgs(1)),
		Long: `Reads a folder, or a file, of text, Markdown, HTML and JSONL, divides it into passages and indexes them for BM25.
Run it again after the documents changed: files are read anew, and passages of files that are gone are removed.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.docs = args[0]
			}
			return a.runIndex(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.Var(pathValue(&o.docs, ""), "docs", "folder of documents, or one file")
	f.Var(choiceValue(&o.by, string(retriever.Tokens), string(retriever.Tokens), string(retriever.Sentences)), "chunk-by", "unit of --chunk and --overlap")
	f.IntVar(&o.chunk, "chunk", 0, "size of a passage (0 = 200 words, or 5 sentences)")
	f.IntVar(&o.overlap, "overlap", 0, "how much of a passage is repeated in the next")
	f.Float64Var(&o.k1, "k1", retriever.DefaultK1, "BM25: how much a repeated word counts; settled when the index is made")
	f.Float64Var(&o.b, "b", retriever.DefaultB, "BM25: how much long passages are marked down; settled when the index is made")
	f.Var(choiceValue(&o.analyzer, string(retriever.English), string(retriever.English), string(retriever.Standard)), "analyzer", "how text becomes words; settled when the index is made")
	f.BoolVar(&o.ignoreTitles, "ignore-titles", false, "do not find passages by the words of their title; settled when the index is made")
	f.BoolVar(&o.keepRemoved, "keep-removed", false, "keep the passages of files that are gone")
	f.BoolVar(&o.rebuild, "rebuild", false, "make the index anew")
	return cmd
}

// indexResult is what index prints with --json.
type indexResult struct {
	Index     string           `json:"index"`
	Files     int              `json:"files"`
	Documents int              `json:"documents"`
	Bytes     int64            `json:"bytes"`
	Passages  int              `json:"passages"` // in the index now
	Removed   int              `json:"removed"`  // of files that are gone
	Skipped   []retriever.Skip `json:"skipped"`
}

func (a *app) runIndex(ctx context.Context, o indexFlags) error {
	if o.docs == "" {
		return usageError(errors.New("no documents: name a folder, or give it as docs: in ragft.yaml"))
	}
	if _, err := os.Stat(o.docs); err != nil {
		return err
	}
	index, err := a.makeIndex(o)
	if err != nil {
		return err
	}
	defer index.Close()
	bar := a.bar("indexing", "KiB")
	total := countBytes(o.docs)
	report, err := index.AddPath(ctx, o.docs, retriever.AddOptions{
		Split: retriever.SplitOptions{By: retriever.Unit(o.by), Size: o.chunk, Overlap: o.overlap},
		Load: retriever.LoadOptions{Progress: func(p retriever.LoadProgress) {
			bar.set(p.Bytes>>10, max(total, p.Bytes)>>10, fmt.Sprintf("%d files, %d documents", p.Files, p.Documents))
		}},
	})
	bar.done()
	if err != nil {
		return err
	}
	r := indexResult{Index: index.Path(), Files: report.Files, Documents: report.Documents, Bytes: report.Bytes, Skipped: report.Skipped}
	if !o.keepRemoved {
		if r.Removed, err = removeGone(ctx, index, o.docs); err != nil {
			return err
		}
	}
	r.Passages = index.Len()
	return a.result(r, func(w io.Writer) error {
		for _, s := range r.Skipped {
			a.note("skipped %s: %s", s.Path, strings.TrimSuffix(fmt.Sprintf("%s %s", s.Reason, s.Detail), " "))
		}
		if r.Removed > 0 {
			a.note("removed %d passages of files that are gone", r.Removed)
		}
		_, err := fmt.Fprintf(w, "%s: %d documents, %d passages\n", r.Index, r.Documents, r.Passages)
		return err
	})
}

// makeIndex opens the project's index, or creates it.
func (a *app) makeIndex(o indexFlags) (*retriever.Index, error) {
	settings := retriever.IndexOptions{
		K1: opt.Of(o.k1), B: opt.Of(o.b), Analyzer: retriever.Analyzer(o.analyzer), IgnoreTitles: o.ignoreTitles,
	}
	path := a.path(indexName)
	if err := a.makeDir(); err != nil {
		return nil, err
	}
	if o.rebuild {
		index, err := retriever.Open(path) // nothing but an index is removed, and none that is in use
		if err == nil {
			index.Close()
		}
		if err == nil || isAny(err, retriever.ErrCorrupt, retriever.ErrVersion) {
			err = os.RemoveAll(path)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	index, err := retriever.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return retriever.Create(path, settings)
	}
	if err != nil {
		return nil, err
	}
	has := index.Options()
	if has != settings {
		index.Close()
		return nil, usageError(fmt.Errorf("the index was made with k1 %v, b %v, analyzer %s, ignore-titles %t: use these, or --rebuild",
			has.K1, has.B, has.Analyzer, has.IgnoreTitles))
	}
	return index, nil
}

// removeGone removes the passages whose file is no longer there.
func removeGone(ctx context.Context, index *retriever.Index, docs string) (int, error) {
	info, err := os.Stat(docs)
	if err != nil {
		return 0, err
	}
	root := docs
	if !info.IsDir() {
		root = filepath.Dir(docs)
	}
	gone := map[string]bool{} // by source
	for c, err := range index.Chunks(ctx) {
		if err != nil {
			return 0, err
		}
		if _, known := gone[c.Source]; known {
			continue
		}
		gone[c.Source] = !exists(root, c.Source)
		if before, line, found := cutLast(c.Source, "#"); gone[c.Source] && found && line != "" {
			gone[c.Source] = !exists(root, before) // a row of a JSONL file
		}
	}
	removed := 0
	for source, is := range gone {
		if !is {
			continue
		}
		n, err := index.DeleteSource(ctx, source)
		if err != nil {
			return removed, err
		}
		removed += n
	}
	return removed, nil
}

func exists(root, source string) bool {
	_, err := os.Lstat(filepath.Join(root, filepath.FromSlash(source)))
	return err == nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// countBytes is about what there is to read, for the progress.
func countBytes(docs string) (total int64) {
	filepath.WalkDir(docs, func(_ string, d fs.DirEntry, err error) error { //nolint:errcheck // what cannot be read is told by the load
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}
