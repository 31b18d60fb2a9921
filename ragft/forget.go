package ragft

import (
	"bytes"
	"context"
	"encoding/json"
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
	Purged   bool     `json:"purged,omitempty"`  // the files of the index had text of removed passages, of this call or an earlier one
	Rows     int      `json:"rows"`              // that showed it
	Files    []string `json:"files,omitempty"`   // that were deleted
	There    bool     `json:"there,omitempty"`   // the document is still in the folder, and will be indexed again
	Weights  []string `json:"weights,omitempty"` // adapters and merged models that may have been trained on the document
}

// Forget removes the text of a document, or of all in a folder: its passages from
// the index, whose files are written anew without them, and their vectors; the training rows that
// showed it; and what quotes documents without saying which (also if the document was deleted and indexed
// before, as long as the files of the index still have its text or one of these names it): the cache of model
// output, evaluation, answers, report, what an unfinished training keeps, the questions that the
// recipe memory kept for the evaluation, and the data in the folders trl and axolotl of the project.
// The path is within the folder of the documents, or leads to it. The document itself and the
// questions are not touched, nor what was exported or published elsewhere, and no conversations are
// kept. Adapter and merged model are named if they may have been trained on the document: only
// training without it makes weights that never saw it. A call that failed or was killed is ended by
// the next one for the document. If nothing was there to remove, and there is no
// such document, the error is [fs.ErrNotExist].
func (p *Project) Forget(ctx context.Context, document string) (*ForgetResult, error) {
	w, err := p.begin(ctx, "forget")
	if err != nil {
		return nil, err
	}
	defer w.end()
	r := &ForgetResult{Document: p.documentName(document)}
	if p.models.lent {
		return nil, errors.New("an assistant of this project uses the cache: close the project, and open it again to forget")
	}
	if err := p.models.close(); err != nil {
		return nil, err
	}
	left, err := p.rowsWithout(r) // all is read before anything is removed
	if err != nil {
		return nil, err
	}
	quoting, err := p.quoting()
	if err != nil {
		return nil, err
	}
	halfDone, err := p.markForgetting(r.Document)
	if err != nil {
		return nil, err
	}
	if err := p.forgetPassages(ctx, r); err != nil {
		return nil, err
	}
	if r.Rows > 0 {
		if err := rows.WriteFile(p.rowsFile(), left); err != nil {
			return nil, err
		}
	}
	r.There = p.there(r.Document)
	if r.Passages+r.Rows == 0 && !r.Purged && !halfDone {
		named, err := naming(quoting, r.Document)
		if err != nil {
			return nil, err
		}
		if !named {
			return r.unknown(p.unmarkForgetting(r.Document))
		}
	}
	if err := p.nameWeights(r); err != nil {
		return nil, err
	}
	if err := p.forgetFiles(r, quoting); err != nil {
		return nil, err
	}
	return r, p.unmarkForgetting(r.Document)
}

// unknown is the result for a document that nothing knows, unless there was an error.
func (r *ForgetResult) unknown(err error) (*ForgetResult, error) {
	if err != nil || r.There {
		return r, err
	}
	return nil, fmt.Errorf("%s is in neither the index nor the rows, and no file mentions it; nothing was removed: %w; "+
		"if it was indexed before, check the name", r.Document, fs.ErrNotExist)
}

// forgettingKey is the key of steps.json for the documents that are being forgotten.
const forgettingKey = "forgetting"

// markForgetting notes that a document is being forgotten, so that the next call ends what one that did not come to its end has
// begun: what it removed tells no longer that there is more. halfDone says that there was such a call.
func (p *Project) markForgetting(document string) (halfDone bool, err error) {
	if !exists(p.config.Dir) {
		return false, nil
	}
	err = p.changeSteps(func(steps map[string]*record) error {
		r := steps[forgettingKey]
		if r == nil {
			r = &record{Inputs: inputs{}}
			steps[forgettingKey] = r
		}
		_, halfDone = r.Inputs[document]
		r.Inputs[document] = "begun"
		return nil
	})
	return halfDone, err
}

func (p *Project) unmarkForgetting(document string) error {
	if !exists(p.config.Dir) {
		return nil
	}
	return p.changeSteps(func(steps map[string]*record) error {
		r := steps[forgettingKey]
		if r == nil {
			return nil
		}
		if delete(r.Inputs, document); len(r.Inputs) == 0 {
			delete(steps, forgettingKey)
		}
		return nil
	})
}

// documentName is the path of a document within the folder of the documents, or the name of the only one.
func (p *Project) documentName(document string) string {
	docs, err := filepath.Abs(p.config.Documents)
	if full, ferr := filepath.Abs(document); err == nil && ferr == nil && p.config.Documents != "" {
		for _, row := range []string{"", row(full)} {
			rel, err := filepath.Rel(docs, strings.TrimSuffix(full, row))
			if err == nil && rel == "." && !isFolder(docs) {
				rel = filepath.Base(docs)
			}
			if err == nil && rel != "." && filepath.IsLocal(rel) {
				return filepath.ToSlash(rel) + row
			}
		}
	}
	return path.Clean(filepath.ToSlash(document))
}

// row is what the name of a row has behind that of its file, such as "#2"; "" for another name.
func row(name string) string {
	file := strings.TrimRight(name, "0123456789")
	if len(file) == len(name) || !strings.HasSuffix(file, "#") {
		return ""
	}
	return name[len(file)-1:]
}

