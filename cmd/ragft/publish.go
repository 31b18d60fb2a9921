package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/atomicfile"
	"github.com/ragft/ragft/ragft/publish"
)

type publishFlags struct {
	modelFlags
	ollama     string
	name       string
	as         string
	merged     string
	template   string
	system     string
	parameters []string
	stop       []string
	modelfile  string
}

func (a *app) publishCommand() *cobra.Command {
	var o publishFlags
	cmd := &cobra.Command{
		Use: "publish NAME", Short: "Put the tuned model on an Ollama server", Args: arguments(cobra.MaximumNArgs(1)),
		Long: `Creates a model of base and adapter on an Ollama server and asks it for one token. Where the server cannot run the
adapter, the merged model takes its place. A model NAME that is there already is replaced once the new one has answered. With --modelfile, writes a Modelfile for 'ollama create' instead.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				o.name = args[0]
			}
			return a.runPublish(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.VarP(modelValue(&o.model), "model", "m", "base model: "+localForms)
	o.addAdapter(f)
	f.StringVar(&o.ollama, "ollama", "", "URL of the Ollama server (default: that of OLLAMA_HOST)")
	f.StringVar(&o.name, "publish-name", "", "name of the new model, where the command line gives none")
	f.Var(choiceValue(&o.as, "auto", "auto", "adapter", "merged"), "as", "the adapter, the merged model, or what the server takes")
	f.Var(pathValue(&o.merged, ""), "merged", "keep the merged model in this file")
	f.Var(pathValue(&o.template, ""), "template-file", "file with the Go template of the prompts, where the server knows none")
	f.StringVar(&o.system, "system", "", "system message")
	f.StringArrayVar(&o.stop, "stop", nil, "text that ends an answer; may be given several times")
	f.StringSliceVar(&o.parameters, "parameters", nil, "parameters of the model, such as temperature=0")
	f.Var(pathValue(&o.modelfile, ""), "modelfile", "write a Modelfile there, and publish nothing")
	return cmd
}

func (a *app) runPublish(ctx context.Context, o publishFlags) error {
	p, err := o.options(a)
	if err != nil {
		return err
	}
	if o.modelfile != "" {
		text, err := p.Modelfile()
		if err != nil {
			return err
		}
		if err := atomicfile.Write(o.modelfile, func(w io.Writer) error { _, err := io.WriteString(w, text); return err }); err != nil {
			return err
		}
		return a.result(map[string]string{"modelfile": o.modelfile}, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "%s: use it with 'ollama create NAME -f %s'\n", o.modelfile, o.modelfile)
			return err
		})
	}
	if o.name == "" {
		return usageError(errors.New("the new model needs a name: ragft publish NAME"))
	}
	r, err := publish.Publish(ctx, p)
	if errors.Is(err, publish.ErrNoTemplate) {
		return fmt.Errorf("%w; here: --template-file FILE", err)
	}
	if err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		if r.Reason != "" {
			a.note("the server does not run the adapter (%s): the merged model took its place", r.Reason)
		}
		_, err := fmt.Fprintf(w, "ollama:%s: published as %s, and it answers\n", r.Name, r.As)
		return err
	})
}

func (o publishFlags) options(a *app) (publish.Options, error) {
	p := publish.Options{Name: o.name, From: o.model, BaseURL: o.ollama, Merged: o.merged, System: o.system, Logger: a.log}
	p.Status = func(text string) { a.note("%s", text) }
	if servers, err := o.servers(); err != nil || len(servers) > 0 && servers[0].url != "" {
		return p, errors.Join(err, usageError(errors.New("the server to publish on is named by --ollama, and --model without an address")))
	}
	if o.as != "auto" {
		p.As = publish.As(o.as)
	}
	if o.scale != 1 {
		return p, usageError(errors.New("adapters run at the scale 1 only in Ollama: merge with 'ragft merge --scale', and publish that file with --adapter none"))
	}
	if o.template != "" {
		text, err := os.ReadFile(o.template)
		if err != nil {
			return p, err
		}
		p.Template = string(text)
	}
	if len(o.stop) > 0 {
		p.Parameters = map[string]any{"stop": o.stop}
	}
	for _, s := range o.parameters {
		key, text, found := strings.Cut(s, "=")
		if !found {
			return p, usageError(fmt.Errorf("--parameters takes NAME=VALUE, not %q", s))
		}
		var value any = text
		if json.Unmarshal([]byte(text), &value) != nil {
			value = text
		}
		if p.Parameters == nil {
			p.Parameters = map[string]any{}
		}
		p.Parameters[key] = value
	}
	var err error
	p.Adapter, err = a.adapterPath(o.modelFlags)
	return p, err
}
