package ragft

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/ragft/model"
)

// stepsName is the file of the project's folder that keeps what was done.
const stepsName = "steps.json"

// record is what steps.json keeps of a step: what its result was made of, and
// what it came to.
type record struct {
	// Inputs are the settings, by key, and the hashes of all else that the result
	// follows from.
	Inputs inputs `json:"inputs"`
	// Notes are further hashes of what the result was made of. It is not stale if they change.
	Notes inputs `json:"notes,omitempty"`
	// Outputs are the hashes of the files that were written, by [Project.place].
	Outputs  map[string]string `json:"outputs,omitempty"`
	Cost     model.Cost        `json:"cost,omitzero"`
	Took     time.Duration     `json:"took"` // nanoseconds
	Memory   uint64            `json:"memory,omitempty"`
	Finished time.Time         `json:"finished"`
	// Again says why the step is to be done again whatever its result follows from; "" = it need not be. What is recorded is then
	// what the step wrote.
	Again string `json:"again,omitempty"`

	Result json.RawMessage `json:"result"`
}

// inputs say what a step depends on, by name.
type inputs map[string]string

// readSteps reads what was done. A folder without steps.json has done nothing.
func (p *Project) readSteps() (map[string]*record, error) {
	steps := map[string]*record{}
	data, err := os.ReadFile(p.Path(stepsName))
	if errors.Is(err, fs.ErrNotExist) {
		return steps, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, &steps); err != nil {
		return nil, kindOf(ErrInput, fmt.Errorf("%s: %w; delete it to do all steps again", p.Path(stepsName), err))
	}
	return steps, nil
}

// changeSteps changes what is kept of the steps, while no other program does.
func (p *Project) changeSteps(change func(steps map[string]*record) error) error {
	if err := p.makeDir(); err != nil {
		return err
	}
	unlock, err := p.lock(context.Background(), stepsName, stepsWait)
	if err != nil {
		return fmt.Errorf("%s is in use by another program for too long: %w", p.Path(stepsName), err)
	}
	defer unlock()
	steps, err := p.readSteps()
	if err != nil {
		return err
	}
	if err := change(steps); err != nil {
		return err
	}
	return writeJSON(p.Path(stepsName), steps)
}

// kept gives the result of a step that needs not be done again.
func (p *Project) kept(step string, in inputs, result any) (bool, error) {
	if p.config.Force || p.config.EstimateOnly {
		return false, nil
	}
	steps, err := p.readSteps()
	if err != nil {
		return false, err
	}
	r := steps[step]
	if r == nil || p.stale(r, in) != "" {
		return false, nil
	}
	return true, json.Unmarshal(r.Result, result)
}

// keep records what a step did.
func (p *Project) keep(step string, r record, result any, files ...string) error {
	var err error
	if r.Result, err = json.Marshal(result); err != nil {
		return err
	}
	r.Outputs = map[string]string{}
	for _, name := range files {
		place, err := p.place(name)
		if err != nil {
			return err
		}
		if r.Outputs[place], err = hashOf(kindOfOutput(step), name); err != nil {
			return err
		}
	}
	r.Finished = time.Now().Truncate(time.Second)
	return p.changeSteps(func(steps map[string]*record) error {
		steps[step] = &r
		if step == StepTrain {
			delete(steps, begunStep)
		}
		return nil
	})
}

// Kinds of hashes of what a step wrote, beside hashPrefix: of an adapter without the settings that are written into it later, and of
// an adapter with them. A file with one of these may not be another one; others, such as rows, may be edited by hand.
const weightsPrefix, adapterPrefix = "weights:", "adapter:"

func kindOfOutput(step string) string {
	switch step {
	case StepTrain:
		return weightsPrefix
	case decideStep:
		return adapterPrefix
	}
	return hashPrefix
}

// hashOf is the hash of a file, of a kind.
func hashOf(kind, path string) (string, error) {
	switch kind {
	case hashPrefix:
		return hashFile(path)
	case adapterPrefix:
		whole, err := hashFile(path)
		return kind + whole, err
	}
	f, err := gguf.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest, err := f.Digest(gguf.KeyAssistant)
	return kind + digest, err
}

// forget drops the record of a step, whose result is no longer there.
func (p *Project) forget(step string) error {
	steps, err := p.readSteps()
	if err != nil || steps[step] == nil {
		return err
	}
	return p.changeSteps(func(steps map[string]*record) error {
		delete(steps, step)
		return nil
	})
}

// stale says why the result of a step does not follow from what it depends on
// now; "" = it does. Questions and rows may be edited by hand: it is enough
// that they are there. An adapter that is another file is stale.
func (p *Project) stale(r *record, now inputs) string {
	for _, name := range slices.Sorted(maps.Keys(r.Outputs)) {
		kind := hashPrefix
		for _, other := range []string{weightsPrefix, adapterPrefix} {
			if strings.HasPrefix(r.Outputs[name], other) {
				kind = other
			}
		}
		file := p.placed(name)
		hash, err := hashOf(kind, file)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return file + " is gone"
		case err != nil && kind != weightsPrefix: // else it is no adapter
			return err.Error()
		case hash != r.Outputs[name] && kind != hashPrefix:
			return file + " was replaced"
		}
	}
	if r.Again != "" {
		return r.Again
	}
	var changes []string
	names := slices.Sorted(maps.Keys(now))
	for name := range r.Inputs {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if before, after := r.Inputs[name], now[name]; before != after {
			changes = append(changes, changeOf(name, before, after))
		}
	}
	if n := len(changes); n > 3 {
		changes = append(changes[:3], fmt.Sprintf("and %d more changes", n-3))
	}
	return strings.Join(changes, ", ")
}

func changeOf(name, before, after string) string {
	if isHash(before) || isHash(after) {
		return name + " changed"
	}
	show := func(s string) string {
		if s == "" {
			return "unset"
		}
		return s
	}
	return fmt.Sprintf("%s was %s and is %s", name, show(before), show(after))
}

// makeDir makes the project's folder.
func (p *Project) makeDir() error { return os.MkdirAll(p.config.Dir, 0o700) }

func writeJSON(path string, v any) error {
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}
