package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/modelname"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model"
)

func (a *app) doctorCommand() *cobra.Command {
	var ollama []string
	cmd := command(askKeys+adapterKeys+"documents judge test-share rows passages index write demonstrate train decide evaluate search "+
		"search-tuning", []option{modelOption}, &cobra.Command{
		Use: "doctor", Short: "Check this machine and the project, and say what to do about what is missing", Args: arguments(cobra.NoArgs),
		Long: "Checks processor, memory, disk, llama.cpp and its backends, Ollama, the model and the files of the project.\n" +
			"Exit code 4: a required item is missing.",
	})
	cmd.Flags().StringSliceVar(&ollama, "ollama", nil, "`URL`s of Ollama servers (default: OLLAMA_HOST)")
	return a.onProject(cmd, func(ctx context.Context, p *ragft.Project) error { return a.doctor(ctx, p, ollama) })
}

// The states of a finding.
const (
	fine    = "ok"
	note    = "note"    // optional
	missing = "missing" // required
)

// finding is the result of one check.
type finding struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"` // what to do about it
}

type findings struct{ list []finding }

func (f *findings) add(name, status, detail, do string) {
	f.list = append(f.list, finding{name, status, detail, do})
}

func (a *app) doctor(ctx context.Context, p *ragft.Project, ollamas []string) error {
	f := &findings{}
	c := p.Config()
	f.add(
		"ragft",
		fine,
		fmt.Sprintf(
			"%s, %s, %s/%s, %s",
			ragft.Version,
			runtime.Version(),
			runtime.GOOS,
			runtime.GOARCH,
			plural.N(runtime.NumCPU(), "thread"),
		),
		"",
	)
	checkMemory(f)
	checkDisk(f, c.Dir)
	if !hasNative {
		f.add("llama.cpp", missing, "not in this build: no training, and only models on servers",
			"run ./build.sh, then CGO_ENABLED=1 go install ./cmd/ragft (it needs gcc or clang)")
	}
	checkNative(ctx, f, p)
	checkOllama(ctx, f, ollamas)
	checkModel(ctx, f, p)
	checkProject(ctx, f, p)
	if err := ctx.Err(); err != nil {
		return err
	}
	r := diagnosis{Findings: f.list}
	for _, x := range f.list {
		if x.Status == missing {
			r.Missing++
		}
	}
	if err := a.result(r, f.write); err != nil {
		return err
	}
	switch r.Missing {
	case 0:
		return nil
	case 1:
		return missingError(errors.New("1 required item is missing"))
	}
	return missingError(fmt.Errorf("%d required items are missing", r.Missing))
}

// diagnosis is what doctor prints with --json.
type diagnosis struct {
	Findings []finding `json:"findings"`
	Missing  int       `json:"missing"`
}

func (f *findings) write(w io.Writer) error {
	for _, x := range f.list {
		if _, err := fmt.Fprintf(w, "%-8s %-10s %s\n", x.Status, x.Name, x.Detail); err != nil {
			return err
		}
		if x.Do != "" {
			fmt.Fprintf(w, "%-19s -> %s\n", "", x.Do)
		}
	}
	return nil
}

func checkMemory(f *findings) {
	free, total := machineMemory()
	switch {
	case total == 0:
		f.add("memory", note, "unknown on this system", "")
	case free == 0:
		f.add("memory", fine, plural.Bytes(total), "")
	default:
		f.add("memory", fine, fmt.Sprintf("%s of %s free", plural.Bytes(free), plural.Bytes(total)), "")
	}
}

func checkDisk(f *findings, dir string) {
	if _, err := os.Stat(dir); err != nil {
		dir = "."
	}
	free, err := freeDisk(dir)
	switch {
	case err != nil:
		f.add("disk", note, err.Error(), "")
	case free < 1<<30:
		f.add("disk", note, plural.Bytes(free)+" free", "free some space: adapters, checkpoints and merged models need it")
	default:
		f.add("disk", fine, plural.Bytes(free)+" free", "")
	}
}

// checkOllama looks for the servers. Those that are named are required.
func checkOllama(ctx context.Context, f *findings, servers []string) {
	needed := missing
	if len(servers) == 0 {
		needed, servers = note, []string{""}
	}
	for _, server := range servers {
		checkServer(ctx, f, server, needed)
	}
}

func checkServer(ctx context.Context, f *findings, server, needed string) {
	client, base, err := ollamaClient(server)
	if err != nil {
		f.add("ollama", missing, err.Error(), "")
		return
	}
	version, err := client.Version(ctx)
	if err != nil {
		f.add("ollama", needed, "no server at "+base.String(), "start one with 'ollama serve', or set OLLAMA_HOST")
		return
	}
	served, err := ollamaModels(ctx, server)
	if err != nil {
		f.add("ollama", needed, err.Error(), "")
		return
	}
	f.add("ollama", fine, fmt.Sprintf("version %s at %s, %s", version, base, plural.N(len(served), "model")), "")
}

