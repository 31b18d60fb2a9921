package eval

import (
	"math"
	"slices"
	"strconv"

	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
)

// The keys of the metrics in [SystemResult.Metrics] and [Comparison.Differences].
const (
	MetricExactMatch        = "exact_match"
	MetricF1                = "f1"
	MetricContainment       = "containment"
	MetricRougeL            = "rouge_l"
	MetricCorrect           = "correct"
	MetricCoverage          = "coverage"
	MetricSelectiveAccuracy = "selective_accuracy"
	MetricRisk              = "risk"
	MetricFalseRefusal      = "false_refusal"
	MetricMadeUp            = "made_up"
	MetricOverAnswer        = "over_answer"
	MetricTruthfulness      = "truthfulness"
	MetricAbstainPrecision  = "abstention_precision"
	MetricAbstainRecall     = "abstention_recall"
	MetricAbstainF1         = "abstention_f1"
	MetricAURC              = "aurc"
	MetricEAURC             = "e_aurc"
	MetricAUROC             = "auroc"
	MetricECE               = "ece"
	MetricBrier             = "brier"

	MetricCitationPrecision = "citation_precision"
	MetricCitationRecall    = "citation_recall"
	MetricPromptTokens      = "prompt_tokens"
	MetricAnswerTokens      = "answer_tokens"
	MetricSeconds           = "seconds"
)

// Direction says which way a metric improves.
type Direction int

// The directions. Neither is that of coverage: more answers are better only
// if they are right.
const (
	LowerIsBetter  Direction = -1
	Neither        Direction = 0
	HigherIsBetter Direction = 1
)

// Metric is one measured metric of a system.
type Metric struct {
	Key       string         `json:"key"`
	Name      string         `json:"name"`
	Meaning   string         `json:"meaning"`
	Direction Direction      `json:"direction"`
	Rate      bool           `json:"rate"` // a share or score that reads well in percent
	Estimate  stats.Estimate `json:"estimate"`
}

// metricDefinition says how a metric comes from records. Exactly one of part
// and pool is set.
type metricDefinition struct {
	Metric
	// part gives the share of one record in the numerator and the denominator.
	part func(r *Record) (num, den float64)
	// pool computes from all answered records with a confidence.
	pool func(r stats.Ranking, weights []float64) float64
	// scale is the least and the greatest num of one question, for a metric
	// that is a mean over questions; zero for any other.
	scale [2]float64
	// binary: num is 0 or 1, so the metric is a rate of questions.
	binary bool
	// needs, where set, is what a record at least has to meet for the metric to
	// say anything of the system.
	needs func(r *Record) bool
	// untested: neither bootstrap nor test hold for it, so that it has no interval
	// and no finding: the value, and every bootstrap sample of it, depends on how
	// many answers there are ([stats.ECE]), or answers are not independent (seconds).
	untested bool
}

// where limits a metric to systems of which a record meets needs.
func (d metricDefinition) where(needs func(r *Record) bool) metricDefinition {
	d.needs = needs
	return d
}

// binaryRate is a metric over the records of which holds, that counts those
// of which hit holds as well.
func binaryRate(key, name, meaning string, dir Direction, of, hit func(r *Record) bool) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: dir, Rate: true},
		binary: true, scale: [2]float64{0, 1},
		part: func(r *Record) (num, den float64) {
			if !of(r) {
				return 0, 0
			}
			return stats.Indicator(hit(r)), 1
		},
	}
}

// meanScore is the mean of a score over the answerable questions.
func meanScore(key, name, meaning string, score func(r *Record) float64) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: HigherIsBetter, Rate: true},
		scale:  [2]float64{0, 1},
		part: func(r *Record) (num, den float64) {
			if r.Unanswerable {
				return 0, 0
			}
			return score(r), 1
		},
	}
}

func confidenceMetric(key, name, meaning string, dir Direction, pool func(stats.Ranking, []float64) float64) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: dir}, pool: pool,
	}
}

// expectedCalibrationError is biased upwards, by about 1/sqrt(answers in a bin)
// for a system that is calibrated (Roelofs et al. 2022).
func expectedCalibrationError() metricDefinition {
	d := confidenceMetric(MetricECE, "ECE", "mean gap of confidence and accuracy, 15 bins", LowerIsBetter, stats.Ranking.Ece)
	d.untested = true
	return d
}

// secondsTaken is the mean of shares: answers generated together have the same
// one, so that there are as many independent figures as calls, not as answers,
// and what else the machine did is in each.
func secondsTaken() metricDefinition {
	d := cost(MetricSeconds, "seconds", "seconds an answer took when it was generated, mean", func(r *Record) float64 { return r.Seconds })
	d.untested = true
	return d
}

func isAny(*Record) bool { return true }

func isAnswerable(r *Record) bool { return !r.Unanswerable }

func isUnanswerable(r *Record) bool { return r.Unanswerable }

func isAnswered(r *Record) bool { return r.Verdict != answer.Refused }

func isRefused(r *Record) bool { return r.Verdict == answer.Refused }

