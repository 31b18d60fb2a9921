package eval

import (
	"math"
	"slices"

	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/question"
)

// The keys of the main metrics; [Metric] lists all.
const (
	MetricCorrect      = metric.Correct      // correct, of answerable questions
	MetricMadeUp       = metric.MadeUp       // answered, of unanswerable questions
	MetricFalseRefusal = metric.FalseRefusal // refused, of questions whose answer was shown
	MetricTruthfulness = metric.Truthfulness // correct minus incorrect, of all questions
)

// Metric is one metric of a system. Its keys are
//   - exact_match, f1, containment, rouge_l and correct, of answerable questions;
//   - coverage, selective_accuracy, risk, false_refusal, made_up, made_up_absent,
//     made_up_altered, over_answer and truthfulness;
//   - shown, how often the documents shown hold the answer of an answerable question, and the
//     outcomes split by this: correct_shown, incorrect_shown (and false_refusal),
//     correct_not_shown, incorrect_not_shown and refused_not_shown;
//   - abstention_precision, abstention_recall and abstention_f1;
//   - citation_precision and citation_recall;
//   - prompt_tokens, answer_tokens and seconds, means per answer;
//   - aurc, e_aurc, auroc, ece and brier, of the confidence of the answers;
//   - auc_absent and auc_altered, of the decision to answer, see [System.Rule].
//
// Meaning says what each measures.
type Metric struct {
	Key       string   `json:"key"`
	Name      string   `json:"name"`
	Meaning   string   `json:"meaning"`
	Direction int      `json:"direction"` // 1 = higher is better, -1 = lower is better, 0 = neither, as for coverage
	Rate      bool     `json:"rate"`      // shown in percent
	Estimate  Estimate `json:"estimate"`
}

// metricDefinition says how a metric is computed from records. Exactly one of part and
// pool is set.
type metricDefinition struct {
	Metric
	// part gives the share of one record in the numerator and the denominator.
	part func(r *Record) (num, den float64)
	// pool computes the metric from all answered records with a confidence.
	pool func(r stats.Ranking, weights []float64) float64
	// outcomes, if set, are what pool ranks in place of the answers and their confidence.
	outcomes func(records []Record) []stats.Outcome
	// scale is the smallest and the largest num of a question, for a metric that is a
	// mean over questions; zero for others.
	scale [2]float64
	// binary: num is 0 or 1, so the metric is a rate of questions.
	binary bool
	// needs, if set, must hold for at least one record, or the metric is not defined.
	needs func(r *Record) bool
	// untested metrics have neither interval nor finding, because neither bootstrap nor
	// test is valid: the value depends on the number of answers ([stats.ECE]), or answers
	// are not independent (seconds).
	untested bool
}

// where defines a metric only if needs holds for a record.
func (d metricDefinition) where(needs func(r *Record) bool) metricDefinition {
	d.needs = needs
	return d
}

// ranking returns what a pool is computed from: answers, or the outcomes of the metric's own.
func (d metricDefinition) ranking(records []Record, answers stats.Ranking) stats.Ranking {
	if d.outcomes == nil {
		return answers
	}
	return stats.RankOutcomes(d.outcomes(records))
}

// binaryRate is the share of the records in of for which hit holds.
func binaryRate(key, name, meaning string, direction int, of, hit func(r *Record) bool) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: direction, Rate: true},
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
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: 1, Rate: true},
		scale:  [2]float64{0, 1},
		part: func(r *Record) (num, den float64) {
			if r.Unanswerable {
				return 0, 0
			}
			return score(r), 1
		},
	}
}

func confidenceMetric(key, name, meaning string, direction int, pool func(stats.Ranking, []float64) float64) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: direction}, pool: pool,
	}
}

// decisionMetric is the area under the curve of the decision to answer: the probability that a question whose answer was
// shown has a larger chance than one with such a gap.
func decisionMetric(key, name string, gap question.Gap) metricDefinition {
	d := confidenceMetric(key, name, "probability that a question whose answer was shown ranks above one that the documents do not answer",
		1, stats.Ranking.Auroc)
	d.outcomes = func(records []Record) []stats.Outcome {
		out := make([]stats.Outcome, len(records))
		for i, r := range records {
			out[i] = stats.Outcome{Confidence: math.NaN(), Correct: isPresent(&r)}
			if r.Chance != nil && (isPresent(&r) && !r.Unanswerable || r.Gap == gap) {
				out[i].Confidence = *r.Chance
			}
		}
		return out
	}
	return d
}

// expectedCalibrationError is biased upwards, by about 1/sqrt(answers in a bin) for a
// calibrated system (Roelofs et al. 2022).
func expectedCalibrationError() metricDefinition {
	d := confidenceMetric(metric.ECE, "ECE", "mean gap between confidence and accuracy, 15 bins", -1, stats.Ranking.Ece)
	d.untested = true
	return d
}

