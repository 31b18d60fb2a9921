package eval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/ragft/ragft/internal/reading"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/version"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/judge"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/prompt"
	"github.com/ragft/ragft/ragft/question"
	"github.com/ragft/ragft/retriever"
)

// System is one way of answering, to be measured: a model, what it is shown,
// and its system message.
type System struct {
	Name    string // unique; stands in tables and plots
	Model   model.Model
	Setting Setting // the passages shown; zero = none
	Prompt  string  // system message; "" = Prompts.Read with passages, Prompts.Closed without

	// Template lays out the prompt with passages, in place of a system message;
	// nil = that of Prompts where Prompt is empty.
	Template *prompt.Template

	// Ensemble, where set, answers from each passage alone and lets the answers
	// vote, rather than from all of them together.
	Ensemble *answer.Ensemble

	// Extract takes the answer out of what the model wrote, as [answer.Final]
	// does; nil = all of it. Citations are looked for in the whole text.
	Extract func(text string) string

	// Change, where set, changes the passages of the setting before they are
	// shown. found are the best of the search, many more than are shown. It may
	// change and return shown, which is its own, and must not change found. See
	// [robust.Run].
	Change func(q question.Question, shown, found []retriever.Hit) []retriever.Hit
}

// Pair names two systems to be compared: the differences are Other - Base.
type Pair struct{ Base, Other string }

// EvalProgress tells how far an evaluation is.
type Progress struct {
	Stage  string // "search", "answer" (and judge), or "bootstrap"
	System string // the system at work in the stage "answer"
	Done   int
	Total  int // of this stage; answers of all systems together
}

// EvalConfig says what to evaluate. Systems, Questions and, for a system with
// retrieval, Search are needed; every other field works as its zero value.
type Config struct {
	Systems   []System
	Questions []question.Question
	Search    retriever.Searcher
	K         int // passages shown; 0 = 4
	// Evidence holds, by question id, the passages that a data set names as its
	// evidence, for SettingGold; nil = the best passage that holds the answer.
	// Where the words of the answer do not show which passage holds it, these
	// take the place of Question.Evidence.
	Evidence map[string][]retriever.Hit
	// Distractors holds, by question id, passages that came with it and do not
	// hold the answer, for SettingDistractors; nil = the best of the search that do not.
	Distractors map[string][]retriever.Hit
	Prompts     prompt.Set    // zero = the defaults
	Judge       judge.Options // Model nil = no judge: what the comparison of strings leaves open is incorrect
	MaxTokens   int           // limit of an answer; 0 = 256
	Stop        []string      // texts that end an answer
	Batch       int           // questions given to a model at once; 0 = 32
	Seed        uint64        // seeds the bootstrap and the judge's draws
	Resamples   int           // bootstrap samples, and shuffles of a randomisation test; 0 = DefaultResamples

	// Signals says what is asked beside the answers, to know how sure they are.
	Signals confidence.SignalOptions

	// Compare lists the pairs to compare. nil = each system with the first one
	// of the same setting.
	Compare []Pair

	// Progress is called from the goroutine of Evaluate; nil = silent.
	Progress func(Progress)

	KeepHits bool // in the records, for [robust.Run]
}

// Evaluation is what [Run] measured, with every record it rests on.
type Evaluation struct {
	Questions   []Question               `json:"questions"`
	Systems     []SystemResult           `json:"systems"`
	Comparisons []Comparison             `json:"comparisons"`
	K           int                      `json:"k"`
	Seed        uint64                   `json:"seed"`
	Resamples   int                      `json:"resamples"`
	Judge       string                   `json:"judge,omitempty"` // name of the judging model; "" = none
	Signals     confidence.SignalOptions `json:"signals"`         // asked beside the answers
	PromptHash  string                   `json:"prompt_hash"`
	Index       string                   `json:"index,omitempty"` // digest of what was searched; "" = nothing was, or it has none
	Version     string                   `json:"version"`         // of this library
}

// EvalQuestion is a question with the passages that systems saw: those of
// SettingRetrieval first, best first, then what other settings and changes
// showed. Those of SettingLong are left out: they are the corpus.
type Question struct {
	question.Question
	Documents []Document `json:"documents,omitempty"`
}

// EvalDocument is one passage.
type Document struct {
	ID     string  `json:"id"`
	Source string  `json:"source"`
	Title  string  `json:"title,omitempty"`
	Text   string  `json:"text"`
	Score  float64 `json:"score"`
}

