package main

import (
	"maps"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete tells the shells what the flags of a command take: words of a choice, files where a file is named, and nothing
// otherwise.
func complete(cmd *cobra.Command) {
	words := map[string][]string{"recipe": recipeNames, "settings": slices.Sorted(maps.Keys(settingWords))}
	add := func(f *pflag.Flag) {
		values := words[f.Name]
		switch v := f.Value.(type) {
		case *choice:
			values = v.values
		case located:
			return // files, as shells do by themselves
		}
		cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) //nolint:errcheck // the flag is there
	}
	cmd.LocalNonPersistentFlags().VisitAll(add)
	if takesFiles := cmd.Name() == "index" || cmd.Name() == "models"; !takesFiles && len(cmd.ValidArgs) == 0 {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
}