// secondsTaken is the mean time of an answer. Answers of a batch share their time, so
// there are only as many independent measurements as batches, each with the load of the
// machine in it.
func secondsTaken() metricDefinition {
	d := cost(metric.Seconds, "seconds", "mean seconds to generate an answer", func(r *Record) float64 { return r.Seconds })
	d.untested = true
	return d
}

func isAny(*Record) bool { return true }

func isAnswerable(r *Record) bool { return !r.Unanswerable }

func isUnanswerable(r *Record) bool { return r.Unanswerable }

func isAnswered(r *Record) bool { return r.Verdict != answer.Refused }

func isRefused(r *Record) bool { return r.Verdict == answer.Refused }

func isCorrect(r *Record) bool { return r.Verdict == answer.Correct }

func isIncorrect(r *Record) bool { return r.Verdict == answer.Incorrect }

func isPresent(r *Record) bool { return r.Context == answer.Present }

func isAbsent(r *Record) bool { return r.Context == answer.Absent }

// isUnshown says that the documents hold the answer, and those shown do not.
func isUnshown(r *Record) bool { return isAnswerable(r) && isAbsent(r) }

// hasPassages says that something was shown that could have held the answer.
func hasPassages(r *Record) bool { return r.Passages > 0 }

// metricDefinitions lists the metrics in the order of tables.
func metricDefinitions() []metricDefinition {
	return []metricDefinition{
		binaryRate(metric.ExactMatch, "exact match", "answer equals a reference answer, compared as in SQuAD's script, of answerable questions",
			1, isAnswerable, func(r *Record) bool { return r.ExactMatch }),
		meanScore(metric.F1, "F1", "token F1 against the reference answers, compared as in SQuAD's script, of answerable questions",
			func(r *Record) float64 { return r.F1 }),
		binaryRate(metric.Containment, "containment", "answer contains a reference answer, of answerable questions",
			1, isAnswerable, func(r *Record) bool { return r.Contains }),
		meanScore(metric.RougeL, "ROUGE-L", "F measure of the longest common subsequence with a reference answer, of answerable questions",
			func(r *Record) float64 { return r.RougeL }),
		binaryRate(metric.Correct, "correct", "judged correct, of answerable questions",
			1, isAnswerable, isCorrect),
		binaryRate(metric.Coverage, "coverage", "answered, of all questions",
			0, isAny, isAnswered),
		binaryRate(metric.SelectiveAccuracy, "selective accuracy", "correct, of the answers given",
			1, isAnswered, isCorrect),
		binaryRate(metric.Risk, "risk", "incorrect, of the answers given",
			-1, isAnswered, isIncorrect),
		binaryRate(metric.FalseRefusal, "false refusals", "refused, of questions whose answer was in the documents shown",
			-1, isPresent, isRefused),
		binaryRate(metric.MadeUp, "made-up answers", "answered, of unanswerable questions",
			-1, isUnanswerable, isAnswered),
		binaryRate(metric.MadeUpAbsent, "made up (a)", "answered, of questions that no document is about",
			-1, func(r *Record) bool { return r.Gap == question.GapAbsent }, isAnswered),
		binaryRate(metric.MadeUpAltered, "made up (b)", "answered, of questions that a document is about without answering them",
			-1, func(r *Record) bool { return r.Gap == question.GapAltered }, isAnswered),
		binaryRate(metric.OverAnswer, "over-answers", "incorrect, of questions whose answer was not in the documents shown",
			-1, isAbsent, isIncorrect),
		binaryRate(metric.Shown, "answer shown", "the answer was in the documents shown, of answerable questions",
			1, isAnswerable, isPresent).where(hasPassages),
		binaryRate(metric.CorrectShown, "correct if shown", "correct, of questions whose answer was in the documents shown",
			1, isPresent, isCorrect),
		binaryRate(metric.IncorrectShown, "incorrect if shown", "incorrect, of questions whose answer was in the documents shown",
			-1, isPresent, isIncorrect),
		binaryRate(metric.CorrectUnshown, "correct if not shown", "correct, of answerable questions whose answer was not in the documents shown",
			1, isUnshown, isCorrect).where(hasPassages),
		binaryRate(metric.IncorrectUnshown, "incorrect if not shown",
			"incorrect, of answerable questions whose answer was not in the documents shown", -1, isUnshown, isIncorrect).where(hasPassages),
		binaryRate(metric.RefusedUnshown, "refused if not shown", "refused, of answerable questions whose answer was not in the documents shown",
			1, isUnshown, isRefused).where(hasPassages),
		truthfulness(),
		binaryRate(metric.AbstainPrecision, "abstention precision", "answer not in the documents shown, of refusals",
			// If nothing shown holds an answer, every refusal is right.
			1, isRefused, isAbsent).where(isPresent),
		binaryRate(metric.AbstainRecall, "abstention recall", "refused, of questions whose answer was not in the documents shown",
			1, isAbsent, isRefused),
		abstentionF1().where(isPresent),
		citationPrecision(),
		binaryRate(metric.CitationRecall, "citation recall", "cites a whole reference answer, of correct answers whose evidence was shown",
			1, func(r *Record) bool { return isCorrect(r) && isPresent(r) }, func(r *Record) bool { return r.CitedWhole }),
		cost(metric.PromptTokens, "prompt tokens", "mean tokens of the prompt", func(r *Record) float64 { return float64(r.PromptTokens) }),
		cost(metric.AnswerTokens, "answer tokens", "mean tokens of the answer", func(r *Record) float64 { return float64(r.Tokens) }),
		secondsTaken(),
		confidenceMetric(metric.AURC, "AURC", "mean risk over the answers, most confident first", -1, stats.Ranking.Aurc),
		confidenceMetric(metric.EAURC, "E-AURC", "AURC minus that of the best ranking", -1, stats.Ranking.Eaurc),
		confidenceMetric(metric.AUROC, "AUROC", "probability that a correct answer ranks above an incorrect one", 1, stats.Ranking.Auroc),
		expectedCalibrationError(),
		confidenceMetric(metric.Brier, "Brier", "mean squared difference of confidence and correctness", -1, stats.Ranking.Brier),
		decisionMetric(metric.AUCAbsent, "AUC (a)", question.GapAbsent),
		decisionMetric(metric.AUCAltered, "AUC (b)", question.GapAltered),
	}
}

