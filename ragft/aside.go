package ragft

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragft/ragft/internal/atomicfile"
)

// asideSuffix ends the names of copies of what a step replaced, before a number.
const asideSuffix = ".before"

// backUp copies a file that was not written by the last run of the step, or was edited since, before it is replaced. No copy
// replaces another.
func (p *Project) backUp(step, file string) error {
	hash, err := hashOf(kindOfOutput(step), file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil && kindOfOutput(step) == hashPrefix { // another file than an adapter is put aside as well
		return err
	}
	steps, err := p.readSteps()
	if err != nil {
		return err
	}
	name, err := p.place(file)
	if err != nil {
		return err
	}
	if r := steps[step]; r != nil && r.Outputs[name] == hash && hash != "" {
		return nil
	}
	aside, err := freeAside(file)
	if err != nil || aside == "" {
		return err
	}
	p.config.Logger.Warn("the file was edited, or made elsewhere: it is kept under another name", "file", file, "kept", aside)
	from, err := os.Open(file)
	if err != nil {
		return err
	}
	defer from.Close()
	return atomicfile.WritePrivate(aside, func(w io.Writer) error {
		_, err := io.Copy(w, from)
		return err
	})
}

// freeAside is the first name for a copy of a file that is not taken; "" if one of the copies is the same.
func freeAside(file string) (string, error) {
	own, err := hashFile(file)
	if err != nil {
		return "", err
	}
	aside := file + asideSuffix
	for n := 2; ; n++ {
		hash, err := hashFile(aside)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return aside, nil
		case err != nil:
			return "", err
		case hash == own:
			return "", nil
		}
		aside = fmt.Sprintf("%s%s-%d", file, asideSuffix, n)
	}
}

// asides are the copies of a file that were put aside.
func asides(file string) (names []string, err error) {
	folder, base := filepath.Split(file)
	entries, err := os.ReadDir(filepath.Clean(folder))
	if err != nil {
		return nil, ignore(err, fs.ErrNotExist)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), base+asideSuffix) {
			names = append(names, folder+e.Name())
		}
	}
	return names, nil
}