// Record is what one system made of one question.
type Record struct {
	QuestionID   string          `json:"question_id"`
	Unanswerable bool            `json:"unanswerable,omitempty"`
	Context      answer.Context  `json:"context"`
	Answer       string          `json:"answer"`
	Text         string          `json:"text,omitempty"` // all that the model wrote, where System.Extract took the answer out of it
	Verdict      answer.Verdict  `json:"verdict"`
	Decision     answer.Decision `json:"decision"`
	Votes        *answer.Votes   `json:"votes,omitempty"`

	// ExactMatch, Contains, F1 and RougeL are 0 for a refusal, whatever words
	// it shares with the gold answer, and for an unanswerable question.
	// ExactMatch and F1 compare as the script of SQuAD does, so that they can be
	// held against published figures; the others, and verdicts, by [answer.Normalize].
	ExactMatch bool    `json:"exact_match"`
	Contains   bool    `json:"contains"`
	F1         float64 `json:"f1"`
	RougeL     float64 `json:"rouge_l"`

	// Confidence is the geometric mean of the token probabilities, or, with
	// System.Ensemble, the answer's share of the vote; nil where the model does
	// not tell.
	Confidence   *float64           `json:"confidence,omitempty"`
	Signals      confidence.Signals `json:"signals,omitempty"` // see [Config.Signals]
	Tokens       int                `json:"tokens,omitempty"`
	PromptTokens int                `json:"prompt_tokens,omitempty"`
	Truncated    bool               `json:"truncated,omitempty"`

	// Seconds is the time that the answer took when it was generated, its share
	// of the batch; 0 where it is not known.
	Seconds float64 `json:"seconds,omitempty"`

	Passages  int      `json:"passages,omitempty"`  // shown
	Shown     []string `json:"shown,omitempty"`     // their ids, of at most 50
	Shortened bool     `json:"shortened,omitempty"` // passages were left out to fit the context; false in SettingLong, which shows what fits

	// Citations are the places that the answer cites, by a quote of at least
	// four words or by the number of a passage, once each; where it cites none,
	// those that it seems to rest on, marked as attributed. CitedNowhere are the
	// quotes that no passage holds and the numbers that name none.
	Citations    []CitedPlace `json:"citations,omitempty"`
	CitedNowhere []string     `json:"cited_nowhere,omitempty"`

	// Cited counts what the model cited, found or not, and CitedRight what of
	// it holds a gold answer, or a part of one in parts. CitedWhole: together
	// it holds a gold answer, or all of its parts.
	Cited      int  `json:"cited,omitempty"`
	CitedRight int  `json:"cited_right,omitempty"`
	CitedWhole bool `json:"cited_whole,omitempty"`

	Changed bool            `json:"-"` // System.Change changed what is shown
	Cut     bool            `json:"-"` // not all of it was shown, whatever the setting
	Hits    []retriever.Hit `json:"-"` // shown, at most 50, with EvalConfig.keepHits
}

// CitedPlace is a place in a passage that an answer rests on; see [answer.Citation].
type CitedPlace struct {
	Passage string  `json:"passage"` // its id
	Start   int     `json:"start"`   // bytes in the text of the passage
	End     int     `json:"end"`     // Quote == passage text[Start:End]
	Quote   string  `json:"quote"`
	Marker  int     `json:"marker,omitempty"` // the number that the model wrote; 0 = none
	Support float64 `json:"support"`          // share of the answer's words that stand in Quote
	Right   bool    `json:"right,omitempty"`  // Quote holds a gold answer, or a part of one in parts

	// Attributed: the model cited no place, and this one has its words. Shown, not counted.
	Attributed bool `json:"attributed,omitempty"`
}

// Matrix counts evidence against outcome.
type Matrix map[answer.Context]map[answer.Verdict]int

// Total is the number of questions of one side of the evidence axis.
func (m Matrix) Total(c answer.Context) int {
	n := 0
	for _, count := range m[c] {
		n += count
	}
	return n
}

// SystemResult is what was measured of one system. Records[i] belongs to
// Evaluation.Questions[i].
type SystemResult struct {
	Name        string             `json:"name"`
	Model       string             `json:"model"`
	Setting     Setting            `json:"setting"`
	Prompt      string             `json:"prompt"`           // the system message used
	Layout      string             `json:"layout,omitempty"` // hash of the prompt with passages to an example
	Ensemble    *answer.Ensemble   `json:"ensemble,omitempty"`
	Extracted   bool               `json:"extracted,omitempty"`   // System.Extract took the answers out of the texts
	ScoresTrue  bool               `json:"scores_true,omitempty"` // the model can score, which SignalTrue is found by then
	Metrics     []Metric           `json:"metrics"`
	Matrix      Matrix             `json:"matrix"`
	Curve       []stats.CurvePoint `json:"curve,omitempty"`       // risk against coverage of all questions; empty without confidences
	Reliability []stats.Bin        `json:"reliability,omitempty"` // of the answers given; empty without confidences
	Records     []Record           `json:"records"`
}

