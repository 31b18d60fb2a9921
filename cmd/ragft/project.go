package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"
)

const projectName = "ragft.yaml"

// applyProject gives the command's flags the values of the project file, as far as the command line left them open. The
// file is a mapping of flags to values; under the name of a command stand values for that command alone, which go before
// the others. Every name must be known, and every value must be one that its flag takes, whatever the command.
func applyProject(cmd *cobra.Command, name string) error {
	given := name != ""
	if !given {
		name = projectName
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !given {
		return nil
	}
	if err != nil {
		return fmt.Errorf("project file: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return usageError(fmt.Errorf("%s: %w", name, err))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	p := project{name: name, command: cmd}
	for _, apply := range []bool{false, true} { // all of the file is checked before anything counts
		p.apply = apply
		if err := p.read(doc.Content[0]); err != nil {
			return usageError(err)
		}
	}
	return nil
}

type project struct {
	name    string
	command *cobra.Command
	apply   bool
	own     map[string]bool // flags that the section of the command sets
}

func (p *project) fail(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", p.name, n.Line, fmt.Sprintf(format, args...))
}

func (p *project) read(top *yaml.Node) error {
	if top.Kind != yaml.MappingNode {
		return p.fail(top, "a mapping of flags to values is expected")
	}
	p.own = map[string]bool{}
	seen := map[string]bool{}
	var plain [][2]*yaml.Node
	for i := 0; i < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		if seen[key.Value] {
			return p.fail(key, "%q stands there twice", key.Value)
		}
		seen[key.Value] = true
		if value.Kind != yaml.MappingNode {
			plain = append(plain, [2]*yaml.Node{key, value})
			continue
		}
		if err := p.section(key, value); err != nil {
			return err
		}
	}
	for _, kv := range plain {
		if err := p.flag(kv[0], kv[1]); err != nil {
			return err
		}
	}
	return nil
}

// section reads what is meant for one command.
func (p *project) section(key, value *yaml.Node) error {
	cmd := p.find(key.Value)
	if cmd == nil {
		return p.fail(key, "there is no command %q", key.Value)
	}
	for i := 0; i < len(value.Content); i += 2 {
		k, v := value.Content[i], value.Content[i+1]
		f := lookup(cmd, k.Value)
		if f == nil {
			return p.fail(k, "%q is no flag of %s%s", k.Value, cmd.CommandPath(), p.like(k.Value))
		}
		if err := p.set(cmd, f, k, v); err != nil {
			return err
		}
		if cmd == p.command {
			p.own[f.Name] = true
		}
	}
	return nil
}

// flag reads what is meant for all commands that have it.
func (p *project) flag(key, value *yaml.Node) error {
	known := false
	for _, cmd := range p.command.Root().Commands() {
		f := lookup(cmd, key.Value)
		if f == nil {
			continue
		}
		known = true
		if p.apply && (cmd != p.command || p.own[f.Name]) {
			continue
		}
		if err := p.set(cmd, f, key, value); err != nil {
			return err
		}
	}
	if !known {
		return p.fail(key, "%q is no flag of any command%s", key.Value, p.like(key.Value))
	}
	return nil
}

func (p *project) find(name string) *cobra.Command {
	for _, c := range p.command.Root().Commands() {
		if c.Name() == name && c.GroupID != "" {
			return c
		}
	}
	return nil
}

func lookup(cmd *cobra.Command, name string) *pflag.Flag {
	if cmd.GroupID == "" || name == "project" || name == "help" || name == "version" {
		return nil
	}
	if f := cmd.LocalNonPersistentFlags().Lookup(name); f != nil {
		return f
	}
	return cmd.Root().PersistentFlags().Lookup(name)
}

// like names a flag that may be meant.
func (p *project) like(name string) string {
	var names []string
	for _, cmd := range p.command.Root().Commands() {
		if cmd.GroupID == "" {
			continue
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if strings.ReplaceAll(name, "_", "-") == f.Name || strings.HasPrefix(f.Name, name) || strings.HasPrefix(name, f.Name) {
				names = append(names, f.Name)
			}
		})
	}
	if len(names) == 0 {
		return ""
	}
	slices.Sort(names)
	return "; did you mean " + strings.Join(slices.Compact(names), " or ") + "?"
}

// set gives a flag a value, or, before anything is applied, tries it: flags of the command line are put back.
func (p *project) set(cmd *cobra.Command, f *pflag.Flag, key, value *yaml.Node) error {
	values, err := p.scalars(value)
	if err != nil {
		return err
	}
	list, isList := f.Value.(pflag.SliceValue)
	if !isList && value.Kind == yaml.SequenceNode {
		return p.fail(value, "%s takes one value, not a list", key.Value)
	}
	if l, ok := f.Value.(located); ok {
		values[0] = l.relativeTo(filepath.Dir(p.name), values[0])
	}
	before, text := []string(nil), f.Value.String()
	if isList {
		before = slices.Clone(list.GetSlice())
		err = list.Replace(values)
	} else {
		err = f.Value.Set(values[0])
	}
	if err != nil {
		return p.fail(value, "%s: %v", key.Value, err)
	}
	if p.apply && cmd == p.command && !f.Changed {
		return nil
	}
	if isList {
		return list.Replace(before)
	}
	return f.Value.Set(text)
}

func (p *project) scalars(value *yaml.Node) ([]string, error) {
	nodes := []*yaml.Node{value}
	if value.Kind == yaml.SequenceNode {
		nodes = value.Content
	}
	var values []string
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			return nil, p.fail(n, "a value is expected")
		}
		values = append(values, n.Value)
	}
	return values, nil
}
