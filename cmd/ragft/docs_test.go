package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	codeBlock = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$")
	inline    = regexp.MustCompile("`(ragft [^`\n]+)`")
)

// earlier are the pages that still have the commands of earlier versions.
var earlier = []string{"README.md", "choosing-a-model.md", "cuda.md", "desktop.md", "embedding.md", "families.md", "macos.md",
	"reading-the-report.md", "recipes.md", "training.md", "tuning-on-your-notes.md", "what-fine-tuning-can-add.md"}

// Commands on the pages of the documentation are parsed as the program would.
func TestDocumentedCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	parsed := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, line := range documentedCommands(string(text)) {
			err := parseCommand(line)
			if slices.Contains(earlier, filepath.Base(page)) {
				continue
			}
			require.NoError(t, err, "%s: %s", page, line)
			parsed++
		}
	}
	require.Greater(t, parsed, 7)
	require.Error(t, parseCommand("ragft train --rnak 3"))
	require.Error(t, parseCommand("ragft ask"))
	require.Error(t, parseCommand("ragft ask --set train.rank=3 Who?"))
	require.Error(t, parseCommand("ragft trian"))
}

// documentedCommands are the lines of blocks that run ragft, and those in the text that have a flag.
func documentedCommands(page string) (lines []string) {
	for _, b := range codeBlock.FindAllStringSubmatch(page, -1) {
		for line := range strings.Lines(strings.ReplaceAll(b[2], "\\\n", " ")) {
			if _, rest, found := strings.Cut(line, "ragft "); found && (b[1] == "sh" || b[1] == "console" || b[1] == "") && regexp.MustCompile(`(^|&& |\$ |=\S+ )$`).MatchString(line[:len(line)-len(rest)-len("ragft ")]) {
				for one := range strings.SplitSeq(rest, "&& ragft ") {
					lines = append(lines, "ragft "+one)
				}
			}
		}
	}
	for _, m := range inline.FindAllStringSubmatch(codeBlock.ReplaceAllString(page, ""), -1) {
		if strings.Contains(m[1], " -") {
			lines = append(lines, m[1])
		}
	}
	return lines
}

// parseCommand parses a command line up to what it would do.
func parseCommand(line string) error {
	words := shellWords(line)
	if slices.Contains([]string{"completion", "COMMAND", "help"}, words[1]) {
		return nil
	}
	a := &app{err: os.Stderr}
	cmd, rest, err := a.root().Find(words[1:])
	if err != nil {
		return err
	}
	if cmd.GroupID == "" {
		return fmt.Errorf("unknown command %s", words[1])
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err
	}
	if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
		return err
	}
	return a.apply(cmd)
}

// shellWords splits a line at blanks outside quotes, up to a comment, a pipe or a redirection.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`(?:"[^"]*"|'[^']*'|[^\s"'])+`).FindAllString(line, -1) {
		if m == "|" || m == "&" || strings.HasPrefix(m, "#") || strings.HasPrefix(m, ">") || strings.HasPrefix(m, "<") {
			break
		}
		words = append(words, strings.NewReplacer(`"`, "", "'", "").Replace(m))
	}
	return words
}