const chooseModel = "name a GGUF file with --model, or as model in ragft.yaml; 'ragft models' lists what is here"

func checkModel(ctx context.Context, f *findings, p *ragft.Project) {
	name := p.Config().Model
	if name == "" {
		f.add("model", note, "none named", chooseModel)
		return
	}
	servers, err := modelname.Servers(name, hasNative)
	if err != nil {
		f.add("model", missing, err.Error(), chooseModel)
		return
	}
	if len(servers) > 0 {
		checkServed(ctx, f, servers)
		return
	}
	if !hasNative {
		f.add("model", missing, name+": this build runs no files", "name a server's model: "+modelForms)
		return
	}
	path, err := p.ModelFile(ctx)
	if err != nil {
		f.add("model", missing, err.Error(), chooseModel)
		return
	}
	m := describeGGUF(path)
	switch {
	case m.Error != "":
		f.add("model", missing, m.Error, chooseModel)
		return
	case m.Kind != "model":
		f.add("model", missing, fmt.Sprintf("%s is not a model (%s)", path, m.Kind), chooseModel)
		return
	}
	detail := fmt.Sprintf(
		"%s: %s %s %s, context %d, %s",
		path,
		m.Architecture,
		m.Parameters,
		m.Type,
		m.Context,
		plural.Bytes(uint64(m.Bytes)),
	)
	if free, _ := machineMemory(); free > 0 && uint64(m.Bytes) > free {
		f.add(
			"model",
			note,
			detail,
			"larger than the free memory: use a smaller quantisation, or spread it over machines with --set rpc=HOST:PORT",
		)
		return
	}
	if slow := p.SlowType(ctx); slow != "" {
		f.add("model", note, detail, slow+" is slow on this processor: ragft convert "+path+" OUTPUT --type q8_0, and use OUTPUT")
		return
	}
	f.add("model", fine, detail, "")
}

// checkServed asks each server for the model.
func checkServed(ctx context.Context, f *findings, servers []modelname.Server) {
	for _, s := range servers {
		list, do := ollamaModels, "ollama pull "+s.Name+" there, or start it with 'ollama serve'"
		if s.Kind == "openai" {
			list, do = openAIModels, "start it; set OPENAI_BASE_URL, or the address after the model's name; set OPENAI_API_KEY if it needs a key"
		}
		has, err := list(ctx, s.URL)
		name := s.Kind + ":" + s.Name
		is := func(m modelInfo) bool { return m.Name == s.Name || m.Name == s.Name+":latest" }
		at := cmp.Or(s.URL, "the server named by the environment")
		switch {
		case err != nil && s.Kind == "openai" && !isAny(err, model.ErrUnavailable, model.ErrUnauthorized):
			f.add("model", note, name+": "+err.Error(), "try it: ragft ask")
		case err != nil:
			f.add("model", missing, name+": "+err.Error(), do)
		case slices.ContainsFunc(has, is):
			f.add("model", fine, name+" at "+at, "")
		case s.Kind == "openai":
			f.add(
				"model",
				note,
				fmt.Sprintf("%s does not list %s; it may have it all the same", at, s.Name),
				"'ragft models' lists what it has",
			)
		default:
			f.add("model", missing, at+" does not have "+s.Name, do)
		}
	}
}

// checkProject says which of the steps were done.
func checkProject(ctx context.Context, f *findings, p *ragft.Project) {
	dir := p.Config().Dir
	passages, err := p.Passages()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.add("index", note, "none in "+dir, "ragft index FOLDER")
	case err != nil:
		f.add("index", missing, err.Error(), "ragft index --rebuild FOLDER")
	default:
		f.add("index", fine, fmt.Sprintf("%s in %s", plural.N(passages, "passage"), p.Path("index")), "")
	}
	questions := cmp.Or(p.Config().Questions, p.Path("questions.jsonl"))
	train, held, err := p.Split()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.add("questions", note, "there is no "+questions, "ragft questions, or a file of your own with --questions")
	case err != nil:
		f.add("questions", missing, err.Error(), "correct the file")
	default:
		f.add("questions", fine, fmt.Sprintf("%s: %d to learn from, %d for the evaluation", questions, len(train), len(held)), "")
	}
	steps, err := p.Status(ctx)
	if err != nil {
		f.add("steps", missing, err.Error(), "")
	}
	results := map[string]string{ragft.StepDemonstrate: "rows", ragft.StepTrain: "adapter", ragft.StepEvaluate: "evaluation"}
	for _, s := range steps {
		name := results[s.Step]
		switch {
		case name == "":
		case s.State == ragft.StateCurrent:
			f.add(name, fine, s.State, "")
		case s.Broken:
			f.add(name, missing, s.Reason, "")
		default:
			f.add(name, note, strings.TrimSuffix(s.State+": "+s.Reason, ": "), "ragft "+s.Step)
		}
	}
	fault, err := p.Fault(ctx)
	switch {
	case err != nil:
		f.add("improve", note, err.Error(), "ragft evaluate")
	case fault != "":
		f.add("improve", fine, fault, "")
	}
}