// truthfulness is the score of CRAG (Yang et al. 2024, section 2): 1 for a correct
// answer, 0 for a refusal and -1 for an incorrect one, that is, accuracy minus the share
// of hallucinations.
func truthfulness() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: metric.Truthfulness, Name: "truthfulness", Direction: 1, Rate: true,
			Meaning: "correct minus incorrect, of all questions; a refusal counts 0"},
		scale: [2]float64{-1, 1},
		part: func(r *Record) (num, den float64) {
			return stats.Indicator(isCorrect(r)) - stats.Indicator(isIncorrect(r)), 1
		},
	}
}

// citationPrecision is the share of the places cited by answers to answerable questions
// that hold a reference answer, as in ALCE (Gao et al. 2023, section 4.3) with the
// reference in place of an entailment model. Only quotes and passage numbers that the
// model wrote count; quotes in no passage and numbers of no passage are wrong.
func citationPrecision() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: metric.CitationPrecision, Name: "citation precision", Direction: 1, Rate: true,
			Meaning: "holds a reference answer, of the places cited by answers to answerable questions"},
		part: func(r *Record) (num, den float64) {
			if r.Unanswerable {
				return 0, 0
			}
			return float64(r.CitedRight), float64(r.Cited)
		},
	}
}

// cost is the mean of a number over the answers for which it is known.
func cost(key, name, meaning string, of func(r *Record) float64) metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: key, Name: name, Meaning: meaning, Direction: -1},
		part: func(r *Record) (num, den float64) {
			x := of(r)
			return x, stats.Indicator(x > 0)
		},
	}
}

// abstentionF1 is the harmonic mean of abstention precision and recall, which is
// 2 tp / (refused + absent).
func abstentionF1() metricDefinition {
	return metricDefinition{
		Metric: Metric{Key: metric.AbstainF1, Name: "abstention F1", Direction: 1, Rate: true,
			Meaning: "harmonic mean of abstention precision and recall"},
		part: func(r *Record) (num, den float64) {
			refused, absent := stats.Indicator(isRefused(r)), stats.Indicator(isAbsent(r))
			return 2 * refused * absent, refused + absent
		},
	}
}

// measure is one metric of one system, prepared for many bootstrap samples.
type measure struct {
	def      metricDefinition
	num, den []float64 // by question; nil for a pool
	ranked   stats.Ranking
	n        int // questions that it is based on
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

// value computes the metric. weights says how often each question counts; nil = once.
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

// estimate returns the value with the interval of its bootstrap values. If these are all
// equal, the interval is exact if the scores of all questions are bounded and equal, and
// unknown otherwise. Questions of one group count as one there, as they may all be alike.
func (m measure) estimate(boot []float64, groups []int) stats.Estimate {
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
		e.Low, e.High = stats.SameScores(e.Value, least, most, m.independent(groups))
	}
	return e
}

// sameScores reports whether all questions that count have this score.
func (m measure) sameScores(score float64) bool {
	for i, den := range m.den {
		if den > 0 && math.Abs(m.num[i]-score) > 1e-12 {
			return false
		}
	}
	return true
}

// answeredOutcomes returns one outcome for each record. The confidence of refusals, and
// an unknown one, is NaN, which confidence metrics leave out.
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

// answeredByBoth returns the outcomes of two systems, with a confidence only for the
// questions that both answered with a known one.
func answeredByBoth(base, other []Record) (from, to []stats.Outcome) {
	from, to = answeredOutcomes(base), answeredOutcomes(other)
	for i := range from {
		if math.IsNaN(from[i].Confidence) || math.IsNaN(to[i].Confidence) {
			from[i].Confidence, to[i].Confidence = math.NaN(), math.NaN()
		}
	}
	return from, to
}
