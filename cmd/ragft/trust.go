package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft"
)

// projectFile is read if no other file is named.
const projectFile = "ragft.yaml"

// agreed returns an error if a project file that was found, not named, would make the command send or write something outside
// of the folder, and the user has not agreed to that.
func (a *app) agreed() error {
	if a.found == nil {
		return nil
	}
	reaches := a.found.Reaches(".")
	var now []ragft.Reach // what this command would do
	for _, r := range reaches {
		if !a.given[r.Key] && reads(a.command, r.Key) {
			now = append(now, r)
		}
	}
	if len(now) == 0 {
		return nil
	}
	record, err := agreementFile(reaches)
	if err != nil {
		return err
	}
	if _, err := os.Stat(record); err == nil {
		return nil
	}
	if !a.trust {
		if !a.canAsk() {
			return usageError(fmt.Errorf("%s was found here, not named, and %s; read it, then pass --trust to agree from now on, "+
				"or --config %s for this run", projectFile, inOne(now), projectFile))
		}
		if !ask(a.in, a.err, reaches) {
			return usageError(fmt.Errorf("%s is not used without your agreement", projectFile))
		}
	}
	return keepAgreement(record, reaches)
}

// canAsk reports whether there is a terminal to ask on.
func (a *app) canAsk() bool {
	f, ok := a.in.(*os.File)
	return ok && a.screen != nil && !a.json && term.IsTerminal(int(f.Fd()))
}

// ask shows what the file would do and asks for agreement. Any answer but yes means no.
func ask(in io.Reader, out io.Writer, reaches []ragft.Reach) bool {
	fmt.Fprintf(out, "The %s in this folder uses servers, addresses or files outside it:\n", projectFile)
	for _, r := range reaches {
		fmt.Fprintf(out, "  %s %s (%s)\n", r.Does, r.Where, r.Key)
	}
	fmt.Fprint(out, "Agree, now and later? [y/N] ")
	line, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}

func inOne(reaches []ragft.Reach) string {
	var all []string
	for _, r := range reaches {
		all = append(all, fmt.Sprintf("%s %s (%s)", r.Does, r.Where, r.Key))
	}
	return strings.Join(all, ", ")
}

// agreementFile is the file that records that the user agreed to what the project file of the current folder does: its name
// is a hash of the folder and of all that was agreed to.
func agreementFile(reaches []ragft.Reach) (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", usageError(fmt.Errorf("%s reaches beyond its folder, and there is no folder to keep your agreement in: %w; "+
			"pass --config %s", projectFile, err, projectFile))
	}
	return filepath.Join(folder, "ragft", "agreed", fmt.Sprintf("%x.txt", sha256.Sum256([]byte(agreement(reaches))))), nil
}

// agreement is what the user agrees to.
func agreement(reaches []ragft.Reach) string {
	here, err := filepath.Abs(".")
	if real, linkErr := filepath.EvalSymlinks(here); err == nil && linkErr == nil {
		here = real
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%q\n", filepath.Join(here, projectFile))
	for _, r := range reaches {
		fmt.Fprintf(&b, "%s: %s %q\n", r.Key, r.Does, r.Where)
	}
	return b.String()
}

func keepAgreement(record string, reaches []ragft.Reach) error {
	if err := os.MkdirAll(filepath.Dir(record), 0o700); err != nil {
		return fmt.Errorf("keeping your agreement: %w", err)
	}
	return atomicfile.WritePrivate(record, func(w io.Writer) error {
		_, err := io.WriteString(w, agreement(reaches))
		return err
	})
}
