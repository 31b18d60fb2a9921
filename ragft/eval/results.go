package eval

import (
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/abstain"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/question"
)

// Estimate is a measured value with its 95% interval: Value, Low and High, and the
// number N of questions it is based on. A value that is not defined, such as a rate
// over no questions, is NaN, and null in JSON; Defined says whether there is a value,
// and Excludes whether a number lies outside a known interval.
type Estimate = stats.Estimate

// Evaluation is what [Run] measured, with all records.
type Evaluation struct {
	Questions   []Question               `json:"questions"`
	Systems     []SystemResult           `json:"systems"`
	Comparisons []Comparison             `json:"comparisons"`
	Passages    int                      `json:"passages"` // shown with a question
	Seed        uint64                   `json:"seed"`
	Resamples   int                      `json:"resamples"`
	Judge       string                   `json:"judge,omitempty"` // name of the judging model; "" = none
	Signals     confidence.SignalOptions `json:"signals"`         // asked beside the answers
	PromptHash  string                   `json:"prompt_hash"`
	Index       string                   `json:"index,omitempty"` // digest of the searched index; "" = none was searched, or it is unknown
	Version     string                   `json:"version"`         // of this library
}

// Question is a question with the passages that systems saw: those of
// [SettingRetrieval] first, best first, then those of other settings and changes. The
// passages of [SettingLong] are left out, as they are the whole corpus.
type Question struct {
	question.Question
	Documents []Document `json:"documents,omitempty"`
}

// Document is one passage.
type Document struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	Title  string  `json:"title,omitempty"`
	Text   string  `json:"text"`
	Score  float64 `json:"score"` // of the search; 0 = none
}

// Record is the answer of one system to one question.
type Record struct {
	QuestionID   string          `json:"question_id"`
	Unanswerable bool            `json:"unanswerable,omitempty"`
	Gap          question.Gap    `json:"gap,omitempty"` // of an unanswerable question
	Context      answer.Context  `json:"context"`
	Answer       string          `json:"answer"`
	Text         string          `json:"text,omitempty"` // the whole text, if System.Extract took the answer out of it
	Verdict      answer.Verdict  `json:"verdict"`
	Decision     answer.Decision `json:"decision"` // the step that decided the verdict
	Votes        *answer.Votes   `json:"votes,omitempty"`

	// ExactMatch, Contains, F1 and RougeL compare Answer with the reference answers.
	// They are 0 for a refusal and for an unanswerable question. ExactMatch and F1
	// follow the script of SQuAD, so that they can be compared with published figures;
	// the others, and verdicts, use [answer.Normalize].
	ExactMatch bool    `json:"exact_match"`
	Contains   bool    `json:"contains"`
	F1         float64 `json:"f1"`
	RougeL     float64 `json:"rouge_l"`

	// Confidence is the geometric mean of the token probabilities or, with
	// System.Ensemble, the answer's share of the vote, in [0, 1]; nil if the model
	// returns no probabilities.
	Confidence *float64           `json:"confidence,omitempty"`
	Signals    confidence.Signals `json:"signals,omitempty"` // see [Config.Signals]

	// Chance is the probability that the passages hold the answer, by System.Rule; nil without one. If the rule declined,
	// Draft is the answer that the model gave all the same, with its verdict.
	Chance       *float64       `json:"chance,omitempty"`
	Draft        string         `json:"draft,omitempty"`
	DraftVerdict answer.Verdict `json:"draft_verdict,omitempty"`

	Tokens       int  `json:"tokens,omitempty"` // of the generated text; 0 = unknown
	PromptTokens int  `json:"prompt_tokens,omitempty"`
	Truncated    bool `json:"truncated,omitempty"` // at MaxTokens

	// Seconds is the time that generating the answer took, its share of the batch; 0 =
	// unknown. A cached answer keeps the time of its generation.
	Seconds float64 `json:"seconds,omitempty"`

	Passages  int      `json:"passages,omitempty"`  // number shown
	Shown     []string `json:"shown,omitempty"`     // ids of the first 50 shown
	Shortened bool     `json:"shortened,omitempty"` // passages were left out to fit the context; false in SettingLong, which shows what fits

	// Citations are the places that the answer cites, by a quote of at least four words
	// or by the number of a passage, each once. If it cites none, they are the places
	// that support it, marked as Attributed. CitedNowhere are quotes that occur in no
	// passage, and numbers of no passage.
	Citations    []Citation `json:"citations,omitempty"`
	CitedNowhere []string   `json:"cited_nowhere,omitempty"`

	// Cited is the number of places that the answer cites, whether they exist or not;
	// CitedRight is the number of those that hold a reference answer, or a part of one
	// in parts. CitedWhole says that together they hold a whole reference answer.
	Cited      int  `json:"cited,omitempty"`
	CitedRight int  `json:"cited_right,omitempty"`
	CitedWhole bool `json:"cited_whole,omitempty"`

	cut bool // passages were left out to fit the context, in any setting
}

