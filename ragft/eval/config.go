package eval

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/ragft/ragft/internal/nonnegative"
	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// System is one way of answering that is measured: a model, the passages it is
// shown and its prompt. Name and Model are required.
type System struct {
	Name    string // unique; used in tables and plots
	Model   model.Model
	Setting Setting // the passages shown; "" = none
	Prompt  string  // instruction; "" = Prompts.Read with passages, Prompts.Closed without

	// Template lays out the prompt with passages, in place of an instruction;
	// nil = that of Prompts if Prompt is empty.
	Template *prompt.Template

	// Ensemble, if set, answers from each passage separately and lets the answers
	// vote; nil = one answer from all passages together.
	Ensemble *answer.Ensemble

	// Rule, if set, decides before an answer whether to give one: what it declines is a refusal, and all else is answered with
	// the refusal excluded. The model must be able to exclude how an answer begins. nil = the model decides.
	Rule *abstain.Rule

	// Exclude is a refusal: no answer begins with it or with another wording of it, so that every question is answered. A Rule
	// excludes its own. "" = the model may decline.
	Exclude string

	// Extract takes the answer out of the generated text, as [answer.Final] does;
	// nil = the whole text. Citations are looked for in the whole text.
	Extract func(text string) string

	// Change, if set, changes the passages of the setting before they are shown.
	// found are the best passages of the search, many more than are shown. Change
	// may modify and return shown, but must not modify found.
	Change func(q question.Question, shown, found []retriever.Hit) []retriever.Hit
}

// Pair names two systems to be compared. Differences are Other - Base.
type Pair struct{ Base, Other string }

// Progress is the state of an evaluation.
type Progress struct {
	Stage  string // "search", "answer" (which includes judging) or "bootstrap"
	System string // the system at work in the stage "answer"
	Done   int
	Total  int // of this stage; the answers of all systems together
}

// Config says what to evaluate. Systems, Questions and, for a system that is shown
// passages, Search are required. Negative numbers are errors.
type Config struct {
	Systems   []System
	Questions []question.Question
	Search    retriever.Searcher
	Passages  int // passages shown with a question; 0 = 4
	// Evidence holds, by question id, the passages that a data set names as evidence,
	// for [SettingGold]; nil = the best passage that holds the answer. They replace
	// Question.Evidence if the words of the answer do not show which passage holds it.
	Evidence map[string][]retriever.Hit
	// Distractors holds, by question id, passages without the answer that came with a
	// data set, for [SettingDistractors]; nil = the best passages without it.
	Distractors map[string][]retriever.Hit
	Prompts     prompt.Set    // zero = the defaults
	Judge       judge.Options // without a Model there is no judge, and what string comparison leaves open is incorrect
	MaxTokens   int           // longest answer; 0 = 256
	Drafts      int           // short answers drawn beside each from passages, see [assistant.Options.Drafts]; 0 = none
	Stop        []string      // texts that end an answer
	Batch       int           // requests given to a model at a time, about; 0 = 32
	Seed        uint64        // of the bootstrap, the randomisation test and the judge
	Resamples   int           // samples of the bootstrap and of the randomisation test; 0 = 2000

	// Signals says what to ask beside the answers to find out how certain they are;
	// zero = nothing.
	Signals confidence.SignalOptions

	// Compare lists the pairs to compare; empty = each system with the first one of
	// the same setting.
	Compare []Pair

	// Progress is called from the goroutine that called [Run]; nil = not at all.
	Progress func(Progress)

	// OnRecord is called for each record of a system, in the order of the questions,
	// once it is judged; nil = not at all. hits are the passages that were shown, at
	// most 50 of them. cut says that passages were left out because they did not fit the
	// context, which [Record.Shortened] does not say for [SettingLong].
	OnRecord func(system string, r Record, hits []retriever.Hit, cut bool)
}

func (c Config) check() error {
	if len(c.Systems) == 0 {
		return fmt.Errorf("%w: no systems", ErrNothing)
	}
	if len(c.Questions) == 0 {
		return fmt.Errorf("%w: no questions", ErrNothing)
	}
	if err := errors.Join(nonnegative.Check(c), nonnegative.Check(c.Signals)); err != nil {
		return fmt.Errorf("ragft: evaluate: %w", err)
	}
	if err := c.Judge.Check(); err != nil {
		return fmt.Errorf("ragft: evaluate: %w", err)
	}
	if c.Judge.Knockout {
		return errors.New("ragft: evaluate: Judge.Knockout compares several answers to a question, but each system gives one")
	}
	names := map[string]bool{}
	for _, s := range c.Systems {
		if names[s.Name] {
			return fmt.Errorf("ragft: evaluate: two systems named %q", s.Name)
		}
		if err := c.checkSystem(s); err != nil {
			return fmt.Errorf("ragft: evaluate: %w", err)
		}
		names[s.Name] = true
	}
	for _, p := range c.Compare {
		if !names[p.Base] || !names[p.Other] {
			return fmt.Errorf("ragft: evaluate: cannot compare %q with %q: no such system", p.Base, p.Other)
		}
	}
	ids := map[string]bool{}
	for _, q := range c.Questions {
		if q.ID != "" && ids[q.ID] {
			return fmt.Errorf("ragft: evaluate: two questions with the id %q", q.ID)
		}
		ids[q.ID] = true
	}
	return nil
}

func (c Config) checkSystem(s System) error {
	if s.Ensemble != nil {
		if err := nonnegative.Check(*s.Ensemble); err != nil {
			return fmt.Errorf("system %q: Ensemble.%w", s.Name, err)
		}
	}
	switch {
	case s.Name == "":
		return errors.New("a system without a name")
	case s.Rule != nil && (!s.Setting.ShowsPassages() || s.Ensemble != nil):
		return fmt.Errorf("system %q: Rule needs passages that are shown together", s.Name)
	case s.Rule != nil && s.Rule.Check() != nil:
		return fmt.Errorf("system %q: %w", s.Name, s.Rule.Check())
	case s.Model == nil:
		return fmt.Errorf("system %q has no model", s.Name)
	case !s.Setting.known():
		return fmt.Errorf("system %q has the unknown setting %q", s.Name, s.Setting)
	case !s.Setting.ShowsPassages():
		return nil
	case c.Search == nil:
		return fmt.Errorf("system %q needs a Searcher", s.Name)
	}
	if err := reading.EnoughPassages(c.Search); err != nil {
		return fmt.Errorf("system %q: %w", s.Name, err)
	}
	return nil
}

func (c Config) withDefaults() Config {
	c.Passages = cmp.Or(c.Passages, reading.DefaultPassages)
	c.Batch = cmp.Or(c.Batch, 32)
	c.MaxTokens = cmp.Or(c.MaxTokens, 256)
	c.Resamples = cmp.Or(c.Resamples, stats.DefaultResamples)
	c.Prompts = c.Prompts.WithDefaults()
	c.Judge = c.Judge.WithDefaults()
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.OnRecord == nil {
		c.OnRecord = func(string, Record, []retriever.Hit, bool) {}
	}
	if len(c.Compare) == 0 {
		c.Compare = defaultPairs(c.Systems)
	}
	return c
}

// defaultPairs compares each system with the first of its setting.
func defaultPairs(systems []System) []Pair {
	var pairs []Pair
	first := map[Setting]string{}
	for _, s := range systems {
		if base, ok := first[s.Setting]; ok {
			pairs = append(pairs, Pair{Base: base, Other: s.Name})
		} else {
			first[s.Setting] = s.Name
		}
	}
	return pairs
}
