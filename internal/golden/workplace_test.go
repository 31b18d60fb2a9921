//go:build cgo

package golden

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// generalText is text that the documents have nothing to do with, one text a line.
const generalText = `The harbour is quiet in winter, and the boats lie on the sand until the spring.
Bread is made of flour, water and salt, and of the time that it takes to rise.
A river that bends wears away the outer bank and leaves its sand at the inner one.
Glass is neither hard to melt nor easy to cut, as any glazier will say.
Snow falls on the high roads first, and the carriers wait for it below.
Wool is washed, carded and spun before any of it can be woven into cloth.
`

const instructionTasks = `{"prompt": "Name a colour.", "response": "Blue."}
{"prompt": "Say good morning.", "response": "Good morning!"}
`

const squadSet = `{"data": [{"title": "Mills", "paragraphs": [{"context": "The mill was built in 1912. It grinds barley.", "qas": [
{"id": "a", "question": "When was the mill built?", "answers": [{"text": "1912"}, {"text": "in 1912"}]},
{"id": "b", "question": "Who built the mill?", "answers": [], "is_impossible": true}]}]}]}
`

// documents are those of the quickstart that the project has, and what its questions are about.
var documents = []string{"ansby-school.md", "candle-bridge.md", "dora-skell.md", "finger-bridge.md", "grey-otter.md", "kestow.md",
	"pudding.md", "red-mill.md", "river-sallow.md", "snail-garden.md", "three-oars.md", "tuckle-mill.md"}

// numbers of questions that the documents answer, and that they do not.
const answerable, unanswerable = 10, 4

type questionLine struct {
	line         string
	Unanswerable bool
	Source       string
}

func (p *workplace) prepare() {
	require.NoError(p.t, os.Mkdir(filepath.Join(p.dir, "notes"), 0o755))
	for _, name := range documents {
		p.copy(filepath.Join(quickstart, "docs", name), filepath.Join("notes", name))
	}
	p.copy(shipped, "base.gguf")
	var kept, later []string
	have := map[bool]int{}
	for _, q := range p.quickstartQuestions() {
		most := answerable
		if q.Unanswerable {
			most = unanswerable
		}
		if have[q.Unanswerable]++; have[q.Unanswerable] <= most {
			kept = append(kept, q.line)
		} else {
			later = append(later, q.line)
		}
	}
	p.write("questions.jsonl", strings.Join(kept, "\n")+"\n")
	p.write("other.jsonl", strings.Join(later[:8], "\n")+"\n")
	p.write("some.jsonl", strings.Join(later[8:12], "\n")+"\n")
	p.write("few.jsonl", strings.Join(later[:2], "\n")+"\n")
	p.write("many.jsonl", strings.Join(later, "\n")+"\n")
	p.write(projectFileName, projectFile)
	p.write("texts.txt", generalText)
	p.write("tasks.jsonl", instructionTasks)
	p.write("bad.jsonl", `{"question": "Who?", "answer": "Abel"}`+"\n"+`{"question": `+"\n")
	p.write("none.jsonl", "")
	p.write("bad.yaml", "model: base.gguf\npassagess: 3\n")
	p.write("closed.jsonl", `{"question": "What is made of flour?", "answer": "bread"}`+"\n")
	p.write("squad.json", squadSet)
}

// quickstartQuestions are those about the documents, in order.
func (p *workplace) quickstartQuestions() (questions []questionLine) {
	data, err := os.ReadFile(filepath.Join(quickstart, "questions.jsonl"))
	require.NoError(p.t, err)
	about := strings.Join(documents, " ")
	for line := range strings.Lines(string(data)) {
		q := questionLine{line: strings.TrimSpace(line)}
		require.NoError(p.t, json.Unmarshal([]byte(line), &q))
		if strings.Contains(about, q.Source) {
			questions = append(questions, q)
		}
	}
	return questions
}

func (p *workplace) write(name, text string) {
	require.NoError(p.t, os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644))
}

// copy copies a file into the project; to is relative to it.
func (p *workplace) copy(from, to string) {
	data, err := os.ReadFile(from)
	require.NoError(p.t, err)
	p.write(path(to), string(data))
}

// run runs the command and collects what came out.
func (p *workplace) run(r run) *recorded {
	p.t.Helper()
	if r.before != nil {
		r.before(p)
	}
	if r.replace != nil {
		return r.replace(p)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := p.process(ctx, spell(p, r)...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(r.stdin), &out, &errs
	began := time.Now()
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(p.t, err)
	}
	require.NoError(p.t, ctx.Err(), "%s takes too long", r.name)
	if testing.Verbose() {
		cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		p.t.Logf("%-28s %5.1f s, %4.1f s of CPU", r.name, time.Since(began).Seconds(), cpu.Seconds())
	}
	got := &recorded{code: cmd.ProcessState.ExitCode()}
	kind := "json"
	if r.text {
		kind = "screen"
	}
	stdout := out.Bytes()
	if r.keep != "" {
		stdout = []byte(strings.Join(regexp.MustCompile(r.keep).FindAllString(out.String(), -1), "\n"))
	}
	got.add("stdout", kind, stdout)
	if r.short && len(got.parts) > 0 {
		got.parts[0].hashed = true
	}
	got.add("stderr", "notes", errs.Bytes())
	for _, f := range r.files {
		got.addPath(p, f)
	}
	return got
}

// output is what a run prints.
func (p *workplace) output(r run) []byte {
	p.t.Helper()
	out, err := p.process(p.t.Context(), spell(p, r)...).Output()
	require.NoError(p.t, err)
	return out
}

func (p *workplace) process(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Dir, cmd.Env = p.dir, p.env
	return cmd
}
