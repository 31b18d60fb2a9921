package main

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft"
)

func (a *app) serveCommand() *cobra.Command {
	c := command(askKeys+adapterKeys+"documents passages assistant serve search search-tuning.file", []option{
		weightsOption, adapterOption, embedOption, rerankOption,
		{flag: "documents", key: "documents", kind: "FOLDER", usage: "folder of the documents, so that citations can be opened"},
		{flag: "watch", key: "serve.watch", usage: "bring the index up to date whenever the documents change"},
		{flag: "files", key: "serve.files", kind: "FOLDER", usage: "folder in the documents that clients may add files to and remove them from"},
		{flag: "address", key: "serve.address", kind: "HOST:PORT", usage: "address to listen on (default 127.0.0.1:8080)"},
		{flag: "name", key: "serve.name", kind: "NAME", usage: "what requests call the tuned model (default tuned)"},
		{flag: "token-file", key: "serve.token-file", kind: "FILE", usage: "file with the token that clients must send (default: RAGFT_TOKEN)"},
		{flag: "no-retrieval", key: "serve.no-retrieval", usage: "answer without passages unless a request asks for them"},
		{flag: "passages", key: "passages", kind: "N", usage: "passages shown to the model (default: those of the training, else 4)"},
		{
			flag:  "min-confidence",
			key:   "assistant.min-confidence",
			kind:  "SHARE",
			usage: "abstain if the confidence is below this (default 0: never)",
		},
	}, &cobra.Command{
		Use: "serve", Short: "Serve the models over HTTP, compatible with OpenAI's API", Args: arguments(cobra.NoArgs),
		Long: `Serves /v1/chat/completions and the other routes of OpenAI's API, answering from the passages of the index with citations,
and a web page at /. Requests that name no model go to the tuned one; "base" is the model without the adapter.

The index may be changed meanwhile by 'ragft index', or by this command with --watch: answers come from the new text. With
--files, clients add and remove documents by /v1/files.

An address beyond loopback needs a token, from the environment variable RAGFT_TOKEN or --token-file.`,
	})
	return a.onProject(c, a.serve)
}

// serving is what serve prints with --json once it listens, and teach beside what it did.
type serving struct {
	Address string   `json:"address"`
	URL     string   `json:"url"`
	Models  []string `json:"models"`
}

func (a *app) serve(ctx context.Context, p *ragft.Project) error {
	return p.Serve(ctx, func(listening net.Addr, models []string) {
		address := listening.String()
		a.progress.end()
		if a.json {
			// Not at the end, since clients wait for the address. Whoever closed standard output may still ask.
			_ = errors.Join(a.keep(serving{address, "http://" + address, models}), a.printKept())
		}
		a.note("serving %s on http://%s; press Ctrl-C to stop", strings.Join(models, ", "), address)
	})
}