func IsCorrect(r *Record) bool { return r.Verdict == answer.Correct }

func isIncorrect(r *Record) bool { return r.Verdict == answer.Incorrect }

func isPresent(r *Record) bool { return r.Context == answer.Present }

func isAbsent(r *Record) bool { return r.Context == answer.Absent }

// metricDefinitions lists the metrics in the order of tables.
func metricDefinitions() []metricDefinition {
	return []metricDefinition{
		binaryRate(MetricExactMatch, "exact match", "answer equals a gold answer, compared as SQuAD's script does, of answerable questions",
			HigherIsBetter, isAnswerable, func(r *Record) bool { return r.ExactMatch }),
		meanScore(MetricF1, "F1", "token F1 against the gold answers, compared as SQuAD's script does, of answerable questions",
			func(r *Record) float64 { return r.F1 }),
		binaryRate(MetricContainment, "containment", "answer contains a gold answer, of answerable questions",
			HigherIsBetter, isAnswerable, func(r *Record) bool { return r.Contains }),
		meanScore(MetricRougeL, "ROUGE-L", "longest common subsequence F against the gold answers, of answerable questions",
			func(r *Record) float64 { return r.RougeL }),
		binaryRate(MetricCorrect, "correct", "judged correct, of answerable questions",
			HigherIsBetter, isAnswerable, IsCorrect),
		binaryRate(MetricCoverage, "coverage", "answered, of all questions",
			Neither, isAny, isAnswered),
		binaryRate(MetricSelectiveAccuracy, "selective accuracy", "correct, of the answers given",
			HigherIsBetter, isAnswered, IsCorrect),
		binaryRate(MetricRisk, "risk", "wrong, of the answers given",
			LowerIsBetter, isAnswered, isIncorrect),
		binaryRate(MetricFalseRefusal, "false refusals", "refused, of questions whose answer was in the documents shown",
			LowerIsBetter, isPresent, isRefused),
		binaryRate(MetricMadeUp, "made-up answers", "answered, of unanswerable questions",
			LowerIsBetter, isUnanswerable, isAnswered),
		binaryRate(MetricOverAnswer, "over-answers", "wrong, of questions whose answer was not in the documents shown",
			LowerIsBetter, isAbsent, isIncorrect),
		truthfulness(),
		binaryRate(MetricAbstainPrecision, "abstention precision", "answer not in the documents shown, of refusals",
			// Without documents, or with none that answers, every refusal is right.
			HigherIsBetter, isRefused, isAbsent).where(isPresent),
		binaryRate(MetricAbstainRecall, "abstention recall", "refused, of questions whose answer was not in the documents shown",
			HigherIsBetter, isAbsent, isRefused),
		abstentionF1().where(isPresent),
		citationPrecision(),
		binaryRate(MetricCitationRecall, "citation recall", "cites places with a gold answer, all parts of it, of correct answers whose evidence was shown",
			HigherIsBetter, func(r *Record) bool { return IsCorrect(r) && isPresent(r) }, func(r *Record) bool { return r.CitedWhole }),
		cost(MetricPromptTokens, "prompt tokens", "tokens of the prompt, mean", func(r *Record) float64 { return float64(r.PromptTokens) }),
		cost(MetricAnswerTokens, "answer tokens", "tokens of the answer, mean", func(r *Record) float64 { return float64(r.Tokens) }),
		secondsTaken(),
		confidenceMetric(MetricAURC, "AURC", "mean risk over the answers by falling confidence", LowerIsBetter, stats.Ranking.Aurc),
		confidenceMetric(MetricEAURC, "E-AURC", "AURC less that of the best ranking", LowerIsBetter, stats.Ranking.Eaurc),
		confidenceMetric(MetricAUROC, "AUROC", "chance that a correct answer has more confidence than a wrong one", HigherIsBetter, stats.Ranking.Auroc),
		expectedCalibrationError(),
		confidenceMetric(MetricBrier, "Brier", "mean squared gap of confidence and correctness", LowerIsBetter, stats.Ranking.Brier),
	}
}

// truthfulness is the score of CRAG (Yang et al. 2024, section 2): +1 for a
// correct answer, 0 for a refusal, -1 for a wrong one, so that it is the
// accuracy less the share of hallucinations.
func truthfulness() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: MetricTruthfulness, Name: "truthfulness", Direction: HigherIsBetter, Rate: true,
			Meaning: "correct less wrong, of all questions; a refusal counts 0"},
		scale: [2]float64{-1, 1},
		part: func(r *Record) (num, den float64) {
			return stats.Indicator(IsCorrect(r)) - stats.Indicator(isIncorrect(r)), 1
		},
	}
}

