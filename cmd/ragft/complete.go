package main

import (
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete tells shells what the flags of a command take: certain words, files, or nothing to complete.
func complete(cmd *cobra.Command) {
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		s, ok := f.Value.(*setting)
		if ok && slices.Contains([]string{"FILE", "FOLDER", "MODEL"}, s.kind) {
			return // files, as shells do by themselves
		}
		var words []string
		if ok {
			words = s.words
		}
		cmd.RegisterFlagCompletionFunc(
			f.Name,
			cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp),
		) //nolint:errcheck // the flag exists
	})
	if takesFiles := slices.Contains([]string{"teach", "index", "models", "convert"}, cmd.Name()); !takesFiles && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}
