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

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/model/ollama"
	"github.com/ragft/ragft/retriever"
)

type doctorFlags struct {
	modelFlags
	questionFlags
	ollama []string
}

func (a *app) doctorCommand() *cobra.Command {
	var o doctorFlags
	cmd := &cobra.Command{
		Use: "doctor", Short: "Say what this machine and project have, and what to do about what is missing", Args: arguments(cobra.NoArgs),
		Long: "Looks at processor, memory, disk, llama.cpp and its backends, Ollama, the model and the project's files.\n" +
			"Exit code 4 says that something that is needed is missing.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDoctor(cmd.Context(), o) },
	}
	f := cmd.Flags()
	f.VarP(modelValue(&o.model), "model", "m", "base model to look at: "+modelForms)
	o.questionFlags.add(f)
	f.StringSliceVar(&o.ollama, "ollama", nil, "URLs of Ollama servers (default: that of OLLAMA_HOST)")
	f.StringSliceVar(&o.rpc, "rpc", nil, "ggml RPC servers to try, host:port")
	return cmd
}

// What a finding is worth.
const (
	fine    = "ok"
	note    = "note"    // works without it
	missing = "missing" // does not
)

// finding is one thing that was looked at.
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

func (a *app) runDoctor(ctx context.Context, o doctorFlags) error {
	f := &findings{}
	f.add("ragft", fine, fmt.Sprintf("%s, %s, %s/%s, %d threads", ragft.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), "")
	a.checkMemory(f)
	a.checkDisk(f)
	if !hasNative {
		f.add("llama.cpp", missing, "this build has none: no training, and models only of servers",
			"run ./build.sh, then CGO_ENABLED=1 go install ./cmd/ragft (it needs gcc or clang)")
	}
	a.checkNative(ctx, f, o)
	a.checkOllama(ctx, f, o)
	a.checkModel(ctx, f, o)
	a.checkProject(f, o)
	wanted := 0
	for _, x := range f.list {
		if x.Status == missing {
			wanted++
		}
	}
	if err := a.result(map[string]any{"findings": f.list, "missing": wanted}, f.write); err != nil {
		return err
	}
	if wanted > 0 {
		return missingError(fmt.Errorf("%d of what is needed is missing", wanted))
	}
	return nil
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

func (a *app) checkMemory(f *findings) {
	free, total := machineMemory()
	switch {
	case total == 0:
		f.add("memory", note, "this system does not tell", "")
	case free == 0:
		f.add("memory", fine, sizeText(total), "")
	default:
		f.add("memory", fine, fmt.Sprintf("%s of %s free", sizeText(free), sizeText(total)), "")
	}
}

func (a *app) checkDisk(f *findings) {
	dir := a.dir
	if _, err := os.Stat(dir); err != nil {
		dir = "."
	}
	free, err := freeDisk(dir)
	switch {
	case err != nil:
		f.add("disk", note, err.Error(), "")
	case free < 1<<30:
		f.add("disk", note, sizeText(free)+" free", "make room: adapters, checkpoints and merged models need it")
	default:
		f.add("disk", fine, sizeText(free)+" free", "")
	}
}

func (a *app) checkOllama(ctx context.Context, f *findings, o doctorFlags) {
	needed, servers := note, slices.Clone(o.ollama)
	if len(servers) > 0 {
		needed = missing
	}
	if len(servers) == 0 {
		servers = []string{""}
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
		f.add("ollama", needed, "no server at "+base.String(), "if you want one: 'ollama serve', or set OLLAMA_HOST to where it runs")
		return
	}
	served, err := ollamaModels(ctx, server)
	if err != nil {
		f.add("ollama", needed, err.Error(), "")
		return
	}
	f.add("ollama", fine, fmt.Sprintf("version %s at %s, %d models", version, base, len(served)), "")
}

func (a *app) checkModel(ctx context.Context, f *findings, o doctorFlags) {
	const choose = "name a GGUF file with --model, or as model: in ragft.yaml; 'ragft models' lists what is here"
	if o.model == "" {
		f.add("model", note, "none is named", choose)
		return
	}
	servers, err := o.servers()
	if err != nil {
		f.add("model", missing, err.Error(), choose)
		return
	}
	if len(servers) > 0 {
		checkServed(ctx, f, servers)
		return
	}
	if !hasNative {
		f.add("model", missing, o.model+": this build runs no files", "name a server's model: "+modelForms)
		return
	}
	file, err := ollama.Resolve(ctx, o.model)
	if err != nil {
		f.add("model", missing, err.Error(), choose)
		return
	}
	path := file.Path
	m := describeGGUF(path)
	switch {
	case m.Error != "":
		f.add("model", missing, m.Error, choose)
		return
	case m.Kind != "model":
		f.add("model", missing, fmt.Sprintf("%s is no model (%s)", path, m.Kind), choose)
		return
	}
	detail := fmt.Sprintf("%s: %s %s %s, context %d, %s", path, m.Architecture, m.Parameters, m.Type, m.Context, sizeText(uint64(m.Bytes)))
	if free, _ := machineMemory(); free > 0 && uint64(m.Bytes) > free {
		f.add("model", note, detail, "it is larger than the free memory: take a smaller quantisation, or spread it with --rpc")
		return
	}
	f.add("model", fine, detail, "")
}

// checkServed asks each server for the model.
func checkServed(ctx context.Context, f *findings, servers []served) {
	for _, s := range servers {
		list, do := ollamaModels, "ollama pull "+s.name+" there, or start it with 'ollama serve'"
		if s.kind == "openai" {
			list, do = openAIModels, "start it, set OPENAI_BASE_URL or the address behind the model's name, and OPENAI_API_KEY where it wants a key"
		}
		has, err := list(ctx, s.url)
		name := s.kind + ":" + s.name
		is := func(m modelInfo) bool { return m.Name == s.name || m.Name == s.name+":latest" }
		at := cmp.Or(s.url, "the server of the environment")
		switch {
		case err != nil && s.kind == "openai" && !isAny(err, model.ErrUnavailable, model.ErrUnauthorized):
			f.add("model", note, name+": "+err.Error(), "ask it: 'ragft ask'")
		case err != nil:
			f.add("model", missing, name+": "+err.Error(), do)
		case slices.ContainsFunc(has, is):
			f.add("model", fine, name+" at "+at, "")
		case s.kind == "openai":
			f.add("model", note, fmt.Sprintf("%s does not list %s, which need not mean that it has none", at, s.name), "'ragft models' lists what it has")
		default:
			f.add("model", missing, at+" has no "+s.name, do)
		}
	}
}

// checkProject tells which of the steps were done.
func (a *app) checkProject(f *findings, o doctorFlags) {
	index, err := a.openIndex()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.add("index", note, "none in "+a.dir, "ragft index FOLDER")
	case errors.Is(err, retriever.ErrLocked):
		f.add("index", note, err.Error(), "")
	case err != nil:
		f.add("index", missing, err.Error(), "ragft index --rebuild FOLDER")
	default:
		f.add("index", fine, fmt.Sprintf("%d passages in %s", index.Len(), index.Path()), "")
		index.Close()
	}
	questions := cmp.Or(o.questions, a.path(questionsName))
	train, held, err := o.read(a)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.add("questions", note, "there is no "+questions, "ragft questions, or a file of your own with --questions")
	case err != nil:
		f.add("questions", missing, err.Error(), "correct the file")
	default:
		f.add("questions", fine, fmt.Sprintf("%s: %d to learn from, %d held out", questions, len(train), len(held)), "")
	}
	for _, step := range []struct{ name, file, do string }{
		{"rows", rowsName, "ragft demos"}, {"adapter", adapterName, "ragft train"}, {"evaluation", evaluationName, "ragft eval"},
	} {
		if _, err := os.Stat(a.path(step.file)); err != nil {
			f.add(step.name, note, "none in "+a.dir, step.do)
			continue
		}
		f.add(step.name, fine, a.path(step.file), "")
	}
}
