package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// option is a flag that sets a key of the project file for one run.
type option struct {
	flag  string
	short string
	key   string   // of ragft.Config
	kind  string   // what help shows for its value: FILE, N, ...; "" for a switch
	words []string // the values it takes, for shell completion
	list  bool     // may be given several times, and takes values divided by commas
	usage string
}

// setting is the value of an option as it was given.
type setting struct {
	option
	values []string
}

func (s *setting) String() string { return strings.Join(s.values, ",") }

func (s *setting) Type() string {
	if s.kind == "" {
		return "bool" // help shows no value then
	}
	return s.kind
}

func (s *setting) Set(text string) error {
	if !s.list {
		s.values = []string{text}
		return nil
	}
	s.values = append(s.values, text)
	return nil
}

// addOptions gives the command the options.
func addOptions(cmd *cobra.Command, options []option) {
	for _, o := range options {
		f := cmd.Flags().VarPF(&setting{option: o}, o.flag, o.short, o.usage)
		if o.kind == "" {
			f.NoOptDefVal = "true"
		}
	}
}

// settings are the values of the options that were given, in order of their names.
func settings(cmd *cobra.Command) (given []*setting) {
	flags := cmd.Flags()
	flags.SortFlags = true
	for _, f := range changed(flags) {
		if s, ok := f.Value.(*setting); ok {
			given = append(given, s)
		}
	}
	return given
}

// apply sets in the configuration what the options and --set say.
func (a *app) apply(cmd *cobra.Command) error {
	by := map[string]string{} // the option that set a key
	a.given = map[string]bool{}
	if a.quick {
		for _, s := range quickSettings {
			if s[0] == "write.limit" && a.config.Write.Import != "" {
				continue // has no effect on imported questions
			}
			if err := a.config.Set(s[0], s[1]); err != nil {
				return err
			}
		}
	}
	for _, s := range settings(cmd) {
		if err := a.config.Set(s.key, s.String()); err != nil {
			return usageError(fmt.Errorf("--%s: %s", s.flag, strings.TrimPrefix(err.Error(), s.key+": ")))
		}
		by[s.key], a.given[s.key] = "--"+s.flag, true
	}
	for _, s := range a.sets {
		key, value, found := strings.Cut(s, "=")
		if !found {
			return usageError(fmt.Errorf("--set %s: KEY=VALUE is expected, such as --set train.warmup=0", s))
		}
		if err := effective(cmd, key); err != nil {
			return usageError(err)
		}
		if other := by[key]; other != "" {
			return usageError(fmt.Errorf("--set %s: %s sets %s already", s, other, key))
		}
		if err := a.config.Set(key, value); err != nil {
			return usageError(fmt.Errorf("--set %s: %w", s, err))
		}
		a.given[key] = true
	}
	return nil
}

// effective is an error if the command does not read the key.
func effective(cmd *cobra.Command, key string) error {
	if reads(cmd, key) {
		return nil
	}
	var others []string
	for _, c := range cmd.Root().Commands() {
		if reads(c, key) && c.Name() != "doctor" { // which reads all, to say what is out of date
			others = append(others, "'ragft "+c.Name()+"'")
		}
	}
	if len(others) == 0 {
		return nil // there is no such key, which Set says
	}
	return fmt.Errorf("--set %s has no effect on '%s': it is for %s", key, cmd.CommandPath(), strings.Join(others, ", "))
}

// reads reports whether a command reads a key.
func reads(cmd *cobra.Command, key string) bool {
	section, _, _ := strings.Cut(key, ".")
	return cmd.GroupID != "" && (key == "dir" ||
		slices.ContainsFunc(strings.Fields(cmd.Annotations["keys"]), func(s string) bool { return s == section || s == key }))
}

// Keys at the top of the project file that commands read together.
const (
	runKeys     = " sequences context threads attention verify gpu-layers rpc requests " // to run a model
	askKeys     = " model questions seed language prompts " + runKeys                    // to ask it; the questions tell the language
	adapterKeys = " adapter scale "                                                      // to use its adapter
)

// flagsFor names the flags of a command for the keys that a message mentions.
func flagsFor(cmd *cobra.Command, message string) string {
	var flags []string
	cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if s, ok := f.Value.(*setting); ok && strings.Contains(s.key, ".") && strings.Contains(message, s.key) &&
			!strings.Contains(message, "--"+f.Name) {
			flags = append(flags, fmt.Sprintf("--%s for %s", f.Name, s.key))
		}
	})
	return strings.Join(flags, ", ")
}

// command gives a command its options, and the keys and sections of the project file that it reads.
func command(keys string, options []option, c *cobra.Command) *cobra.Command {
	c.Annotations = map[string]string{"keys": keys}
	addOptions(c, options)
	return c
}
