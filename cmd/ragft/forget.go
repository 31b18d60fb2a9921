package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/internal/plural"
	"github.com/ragft/ragft/ragft"
)

func (a *app) forgetCommand() *cobra.Command {
	return command("documents questions rows adapter forget report.file", []option{
		{flag: "documents", key: "documents", kind: "FOLDER", usage: "folder of the documents, where PATH is one in it"},
	}, &cobra.Command{
		Use: "forget PATH", Short: "Remove the text of a document from the project", Args: arguments(cobra.ExactArgs(1)),
		Long: `Removes a document, or all documents in a folder, from the index, whose files are rewritten, and from the training rows.
Whatever may quote it is deleted: the cache of model output, evaluation, answers, report, the files of an unfinished training, the
questions that the recipe memory kept, and the data in the folders trl and axolotl. It also works after the document was deleted and
'ragft index' has run since. The document itself and the questions stay: delete them yourself. Adapter and merged model are named if
they may have been trained on the document; retrain to remove it.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.Close()
			return a.forget(cmd.Context(), p, args[0])
		},
	})
}

func (a *app) forget(ctx context.Context, p *ragft.Project, document string) error {
	r, err := p.Forget(ctx, document)
	if err != nil {
		return err
	}
	return a.result(r, func(w io.Writer) error {
		for _, name := range r.Files {
			a.note("deleted %s", name)
		}
		if r.Purged && r.Passages == 0 {
			a.note("the index was rewritten, because its files still held text of passages removed earlier")
		}
		if r.There {
			a.note("%s is still in the folder, and will be indexed again: delete it there, too", r.Document)
		}
		for _, name := range r.Weights {
			a.note("%s may have been trained on it: train again without it, or delete it", name)
		}
		_, err := fmt.Fprintf(w, "%s: removed %s and %s\n", r.Document, plural.N(r.Passages, "passage"), plural.N(r.Rows, "row"))
		return err
	})
}
