package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ollama/ollama/api"
	"github.com/ollama/ollama/envconfig"
	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/gguf"
	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft/model/openai"
	"github.com/ragft/ragft/ragft/opt"
)

type modelsFlags struct {
	ollama []string
	openai []string
}

func (a *app) modelsCommand() *cobra.Command {
	var o modelsFlags
	cmd := &cobra.Command{
		Use: "models [FOLDER...]", Short: "List the models and adapters on this machine", Args: arguments(cobra.ArbitraryArgs),
		Long: "Lists the GGUF files in the folders (by default this one and the project folder), and the models of servers: Ollama's, " +
			"and those\n" +
			"with OpenAI's API that --openai or OPENAI_BASE_URL names.",
		RunE: func(cmd *cobra.Command, args []string) error { return a.runModels(cmd.Context(), o, args) },
	}
	cmd.Flags().StringSliceVar(&o.openai, "openai", nil, "`URL`s of servers with OpenAI's API (default: OPENAI_BASE_URL, if set)")
	cmd.Flags().StringSliceVar(&o.ollama, "ollama", nil, "`URL`s of Ollama servers (default: OLLAMA_HOST)")
	return cmd
}

// modelsResult is what models prints with --json.
type modelsResult struct {
	Models []modelInfo `json:"models"`
	Ollama string      `json:"ollama"` // "ok", or why a server did not answer
	OpenAI string      `json:"openai"`
}

type modelInfo struct {
	Name         string `json:"name"` // as --model and --adapter take it
	Kind         string `json:"kind"` // "model", "adapter" or "other"
	Architecture string `json:"architecture,omitempty"`
	Parameters   string `json:"parameters,omitempty"`
	Type         string `json:"type,omitempty"` // of most of its weights
	Context      uint64 `json:"context,omitempty"`
	Bytes        int64  `json:"bytes"`           // 0 = unknown
	Error        string `json:"error,omitempty"` // why the file cannot be used
}

func (a *app) runModels(ctx context.Context, o modelsFlags, folders []string) error {
	if len(folders) == 0 {
		folders = []string{".", cmp.Or(a.config.Dir, ".ragft")}
	}
	r := modelsResult{Models: []modelInfo{}}
	for _, folder := range folders {
		found, err := ggufFiles(folder)
		if err != nil {
			return err
		}
		r.Models = append(r.Models, found...)
	}
	if len(o.ollama) == 0 {
		o.ollama = []string{""}
	}
	if len(o.openai) == 0 && os.Getenv("OPENAI_BASE_URL") != "" {
		o.openai = []string{""}
	}
	r.Ollama = r.ask(ctx, "ollama", o.ollama, ollamaModels)
	r.OpenAI = r.ask(ctx, "openai", o.openai, openAIModels)
	err := a.result(r, func(w io.Writer) error {
		if r.Ollama != "ok" {
			a.note("Ollama: %s", r.Ollama)
		}
		if r.OpenAI != "ok" {
			a.note("OpenAI's API: %s", r.OpenAI)
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, m := range r.Models {
			what := strings.Join(strings.Fields(fmt.Sprint(m.Architecture, " ", m.Parameters, " ", m.Type)), " ")
			if m.Error != "" {
				what = m.Error
			}
			size := ""
			if m.Bytes > 0 {
				size = plural.Bytes(uint64(m.Bytes))
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", m.Name, m.Kind, size, what)
		}
		return t.Flush()
	})
	if err == nil && len(r.Models) == 0 {
		return emptyError(fmt.Errorf("no models in %s", strings.Join(folders, ", ")))
	}
	return err
}

// ask adds the models of the servers, and says which of them did not answer.
func (r *modelsResult) ask(
	ctx context.Context,
	kind string,
	servers []string,
	list func(ctx context.Context, server string) ([]modelInfo, error),
) string {
	var down []error
	for _, server := range servers {
		found, err := list(ctx, server)
		for _, m := range found {
			if m.Name = kind + ":" + m.Name; server != "" {
				m.Name += "@" + server
			}
			r.Models = append(r.Models, m)
		}
		if err != nil {
			down = append(down, err)
		}
	}
	if len(down) > 0 {
		return errors.Join(down...).Error()
	}
	return "ok"
}

// ggufFiles describes the GGUF files directly in a folder.
func ggufFiles(folder string) ([]modelInfo, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.gguf"))
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var found []modelInfo
	for _, p := range paths {
		found = append(found, describeGGUF(p))
	}
	return found, nil
}

func describeGGUF(path string) modelInfo {
	m := modelInfo{Name: path, Kind: "other"}
	f, err := gguf.Open(path)
	if err != nil {
		m.Error = err.Error()
		return m
	}
	defer f.Close()
	m.Bytes = f.Size()
	m.Architecture, _ = f.Text("general.architecture")
	kind, _ := f.Text("general.type")
	switch {
	case kind == "adapter":
		m.Kind = "adapter"
	case (kind == "" || kind == "model") && m.Architecture != "" && len(f.Tensors()) > 0:
		m.Kind = "model"
	}
	m.Context, _ = f.Uint(m.Architecture + ".context_length")
	parameters, byType := int64(0), map[gguf.Type]int64{}
	for _, t := range f.Tensors() {
		parameters += t.Elements()
		byType[t.Type] += t.Elements()
	}
	most := int64(-1)
	for t, n := range byType {
		if n > most || n == most && t.String() < m.Type {
			m.Type, most = t.String(), n
		}
	}
	m.Parameters = parameterText(parameters)
	return m
}

func parameterText(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", float64(n)/1e6)
	}
	return fmt.Sprintf("%dk", n/1000)
}

// askTime is how long a server may take to list its models.
const askTime = 5 * time.Second

// ollamaClient is a client that gives up soon.
func ollamaClient(server string) (*api.Client, *url.URL, error) {
	base := envconfig.Host()
	if server != "" {
		var err error
		if base, err = url.Parse(server); err != nil || base.Host == "" {
			return nil, nil, usageError(fmt.Errorf("invalid address %q: expected one such as http://127.0.0.1:11434", server))
		}
	}
	return api.NewClient(base, &http.Client{Timeout: askTime}), base, nil
}

// ollamaModels lists the models of a server.
func ollamaModels(ctx context.Context, server string) ([]modelInfo, error) {
	client, base, err := ollamaClient(server)
	if err != nil {
		return nil, err
	}
	list, err := client.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("no server at %s: start it with 'ollama serve', or set OLLAMA_HOST", base)
	}
	var found []modelInfo
	for _, m := range list.Models {
		found = append(found, modelInfo{
			Name: m.Name, Kind: "model", Architecture: m.Details.Family, Parameters: m.Details.ParameterSize,
			Type: m.Details.QuantizationLevel, Bytes: m.Size,
		})
	}
	return found, nil
}

// openAIModels lists the models of a server with OpenAI's API.
func openAIModels(ctx context.Context, server string) ([]modelInfo, error) {
	list, err := openai.List(ctx, openai.Options{BaseURL: server, Timeout: askTime, Retries: opt.Of(0)})
	var found []modelInfo
	for _, name := range list {
		found = append(found, modelInfo{Name: name, Kind: "model"})
	}
	return found, err
}
