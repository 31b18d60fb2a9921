// Package metric holds the keys of the metrics of an evaluation.
package metric

import (
	"strconv"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
)

// The keys, in the order of tables.
const (
	ExactMatch        = "exact_match"
	F1                = "f1"
	Containment       = "containment"
	RougeL            = "rouge_l"
	Correct           = "correct"
	Coverage          = "coverage"
	SelectiveAccuracy = "selective_accuracy"
	Risk              = "risk"
	FalseRefusal      = "false_refusal"
	MadeUp            = "made_up"
	MadeUpAbsent      = "made_up_absent"
	MadeUpAltered     = "made_up_altered"
	OverAnswer        = "over_answer"
	Shown             = "shown"
	CorrectShown      = "correct_shown"
	IncorrectShown    = "incorrect_shown"
	CorrectUnshown    = "correct_not_shown"
	IncorrectUnshown  = "incorrect_not_shown"
	RefusedUnshown    = "refused_not_shown"
	Truthfulness      = "truthfulness"
	AbstainPrecision  = "abstention_precision"
	AbstainRecall     = "abstention_recall"
	AbstainF1         = "abstention_f1"
	CitationPrecision = "citation_precision"
	CitationRecall    = "citation_recall"
	PromptTokens      = "prompt_tokens"
	AnswerTokens      = "answer_tokens"
	Seconds           = "seconds"
	AURC              = "aurc"
	EAURC             = "e_aurc"
	AUROC             = "auroc"
	ECE               = "ece"
	Brier             = "brier"
	AUCAbsent         = "auc_absent"
	AUCAltered        = "auc_altered"
)

// IsCost reports whether a metric counts tokens or seconds, which tables show
// without an interval.
func IsCost(key string) bool { return key == PromptTokens || key == AnswerTokens || key == Seconds }

// Cost writes the mean tokens or seconds of an answer.
func Cost(key string, e stats.Estimate) string {
	if !e.Defined() {
		return figures.NoValue
	}
	return strconv.FormatFloat(e.Value, 'f', map[string]int{AnswerTokens: 1, Seconds: 3}[key], 64)
}

// Memory lists the metrics that tables of fact and overview questions show.
func Memory() []string { return []string{Correct, F1, RougeL, PromptTokens, AnswerTokens, Seconds} }

// Sweep lists the metrics that tables and plots of a sweep of adapter scales show.
func Sweep() []string { return []string{Truthfulness, Correct, MadeUp} }