// citationPrecision is the share of what answers to answerable questions cite
// that holds a gold answer (as citation precision of Gao et al. 2023, ALCE,
// section 4.3, with the gold answer in place of an entailment model). Cited is
// what the model wrote, a quote or the number of a passage; a quote that no
// passage holds and a number that names none count as wrong.
func citationPrecision() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: MetricCitationPrecision, Name: "citation precision", Direction: HigherIsBetter, Rate: true,
			Meaning: "hold a gold answer, of the quotes and passage numbers that answers to answerable questions cite"},
		part: func(r *Record) (num, den float64) {
			if r.Unanswerable {
				return 0, 0
			}
			return float64(r.CitedRight), float64(r.Cited)
		},
	}
}

// cost is the mean of a number over the questions for which it is known.
func cost(key, name, meaning string, of func(r *Record) float64) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: LowerIsBetter},
		part: func(r *Record) (num, den float64) {
			x := of(r)
			return x, stats.Indicator(x > 0)
		},
	}
}

// abstentionF1 is the harmonic mean of abstention precision and recall,
// 2 tp / (refused + absent).
func abstentionF1() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: MetricAbstainF1, Name: "abstention F1", Direction: HigherIsBetter, Rate: true,
			Meaning: "harmonic mean of abstention precision and recall"},
		part: func(r *Record) (num, den float64) {
			refused, absent := stats.Indicator(isRefused(r)), stats.Indicator(isAbsent(r))
			return 2 * refused * absent, refused + absent
		},
	}
}

// measure is one metric of one system, made ready to be computed for many
// bootstrap samples.
type measure struct {
	def      metricDefinition
	num, den []float64 // by question; nil for a pool
	ranked   stats.Ranking
	n        int // questions that it rests on
}

func newMeasure(def metricDefinition, records []Record, ranked stats.Ranking) measure {
	m := measure{def: def, ranked: ranked}
	if def.pool != nil {
		m.n = len(ranked.Outcomes)
		return m
	}
	m.num, m.den = make([]float64, len(records)), make([]float64, len(records))
	if def.needs != nil && !slices.ContainsFunc(records, func(r Record) bool { return def.needs(&r) }) {
		return m
	}
	for i := range records {
		m.num[i], m.den[i] = def.part(&records[i])
		if m.den[i] > 0 {
			m.n++
		}
	}
	return m
}

// value computes the metric; weights counts each question, nil = once each.
func (m measure) value(weights []float64) float64 {
	if m.def.pool != nil {
		if m.n == 0 {
			return math.NaN()
		}
		return m.def.pool(m.ranked, weights)
	}
	var num, den float64
	for i, d := range m.den {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		num += w * m.num[i]
		den += w * d
	}
	return num / den
}

// estimate joins the value with the interval from its bootstrap values. Where
// these are all the same, the interval is exact if the questions' scores have
// bounds and are all the same, and unknown otherwise.
func (m measure) estimate(boot []float64) stats.Estimate {
	e := stats.Estimate{Value: m.value(nil), N: m.n, Low: math.NaN(), High: math.NaN()}
	if !e.Defined() || m.def.untested {
		return e
	}
	e.Low, e.High = stats.PercentileInterval(boot)
	if !stats.NoWidth(e.Low, e.High) {
		return e
	}
	e.Low, e.High = math.NaN(), math.NaN()
	if least, most := m.def.scale[0], m.def.scale[1]; most > least && m.sameScores(e.Value) {
		e.Low, e.High = stats.SameScores(e.Value, least, most, m.n)
	}
	return e
}

// sameScores reports whether every question that counts has this score.
func (m measure) sameScores(score float64) bool {
	for i, den := range m.den {
		if den > 0 && math.Abs(m.num[i]-score) > 1e-12 {
			return false
		}
	}
	return true
}

// answeredOutcomes gives the confidence metrics one outcome for each record,
// in their order; refusals and unknown confidences are NaN and so left out.
func answeredOutcomes(records []Record) []stats.Outcome {
	out := make([]stats.Outcome, len(records))
	for i, r := range records {
		out[i] = stats.Outcome{Confidence: math.NaN(), Correct: r.Verdict == answer.Correct}
		if r.Verdict != answer.Refused {
			out[i].Confidence = stats.OrNaN(r.Confidence)
		}
	}
	return out
}

// answeredByBoth are the outcomes of two systems on the questions that both
// answered with a known confidence; the others are NaN.
func answeredByBoth(base, other []Record) (from, to []stats.Outcome) {
	from, to = answeredOutcomes(base), answeredOutcomes(other)
	for i := range from {
		if math.IsNaN(from[i].Confidence) || math.IsNaN(to[i].Confidence) {
			from[i].Confidence, to[i].Confidence = math.NaN(), math.NaN()
		}
	}
	return from, to
}

// CostFigure is what an answer took of tokens or seconds, as tables show it.
func (s *SystemResult) CostFigure(key string) string {
	e := s.Estimate(key)
	if !e.Defined() {
		return figures.NoValue
	}
	return strconv.FormatFloat(e.Value, 'f', map[string]int{MetricAnswerTokens: 1, MetricSeconds: 3}[key], 64)
}

// isCost tells tokens and seconds, which have no interval.
func IsCost(key string) bool {
	return key == MetricPromptTokens || key == MetricAnswerTokens || key == MetricSeconds
}
