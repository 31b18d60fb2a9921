//go:build cgo

package main

import (
	"cmp"
	"slices"

	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/opt"
)

// arm is a way of teaching a model, or of asking it.
type arm struct {
	name, about string
	recipe      []string            // of the rows; nil = the model is left as it is
	set         func(*ragft.Config) // what else is set for its project, which is then its own; nil = nothing
	rows        bool                // its project trains on the rows of the recipe's own
	first       string              // recipe that the adapter has learnt before, from the documents that are measured on
	taught      bool                // what is taught are the documents that are measured on
	tuned       bool                // the search is tuned on the questions to learn from
	ensemble    bool                // each passage is answered from alone, and the answers vote
	passages    int                 // shown with a question; 0 = as with all
	tokens      int                 // of the longest text; 0 = maxTokens
	final       bool                // the answer stands at the end of the text
	ruled       bool                // the rule decides what is answered
	careful     bool                // the instruction tells to decline
	few         int                 // questions of each kind, at most; 0 = all
	oneSeed     bool                // measured with the first seed alone
	models      []string            // on which it is measured; nil = all
}

// smallest are the models on which methods are measured that take long.
var smallest = []string{"SmolLM2-135M-Instruct"}

// fewQuestions is the number of questions of each kind that they are measured on.
const fewQuestions = 200

func arms() []arm {
	return slices.Concat(mainArms(), methodArms())
}

// mainArms are measured on every model.
func mainArms() []arm {
	verified := []string{"verified"}
	return []arm{
		{name: "untuned", about: "the model as it is"},
		{name: "told to decline", careful: true, about: "the model as it is, with an instruction to decline"},
		{name: "untuned, rule", ruled: true, about: "the model as it is, with the rule that decides what to answer"},
		{name: "default", recipe: verified, ruled: true, about: "verified demonstrations and the rule: what `teach` does"},
		{name: "default, free", recipe: verified, about: "the same adapter, which declines by itself"},
		{name: "gold", recipe: []string{"gold"}, ruled: true, oneSeed: true, about: "reference answers and one refusal, with the rule"},
		{name: "ralt", recipe: []string{"ralt"}, ruled: true, oneSeed: true, about: "RALT of RA-DIT, with the rule"},
		{
			name: "self-demo", recipe: []string{"self-demo"}, ruled: true, oneSeed: true,
			about: "the paper's self-demonstrations, with the rule",
		},
	}
}

// methodArms are measured with one seed on the smallest model.
func methodArms() []arm {
	verified := []string{"verified"}
	list := []arm{
		{
			name: "no anchors", recipe: verified, rows: true, ruled: true,
			set:   func(c *ragft.Config) { c.Train.AnchorShare = opt.Of(0.0) },
			about: "the default's rows without passages that hold the adapter to the model (`train.anchor-share` 0)",
		},
		{
			name: "soft targets", recipe: verified, rows: true, ruled: true, set: func(c *ragft.Config) { c.Train.Soft = 0.5 },
			about: "the default's rows, half of their loss taught by the model itself (`train.soft`), with the rule",
		},
		{
			name: "preferences", recipe: verified, ruled: true,
			set:   func(c *ragft.Config) { c.Demonstrate.Verified.Preferences = true },
			about: "the default's rows and preferences besides (DPO), with the rule",
		},
		{
			name: "raft", recipe: []string{"raft"}, ruled: true, tokens: 160, final: true,
			about: "RAFT: a quotation, then the answer, among distractors; with the rule",
		},
		{
			name: "hybrid", recipe: []string{"verified=2", "gold=1"}, ruled: true,
			about: "two parts verified demonstrations and one part reference answers, with the rule",
		},
		{
			name: "pre-trained first", recipe: verified, rows: true, first: "pretrain", ruled: true,
			about: "the documents that are asked about learnt as plain text, then the default's rows, with the rule",
		},
		{name: "tuned search", tuned: true, ruled: true, about: "the model as it is with the rule, and the search tuned (LSR of RA-DIT)"},
		{
			name: "ensemble", recipe: verified, ensemble: true,
			about: "the default's adapter, which answers from each passage alone; the answers vote (RA-DIT)",
		},
		{name: "8 passages", recipe: verified, passages: 8, ruled: true, about: "the default's adapter and rule, and 8 passages in place of 2"},
		{
			name: "memory", recipe: []string{"memory"}, taught: true, few: 40, tokens: 80,
			set: func(c *ragft.Config) {
				c.Demonstrate.Memory.Local, c.Demonstrate.Memory.Probes = opt.Of(2), 0.2
			},
			about: "the documents that are asked about learnt as questions about them; 40 questions of each kind",
		},
	}
	for i := range list {
		list[i].oneSeed, list[i].models = true, smallest
		list[i].few = cmp.Or(list[i].few, fewQuestions)
	}
	return list
}

// shares says whether the project of the arm is that of its recipe, which others with the same recipe share.
func (a arm) shares() bool { return a.set == nil && a.first == "" && !a.tuned && !a.taught }