// Estimate returns the value of the metric with this key; a NaN with N 0 if
// there is none.
func (s *SystemResult) Estimate(key string) stats.Estimate {
	for _, m := range s.Metrics {
		if m.Key == key {
			return m.Estimate
		}
	}
	return stats.Estimate{Value: math.NaN(), Low: math.NaN(), High: math.NaN()}
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

// Check reports what keeps an evaluation that came from a file from being shown
// or measured again.
func (e *Evaluation) Check() error {
	for _, s := range e.Systems {
		if len(s.Records) != len(e.Questions) {
			return fmt.Errorf("system %q has %d records for %d questions", s.Name, len(s.Records), len(e.Questions))
		}
	}
	for _, c := range e.Comparisons {
		for _, name := range []string{c.Base, c.Other} {
			if e.System(name) == nil {
				return fmt.Errorf("a comparison names the system %q, which is not there", name)
			}
		}
	}
	return nil
}

// Points are the answers of a system as [confidence.Calibrate] and [confidence.Calibration.Test] take
// them; the error wraps [confidence.ErrUncalibrated] where there is no such system.
func (e *Evaluation) Points(system string) (confidence.Points, error) {
	s := e.System(system)
	if s == nil {
		return confidence.Points{}, fmt.Errorf("ragft: %w: the evaluation has no system %q", confidence.ErrUncalibrated, system)
	}
	out := confidence.Points{System: s.Name, Model: s.Model, Signals: e.Signals, Conditions: confidence.Conditions{
		Setting: string(s.Setting), Passages: e.K, Prompt: s.Prompt, Layout: s.Layout, Ensemble: s.Ensemble, Extracted: s.Extracted,
		ScoresTrue: s.ScoresTrue, Index: e.Index,
	}}
	for i, r := range s.Records {
		out.Points = append(out.Points, confidence.Point{
			Signals: r.Signals, Correct: IsCorrect(&r), Refused: isRefused(&r), Question: e.Questions[i].Question.Question,
		})
	}
	return out, nil
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

// Evaluate lets every system answer every question greedily and measures what
// came out. The passages of a question are searched once, so all systems with
// retrieval see the same ones.
//
// A question is answered, refused or answered wrong as the cascade decides: see
// [judge.Options]. For an unanswerable question a refusal is the right outcome
// and any answer is Incorrect. A blank answer is a refusal, since nothing is
// said and an [assistant.Assistant] declines in its place; its Decision is ByEmpty. For a
// system that is shown nothing the context is always Absent.
//
// Intervals are 95% percentile intervals of a bootstrap over questions, paired
// for differences; see [stats.DefaultResamples]. A difference is a finding where its
// interval leaves 0 out and a test agrees: McNemar's where both are shares of
// the same questions, approximate randomisation (Noreen 1989) otherwise. The result depends on the models'
// answers and Seed alone. When ctx ends, Evaluate returns its error. A judge
// whose replies can never be read is [judge.ErrUnread].
func Run(ctx context.Context, config Config) (*Evaluation, error) {
	if err := config.check(); err != nil {
		return nil, err
	}
	e := &evaluator{Config: config.withDefaults()}
	err := e.search(ctx)
	if err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	out := &Evaluation{
		Questions: e.questions, K: e.K, Seed: e.Seed, Resamples: e.Resamples, Signals: e.Signals,
		PromptHash: e.Prompts.Hash(), Version: version.Version,
	}
	if e.Judge.Model != nil {
		out.Judge = e.Judge.Model.Name()
	}
	if out.Index, err = e.digest(ctx); err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	for i, system := range e.Systems {
		records, err := e.answerAll(ctx, system, i*len(e.Questions))
		if err != nil {
			return nil, fmt.Errorf("ragft: evaluate %s: %w", system.Name, err)
		}
		out.Systems = append(out.Systems, e.describe(system, records))
	}
	if err := e.measure(ctx, out); err != nil {
		return nil, fmt.Errorf("ragft: evaluate: %w", err)
	}
	return out, nil
}

func (c Config) check() error {
	if len(c.Systems) == 0 {
		return fmt.Errorf("%w: no systems", judge.ErrNothingToEvaluate)
	}
	if len(c.Questions) == 0 {
		return fmt.Errorf("%w: no questions", judge.ErrNothingToEvaluate)
	}
	names := map[string]bool{}
	for _, s := range c.Systems {
		switch {
		case s.Name == "":
			return errors.New("ragft: evaluate: a system without a name")
		case names[s.Name]:
			return fmt.Errorf("ragft: evaluate: two systems named %q", s.Name)
		case s.Model == nil:
			return fmt.Errorf("ragft: evaluate: system %q has no model", s.Name)
		case !s.Setting.known():
			return fmt.Errorf("ragft: evaluate: system %q has the setting %q, which there is not", s.Name, s.Setting)
		case s.Setting.WithDocuments() && c.Search == nil:
			return fmt.Errorf("ragft: evaluate: system %q needs a Searcher", s.Name)
		case s.Setting.WithDocuments():
			if err := reading.EnoughPassages(c.Search); err != nil {
				return fmt.Errorf("ragft: evaluate: system %q: %w", s.Name, err)
			}
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

func (c Config) withDefaults() Config {
	setDefault := func(field *int, value int) {
		if *field <= 0 {
			*field = value
		}
	}
	setDefault(&c.K, 4)
	setDefault(&c.Batch, 32)
	setDefault(&c.MaxTokens, 256)
	setDefault(&c.Resamples, stats.DefaultResamples)
	c.Prompts = c.Prompts.WithDefaults()
	c.Judge = c.Judge.WithDefaults()
	c.Signals = c.Signals.WithDefaults()
	if c.Progress == nil {
		c.Progress = func(Progress) {}
	}
	if c.Compare == nil {
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
