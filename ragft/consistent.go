package ragft

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// mostDrafts bounds what an answer may cost.
const mostDrafts = 64

// consistent says which settings contradict each other, or have no effect. It
// looks at the config before defaults are filled in.
func (c *Config) consistent() error {
	errs := []error{c.Write.check(), c.Demonstrate.check(), c.Evaluate.check()}
	if c.Assistant.EnsembleTemperature != 0 && !c.Assistant.Ensemble {
		errs = append(errs, errors.New("assistant.ensemble-temperature needs assistant.ensemble: it has no effect without it"))
	}
	if c.Assistant.Drafts.Or(0) > 0 && (c.Assistant.Temperature > 0 || c.Assistant.Ensemble) {
		errs = append(errs, errors.New("assistant.drafts has no effect with assistant.temperature or assistant.ensemble: leave it out"))
	}
	if c.Assistant.Drafts.Or(0) > mostDrafts {
		errs = append(errs, fmt.Errorf("assistant.drafts is %d: at most %d are drawn", c.Assistant.Drafts.Or(0), mostDrafts))
	}
	if c.Train.Soft != 0 && c.Train.Loss != "" && c.Train.Loss != "last" {
		errs = append(errs, errors.New("train.soft needs train.loss last: what is shown to the model is the last answer of a row"))
	}
	errs = append(errs, c.Worker.check())
	if err := errors.Join(errs...); err != nil {
		return kindOf(ErrConfig, err)
	}
	return nil
}

func (c *WorkerConfig) check() error {
	none := len(c.Steps) == 0 || slices.Contains(c.Steps, "none")
	switch {
	case none && len(c.Steps) > 1:
		return errors.New("worker.steps: none cannot be combined with other steps")
	case none && (c.Memory != 0 || c.Priority != ""):
		return errors.New("worker.memory and worker.priority need worker.steps: they have no effect without it")
	}
	return nil
}

// recipeNames are those of the recipes.
var recipeNames = []string{"verified", "self-demo", "gold", "ralt", "raft", "memory", "pretrain"}

func (c *DemonstrateConfig) check() error {
	names := c.names()
	for _, name := range names {
		if !slices.Contains(recipeNames, name) {
			return fmt.Errorf("demonstrate.recipe: there is no %q; there are %s", name, strings.Join(recipeNames, ", "))
		}
	}
	if c.Search.On {
		return c.checkSearch()
	}
	return nil
}

// names are the recipes, without their weights.
func (c *DemonstrateConfig) names() []string {
	if len(c.Recipe) == 0 {
		return []string{"verified"}
	}
	var names []string
	for _, s := range c.Recipe {
		name, _, _ := strings.Cut(strings.TrimSpace(s), "=")
		names = append(names, strings.TrimSpace(name))
	}
	return names
}

func (c *DemonstrateConfig) checkSearch() error {
	g := c.SelfDemo
	switch {
	case !slices.Contains(c.names(), "self-demo"):
		return errors.New("demonstrate.search-prompts is for the recipe self-demo: the others generate no candidates")
	case len(g.ClosedPrompts)+len(g.ReadPrompts) > 0:
		return errors.New("demonstrate.search-prompts finds the messages that candidate-prompts-closed and candidate-prompts-read set: " +
			"leave it out, or them")
	case g.Closed.Or(3) == 0 && g.Read.Or(3) == 0:
		return errors.New("demonstrate.search-prompts finds messages for candidates-closed and candidates-read, and both are 0")
	}
	return nil
}

func (c *EvaluateConfig) check() error {
	f := c.Forgetting
	if c.MaxWrong == 1 || c.FailureRate == 1 {
		return errors.New("evaluate.max-wrong and evaluate.failure-rate are shares below 1")
	}
	if c.FailureRate != 0 && c.MaxWrong == 0 {
		return errors.New("evaluate.failure-rate needs evaluate.max-wrong: it has no effect without it")
	}
	if c.EnsembleTemperature != 0 && !c.Ensemble {
		return errors.New("evaluate.ensemble-temperature needs evaluate.ensemble: it has no effect without it")
	}
	if c.ConsistencyTemperature != 0 && c.Consistency == 0 {
		return errors.New("evaluate.consistency-temperature needs evaluate.consistency: it has no effect without it")
	}
	if (c.Injection == "") != (c.InjectionMark == "") {
		return errors.New("evaluate.injection and evaluate.injection-mark go together")
	}
	if !c.Robustness && (c.Injection != "" || c.RobustnessDistractors != nil) {
		return errors.New("evaluate.injection and evaluate.robustness-distractors need evaluate.robustness: they have no effect without it")
	}
	if c.Criteria != nil && c.FactQuestions+c.OverviewQuestions == "" {
		return errors.New("evaluate.criteria needs evaluate.fact-questions or evaluate.overview-questions: it has no effect without them")
	}
	for _, b := range []struct {
		budget            float64
		file, name, needs string
	}{
		{f.BudgetClosed.Or(0), f.ClosedQuestions, "budget-closed", "closed-questions"},
		{f.BudgetInstructions, f.Instructions, "budget-instructions", "instructions"},
		{f.BudgetTexts.Or(0), f.Texts, "budget-texts", "texts"}, {f.BudgetKL, f.Instructions, "budget-kl", "instructions"},
	} {
		if b.budget > 0 && b.file == "" {
			return fmt.Errorf("evaluate.forgetting.%s bounds what is measured on evaluate.forgetting.%s, which is not set", b.name, b.needs)
		}
	}
	return nil
}

// measured reports whether forgetting is measured.
func (c ForgettingConfig) measured() bool { return c.Texts+c.Instructions+c.ClosedQuestions != "" }
