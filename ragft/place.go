package ragft

import (
	"errors"
	"io/fs"
	"path/filepath"
)

// place is the name of a file in steps.json: within the project's folder where it is in there, so that it holds wherever that
// folder is; else absolute. The links on the way to it are resolved, since the same file may be reached through others.
func (p *Project) place(file string) (string, error) {
	dir, err := unlinked(p.config.Dir)
	if err != nil {
		return "", err
	}
	folder, err := unlinked(filepath.Dir(file))
	if err != nil {
		return "", err
	}
	full := filepath.Join(folder, filepath.Base(file))
	if rel, err := filepath.Rel(dir, full); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel), nil
	}
	return full, nil
}

// placed is the file that [Project.place] named; "" is none.
func (p *Project) placed(name string) string {
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	return p.Path(filepath.FromSlash(name))
}

// unlinked is the absolute path of a folder without links, of which the last ones need not be there yet.
func unlinked(folder string) (string, error) {
	full, err := filepath.Abs(folder)
	if err != nil {
		return "", err
	}
	real, err := filepath.EvalSymlinks(full)
	if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(full) == full {
		return real, err
	}
	parent, err := unlinked(filepath.Dir(full))
	return filepath.Join(parent, filepath.Base(full)), err
}

// wrote says whether the last run of a step wrote the file.
func (p *Project) wrote(step, file string) (bool, error) {
	steps, err := p.readSteps()
	if err != nil || steps[step] == nil {
		return false, err
	}
	name, err := p.place(file)
	return steps[step].Outputs[name] != "", err
}