// there says whether a document, or the file of a row, is among those that are indexed.
func (p *Project) there(document string) bool {
	docs := p.config.Documents
	if docs == "" {
		return false
	}
	return slices.ContainsFunc([]string{document, strings.TrimSuffix(document, row(document))}, func(name string) bool {
		if isFolder(docs) {
			return exists(filepath.Join(docs, filepath.FromSlash(name)))
		}
		return name == filepath.Base(docs) && exists(docs)
	})
}

func isFolder(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// isOf says whether a source is the document, a row of it, or in it.
func (r *ForgetResult) isOf(source string) bool {
	rest, found := strings.CutPrefix(source, r.Document)
	return found && (rest == "" || rest[0] == '/' || rest == row(rest))
}

func (p *Project) forgetPassages(ctx context.Context, r *ForgetResult) error {
	err := p.openIndex()
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if r.Passages, r.Purged, err = p.index.Erase(ctx, r.isOf); err != nil {
		return err
	}
	return p.dropVectors(ctx, p.index)
}

// rowsWithout counts the rows that show the document, and returns the others.
func (p *Project) rowsWithout(r *ForgetResult) ([]rows.Row, error) {
	list, err := rows.ReadFile(p.rowsFile())
	if err != nil {
		return nil, ignore(err, fs.ErrNotExist)
	}
	before := len(list)
	list = slices.DeleteFunc(list, func(row rows.Row) bool {
		return slices.ContainsFunc(row.Chunks, func(c rows.ChunkRef) bool { return r.isOf(c.Source) })
	})
	r.Rows = before - len(list)
	return list, nil
}

// nameWeights names what may have been trained on the document: the rows may be others than those of the training, which
// besides reads passages of the whole index.
func (p *Project) nameWeights(r *ForgetResult) error {
	adapter := p.trainedFile()
	unread, err := p.unread(r, adapter)
	if err != nil {
		return err
	}
	copies, err := asides(adapter)
	if err != nil {
		return err
	}
	for _, name := range append([]string{adapter, p.Path(adapterName), p.Path(peftName), p.Path(mergedName)}, copies...) {
		if exists(name) && !slices.Contains(r.Weights, name) && !(unread && name == adapter) {
			r.Weights = append(r.Weights, name)
		}
	}
	return nil
}

// unread says that the adapter is known not to have been trained on the document: the last training made it of these rows
// alone, each of which says what it shows.
func (p *Project) unread(r *ForgetResult, adapter string) (bool, error) {
	result, err := p.trained()
	if err != nil || result == nil || result.Anchors > 0 || r.Rows > 0 {
		return false, err
	}
	if own, err := p.wrote(StepTrain, adapter); err != nil || !own {
		return false, err
	}
	steps, err := p.readSteps()
	if err != nil {
		return false, err
	}
	step, now := steps[StepTrain], inputs{}
	if err := now.file("rows", p.rowsFile()); err != nil {
		return false, err
	}
	if now["rows"] == "" || step.Inputs["rows"] != now["rows"] || step.Inputs["train.start"] != "" {
		return false, nil
	}
	list, err := rows.ReadFile(p.rowsFile())
	return !slices.ContainsFunc(list, func(row rows.Row) bool { return len(row.Chunks) == 0 }), err
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// quoting names the files that quote documents without saying which.
func (p *Project) quoting() ([]string, error) {
	names := []string{
		p.Path(cacheName), p.Path(evaluationName), p.Path(answersName), p.ReportFile(),
		p.trainedFile() + ".checkpoint", p.trainedFile() + ".soft", p.Path(probesName), p.Path(globalProbesName),
	}
	for _, file := range []string{p.rowsFile(), p.questionsFile(), p.Path(answersName)} {
		copies, err := asides(file)
		if err != nil {
			return nil, err
		}
		names = append(names, copies...)
	}
	exported, err := p.exportedData()
	return slices.DeleteFunc(append(names, exported...), func(name string) bool { return !exists(name) }), err
}

// naming says whether one of the files, or of those in the folders, names a document.
func naming(files []string, document string) (found bool, err error) {
	escaped, err := json.Marshal(document)
	if err != nil {
		return false, err
	}
	escaped = escaped[1 : len(escaped)-1]
	plain := escaped // as the files of rows have it
	for _, c := range "&<>" {
		plain = bytes.ReplaceAll(plain, fmt.Appendf(nil, `\u%04x`, c), []byte(string(c)))
	}
	for _, file := range files {
		err := filepath.WalkDir(file, func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			found = found || bytes.Contains(data, escaped) || bytes.Contains(data, plain)
			return err
		})
		if found || err != nil {
			return found, err
		}
	}
	return false, nil
}

// forgetFiles deletes what quotes documents.
func (p *Project) forgetFiles(r *ForgetResult, quoting []string) error {
	for _, name := range quoting {
		remove := os.RemoveAll
		if name == p.ReportFile() {
			remove = os.Remove // the user names it, so that it might be a folder of something else
		}
		if err := remove(name); err != nil {
			return err
		}
		r.Files = append(r.Files, name)
	}
	for _, step := range []string{StepIndex, StepEvaluate, begunStep} {
		if err := p.forget(step); err != nil {
			return err
		}
	}
	return nil
}

// exportedData are the rows that were exported for other trainers, and what Axolotl prepares of them. The adapters that were
// trained beside them stay.
func (p *Project) exportedData() (names []string, err error) {
	for _, folder := range []string{p.Path(trlName), p.Path(axolotlName)} {
		entries, err := os.ReadDir(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".jsonl") || strings.HasPrefix(e.Name(), "prepared-") {
				names = append(names, filepath.Join(folder, e.Name()))
			}
		}
	}
	return names, nil
}