// Citation is a place in a passage that supports an answer; see [answer.Citation].
type Citation struct {
	Passage string  `json:"passage"` // its id
	Start   int     `json:"start"`   // bytes in the text of the passage
	End     int     `json:"end"`     // Quote == passage text[Start:End]
	Quote   string  `json:"quote"`
	Marker  int     `json:"marker,omitempty"` // the passage number that the model wrote; 0 = none
	Support float64 `json:"support"`          // share of the answer's words that occur in Quote, in [0, 1]
	Right   bool    `json:"right,omitempty"`  // Quote holds a reference answer, or a part of one in parts

	// Attributed says that the model cited no place, and that this one supports the
	// answer. It does not count as cited.
	Attributed bool `json:"attributed,omitempty"`
}

// SystemResult is what was measured of one system. Records[i] belongs to
// Evaluation.Questions[i].
type SystemResult struct {
	Name        string             `json:"name"`
	Model       string             `json:"model"`
	Setting     Setting            `json:"setting"`
	Prompt      string             `json:"prompt"`           // the instruction
	Layout      string             `json:"layout,omitempty"` // hash of the prompt with passages for a sample question
	Ensemble    *answer.Ensemble   `json:"ensemble,omitempty"`
	Drafts      int                `json:"drafts,omitempty"`      // drawn beside each answer
	Extracted   bool               `json:"extracted,omitempty"`   // System.Extract was set
	ScoresTrue  bool               `json:"scores_true,omitempty"` // the model can score texts, so the signal "p_true" is based on scores
	Metrics     []Metric           `json:"metrics"`
	Records     []Record           `json:"records"`
	Curve       []stats.CurvePoint `json:"curve,omitempty"`       // risk and coverage over all questions; empty without confidences
	Reliability []stats.Bin        `json:"reliability,omitempty"` // of the answers given; empty without confidences

	// Rule is System.Rule, and Tradeoff what other thresholds would do; nil without one.
	Rule     *abstain.Rule   `json:"rule,omitempty"`
	Tradeoff []TradeoffPoint `json:"tradeoff,omitempty"`

	// Matrix counts the questions by whether the passages held the answer, and by
	// verdict.
	Matrix map[answer.Context]map[answer.Verdict]int `json:"matrix"`
}

// Estimate returns the value of the metric with this key, or NaN with N 0 if there is
// none.
func (s *SystemResult) Estimate(key string) Estimate {
	for _, m := range s.Metrics {
		if m.Key == key {
			return m.Estimate
		}
	}
	return Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
}

// System returns the result of the system with this name, or nil.
func (e *Evaluation) System(name string) *SystemResult {
	for i := range e.Systems {
		if e.Systems[i].Name == name {
			return &e.Systems[i]
		}
	}
	return nil
}

// Check returns an error if an evaluation that was read from a file is inconsistent:
// if a system lacks records or a comparison names an unknown system.
func (e *Evaluation) Check() error {
	for _, s := range e.Systems {
		if len(s.Records) != len(e.Questions) {
			return fmt.Errorf("system %q has %d records for %d questions", s.Name, len(s.Records), len(e.Questions))
		}
	}
	for _, c := range e.Comparisons {
		for _, name := range []string{c.Base, c.Other} {
			if e.System(name) == nil {
				return fmt.Errorf("a comparison names the unknown system %q", name)
			}
		}
	}
	return nil
}

// Points returns the answers of a system and their conditions, as
// [confidence.Calibrate] and [confidence.Calibration.Test] take them. The error wraps
// [confidence.ErrUncalibrated] if there is no such system.
func (e *Evaluation) Points(system string) ([]confidence.Point, confidence.Conditions, error) {
	s := e.System(system)
	if s == nil {
		return nil, confidence.Conditions{}, fmt.Errorf("ragft: %w: the evaluation has no system %q", confidence.ErrUncalibrated, system)
	}
	points := make([]confidence.Point, len(s.Records))
	for i, r := range s.Records {
		points[i] = confidence.Point{
			Signals: r.Signals, Correct: isCorrect(&r), Refused: isRefused(&r), Question: e.Questions[i].Question.Question,
			Group: e.Questions[i].Group,
		}
	}
	return points, confidence.Conditions{
		System: s.Name, Model: s.Model, Signals: e.Signals, Setting: string(s.Setting), Passages: e.Passages, Prompt: s.Prompt,
		Layout: s.Layout, Ensemble: s.Ensemble, Drafts: s.Drafts, Extracted: s.Extracted, ScoresTrue: s.ScoresTrue, Index: e.Index,
	}, nil
}

// Comparison returns the comparison of two systems by their names, or nil.
func (e *Evaluation) Comparison(base, other string) *Comparison {
	for i := range e.Comparisons {
		if e.Comparisons[i].Base == base && e.Comparisons[i].Other == other {
			return &e.Comparisons[i]
		}
	}
	return nil
}
