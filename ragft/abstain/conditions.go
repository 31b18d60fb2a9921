package abstain

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ragft/ragft/internal/layout"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/retriever"
)

// ErrConditions means that a rule was fitted under other conditions than those under which it is to decide.
var ErrConditions = errors.New("the rule was fitted under other conditions")

// Conditions returns what the signals depend on when a model answers from so many passages of a search at most: the hashes of the
// model, of its adapter and the scale of that, whatever the files are called; the number of passages; a hash of the prompt; and how
// the search ranks, whatever the documents are, if it has a method Ranking as [retriever.Index] and [retriever.Tuned] have.
func Conditions(m model.Model, search retriever.Searcher, prompts prompt.Set, passages int) map[string]string {
	c := map[string]string{
		"model": identity(m.Name()), "passages": strconv.Itoa(passages), "prompt": layout.Fingerprint(prompts.ReadMessages),
	}
	if ranking := reading.RankingOf(search); ranking != "" {
		c[searchCondition] = ranking
	}
	return c
}

// searchCondition is the name of the condition of which some searches say nothing.
const searchCondition = "search"

// hashes finds the hash of a file, and the scale of an adapter, in the name of a local model.
var hashes = regexp.MustCompile(`@([0-9a-f]{16}(?:\*[^+]*)?)(?:\+|$)`)

// identity returns the name of a model without the names of its files, if it has hashes of them.
func identity(name string) string {
	found := hashes.FindAllStringSubmatch(name, -1)
	if found == nil {
		return name
	}
	parts := make([]string, len(found))
	for i, f := range found {
		parts[i] = f[1]
	}
	return strings.Join(parts, "+")
}

// Holds returns nil if the rule was fitted under these conditions, as [Conditions] returns them. Those that the rule does not name
// are not compared, and neither is a search that does not say how it ranks. The error wraps [ErrConditions] and names those that
// differ, or says that the rule has none.
func (r *Rule) Holds(now map[string]string) error {
	if len(r.Conditions) == 0 {
		return fmt.Errorf("%w, which it does not name", ErrConditions)
	}
	var different []string
	for _, name := range slices.Sorted(maps.Keys(r.Conditions)) {
		then := r.Conditions[name]
		is, known := now[name]
		switch {
		case then == is, name == searchCondition && !known:
		case name == "prompt":
			different = append(different, "a different prompt")
		default:
			different = append(different, fmt.Sprintf("%s %s, not %s", name, then, is))
		}
	}
	if len(different) > 0 {
		return fmt.Errorf("%w: %s; fit it again, or answer without it", ErrConditions, strings.Join(different, "; "))
	}
	return nil
}
