package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/term"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft"
)

// What is used if no other file and no other folder is named.
const (
	projectFile   = "ragft.yaml"
	projectFolder = ".ragft"
)

// agreed returns an error if what was found in the current folder, a project file that nobody named or links in .ragft, would
// make the command send or write something outside of the folder, and the user has not agreed to that.
func (a *app) agreed() error {
	if a.found == nil {
		return nil
	}
	reaches := a.found.Reaches(".")
	var now []ragft.Reach // what this command would do
	for _, r := range reaches {
		if atTop := !strings.Contains(r.Key, "."); !a.given[r.Key] && (atTop || reads(a.command, r.Key)) {
			now = append(now, r)
		}
	}
	if len(now) == 0 {
		return nil
	}
	record, err := a.agreementFile(reaches)
	if err != nil {
		return err
	}
	if _, err := os.Stat(record); err == nil {
		return nil
	}
	if !a.trust {
		if !a.canAsk() {
			return usageError(fmt.Errorf("%s was found here, not named, and %s; look at it, then pass --trust to agree from now on, "+
				"or %s for this run", a.foundName(), inOne(now), a.naming()))
		}
		if !ask(a.in, a.err, a.foundName(), reaches) {
			return usageError(fmt.Errorf("%s is not used without your agreement", a.foundName()))
		}
	}
	return keepAgreement(record, reaches)
}

// foundName is what was found in the current folder.
func (a *app) foundName() string {
	if a.hasFile {
		return projectFile
	}
	return projectFolder
}

// naming is the flag that names it.
func (a *app) naming() string {
	if a.hasFile {
		return "--config " + projectFile
	}
	return "--project " + projectFolder
}

// canAsk reports whether there is a terminal to ask on.
func (a *app) canAsk() bool {
	f, ok := a.in.(*os.File)
	return ok && a.screen != nil && !a.json && term.IsTerminal(int(f.Fd()))
}

// ask shows what was found and would do, and asks for agreement. Any answer but yes means no.
func ask(in io.Reader, out io.Writer, found string, reaches []ragft.Reach) bool {
	fmt.Fprintf(out, "The %s in this folder uses servers, addresses or files outside it, or lets others in:\n", found)
	for _, r := range reaches {
		fmt.Fprintf(out, "  %s\n", shown(r))
	}
	fmt.Fprint(out, "Agree, now and later? [y/N] ")
	line, _ := bufio.NewReader(in).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(line)) {
	case "y", "yes":
		return true
	}
	return false
}

// shown is a reach in one line, which cannot look like others: neither a line end nor a character that nobody sees, or that turns the
// direction of a text, stands in it.
func shown(r ragft.Reach) string {
	var where strings.Builder
	for _, c := range r.Where {
		if strconv.IsPrint(c) {
			where.WriteRune(c)
		} else {
			where.WriteString(strings.Trim(strconv.QuoteRuneToASCII(c), "'"))
		}
	}
	return fmt.Sprintf("%s %s (%s)", r.Does, where.String(), r.Key)
}

func inOne(reaches []ragft.Reach) string {
	var all []string
	for _, r := range reaches {
		all = append(all, shown(r))
	}
	return strings.Join(all, ", ")
}

// agreementFile is the file that records that the user agreed to what was found in the current folder: its name is a hash of
// the folder and of all that was agreed to.
func (a *app) agreementFile(reaches []ragft.Reach) (string, error) {
	folder, err := os.UserConfigDir()
	if err != nil {
		return "", usageError(fmt.Errorf("%s reaches beyond its folder, and there is no folder to keep your agreement in: %w; pass %s",
			a.foundName(), err, a.naming()))
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
