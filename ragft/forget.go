package ragft

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragft/ragft/ragft/rows"
)

// ForgetResult is what [Project.Forget] removed.
type ForgetResult struct {
	Document string   `json:"document"`          // its path in the folder of the documents
	Passages int      `json:"passages"`          // of the index
	Rows     int      `json:"rows"`              // that showed it
	Files    []string `json:"files,omitempty"`   // that were deleted
	There    bool     `json:"there,omitempty"`   // the document is still in the folder, and will be indexed again
	Adapter  string   `json:"adapter,omitempty"` // that was trained on the document, "" for none: its weights may tell of it
}

// Forget removes the text of a document, or of all in a folder: its passages from
// the index, whose files are written anew without them, and their vectors; the training rows that
// showed it; and what quotes documents without saying which: the cache of model
// output, evaluation, answers, report and what an unfinished training keeps. The path is
// within the folder of the documents, or leads to it. The document itself and the
// questions are not touched, and no conversations are kept. An adapter that was
// trained on rows with the document is named: only training without them makes one
// that never saw it. A document that nothing is known of is [fs.ErrNotExist].
func (p *Project) Forget(ctx context.Context, document string) (*ForgetResult, error) {
	w, err := p.begin(ctx, "forget")
	if err != nil {
		return nil, err
	}
	defer w.end()
	r := &ForgetResult{Document: p.documentName(document)}
	if p.models.lent {
		return nil, errors.New("an assistant of this project is in use, which holds the cache: forget in a project of its own")
	}
	if err := p.models.close(); err != nil {
		return nil, err
	}
	if err := p.forgetPassages(ctx, r); err != nil {
		return nil, err
	}
	if err := p.forgetRows(r); err != nil {
		return nil, err
	}
	_, err = os.Lstat(filepath.Join(p.config.Documents, filepath.FromSlash(r.Document)))
	r.There = p.config.Documents != "" && err == nil
	if r.Passages+r.Rows == 0 && !r.There {
		return nil, fmt.Errorf("neither the index nor the rows know of %s: %w", r.Document, fs.ErrNotExist)
	}
	return r, p.forgetFiles(r)
}

// documentName is the path of a document within the folder of the documents.
func (p *Project) documentName(document string) string {
	if docs, err := filepath.Abs(p.config.Documents); err == nil && p.config.Documents != "" {
		if full, err := filepath.Abs(document); err == nil {
			if rel, err := filepath.Rel(docs, full); err == nil && filepath.IsLocal(rel) && rel != "." {
				return filepath.ToSlash(rel)
			}
		}
	}
	return path.Clean(filepath.ToSlash(document))
}

// isOf says whether a source is the document, a row of it, or in it.
func (r *ForgetResult) isOf(source string) bool {
	rest, found := strings.CutPrefix(source, r.Document)
	return found && (rest == "" || rest[0] == '/' || rest[0] == '#' && strings.Trim(rest[1:], "0123456789") == "")
}

func (p *Project) forgetPassages(ctx context.Context, r *ForgetResult) error {
	err := p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Passages, err = p.index.Erase(ctx, r.isOf); err != nil {
		return err
	}
	return p.dropVectors(ctx, p.index)
}

// forgetRows removes rows, and finds out whether an adapter learnt them.
func (p *Project) forgetRows(r *ForgetResult) error {
	list, err := rows.ReadFile(p.rowsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	before := len(list)
	list = slices.DeleteFunc(list, func(row rows.Row) bool {
		return slices.ContainsFunc(row.Chunks, func(c rows.ChunkRef) bool { return r.isOf(c.Source) })
	})
	if r.Rows = before - len(list); r.Rows == 0 {
		return nil
	}
	if file := p.trainedFile(); exists(file) {
		r.Adapter = file
	}
	return rows.WriteFile(p.rowsFile(), list)
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// forgetFiles deletes what quotes documents.
func (p *Project) forgetFiles(r *ForgetResult) error {
	names := []string{
		p.Path(cacheName), p.Path(evaluationName), p.Path(answersName), p.ReportFile(), p.rowsFile() + ".before",
		p.questionsFile() + ".before", p.trainedFile() + ".checkpoint", p.trainedFile() + ".soft",
	}
	for _, name := range names {
		if !exists(name) {
			continue
		}
		remove := os.RemoveAll
		if name == p.ReportFile() {
			remove = os.Remove // the user names it, so that it might be a folder of something else
		}
		if err := remove(name); err != nil {
			return err
		}
		r.Files = append(r.Files, name)
	}
	for _, step := range []string{StepIndex, StepEvaluate} {
		if err := p.forget(step); err != nil {
			return err
		}
	}
	return nil
}
