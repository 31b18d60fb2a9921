package report

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/metric"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/table"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/stretchr/testify/require"
)

// wantTable is the village, worked by hand in TestEvaluateMetrics; its
// intervals are those of seed 1 with 200 samples.
const wantTable = `6 questions, 2 unanswerable. In %, with 95% intervals (bootstrap over questions, 200 samples, seed 1).

                   exact              contains             selective      false    made-up    truthful-
            n      match         F1       gold   coverage   accuracy   refusals    answers         ness
-------------------------------------------------------------------------------------------------------
base,       6       25.0       41.7       50.0       83.3       40.0        0.0       50.0        -16.7
documents      0.0..66.7  0.0..88.9   0.0..100  50.0..100  0.0..83.8  0.0..70.8   0.0..100  -83.3..66.7
tuned,      6       50.0       50.0       50.0       33.3        100       33.3        0.0         33.3
documents       0.0..100   0.0..100   0.0..100  0.0..66.7  15.8..100   0.0..100  0.0..84.2    0.0..66.7
base alone  6        0.0        0.0        0.0        100        0.0          -        100         -100
               0.0..60.2  0.0..60.2  0.0..60.2  54.1..100  0.0..45.9          -  15.8..100   -100..-8.1

Answers and refusals
                                                              over-    abstention    abstention    abstention
              n      correct      ROUGE-L         risk      answers     precision        recall            F1
-------------------------------------------------------------------------------------------------------------
base,         6         50.0         41.7         60.0         66.7           100          33.3          50.0
documents           0.0..100    0.0..88.9    16.3..100     0.0..100      2.5..100      0.0..100      0.0..100
tuned,        6         50.0         50.0          0.0          0.0          75.0           100          85.7
documents           0.0..100     0.0..100    0.0..84.2    0.0..70.8     25.0..100     29.2..100     40.0..100
base alone    6          0.0          0.0          100          100             -           0.0             -
                   0.0..60.2    0.0..60.2    54.1..100    54.1..100             -     0.0..45.9             -

Answerable questions, by whether the passage with the answer was shown
                                  shown:                              not shown:
              n        shown     correct    incorrect      refused       correct    incorrect      refused
----------------------------------------------------------------------------------------------------------
base,         6         75.0        66.7         33.3          0.0           0.0          100          0.0
documents          25.0..100    0.0..100     0.0..100    0.0..70.8     0.0..97.5     2.5..100    0.0..97.5
tuned,        6         75.0        66.7          0.0         33.3           0.0          0.0          100
documents          25.0..100    0.0..100    0.0..70.8     0.0..100     0.0..97.5    0.0..97.5     2.5..100
base alone    6            -           -            -            -             -            -            -
                           -           -            -            -             -            -            -

Confidence, as fractions
              n            AURC          E-AURC           AUROC      ECE           Brier
----------------------------------------------------------------------------------------
base,         6           0.387           0.100           0.833    0.470           0.302
documents          0.027..1.000    0.000..0.375    0.250..1.000        -    0.058..0.540
tuned,        6           0.000           0.000               -    0.075           0.006
documents                     -               -               -        -    0.003..0.010
base alone    6               -               -               -        -               -
                              -               -               -        -               -

Evidence and outcome                        correct    incorrect      refused    total
--------------------------------------------------------------------------------------
base, documents         answer present    2   66.7%    1   33.3%    0    0.0%        3
                        answer absent     0    0.0%    2   66.7%    1   33.3%        3
tuned, documents        answer present    2   66.7%    0    0.0%    1   33.3%        3
                        answer absent     0    0.0%    0    0.0%    3    100%        3
base alone              answer present            -            -            -        0
                        answer absent     0    0.0%    6    100%    0    0.0%        6

Search and model lose equally many answers: tuned, documents gets 2 of 4 answerable questions wrong or
declines them; the passage with the answer was not shown for 1 of them, and shown for 1.

                              passages    prompt    answer                citation    citation
Cost per answer, citations       shown    tokens    tokens    seconds    precision      recall
----------------------------------------------------------------------------------------------
base, documents                    1.0        10       3.0      0.500            -         0.0
tuned, documents                   1.0        10       3.0      0.500            -         0.0
base alone                         0.0        10         -      0.500            -           -

Difference: tuned, documents - base, documents
                          difference      95% interval        p    finding
--------------------------------------------------------------------------------------
exact match                    +25.0        0.0..+67.1    1.000    no difference shown
F1                              +8.3        0.0..+22.4    1.000    no difference shown
containment                      0.0      -60.2..+60.2    1.000    no difference shown
ROUGE-L                         +8.3        0.0..+22.4    1.000    no difference shown
correct                          0.0      -60.2..+60.2    1.000    no difference shown
coverage                       -50.0      -83.3..-16.2    0.250    no difference shown
selective accuracy             +60.0      +10.8..+83.3    0.299    no difference shown
risk                           -60.0      -83.3..-10.8    0.299    no difference shown
false refusals                 +33.3         0.0..+100    1.000    no difference shown
made-up answers                -50.0         -100..0.0    1.000    no difference shown
over-answers                   -66.7         -100..0.0    0.500    no difference shown
answer shown                     0.0      -60.2..+60.2    1.000    no difference shown
correct if shown                 0.0      -70.8..+70.8    1.000    no difference shown
incorrect if shown             -33.3         -100..0.0    1.000    no difference shown
correct if not shown             0.0      -97.5..+97.5    1.000    no difference shown
incorrect if not shown          -100       -100..+95.0    1.000    no difference shown
refused if not shown            +100       -95.0..+100    1.000    no difference shown
truthfulness                   +50.0      +16.3..+83.3    0.299    no difference shown
abstention precision           -25.0        -66.7..0.0    1.000    no difference shown
abstention recall              +66.7         0.0..+100    0.500    no difference shown
abstention F1                  +35.7       -34.6..+100    0.592    no difference shown
citation precision                 -                 -        -    not measured
citation recall                  0.0      -84.2..+84.2    1.000    no difference shown
prompt tokens                  0.000                 -    1.000    no difference shown
answer tokens                  0.000                 -    1.000    no difference shown
seconds                        0.000                 -        -    not tested
AURC                           0.000                 -    1.000    no difference shown
E-AURC                         0.000                 -    1.000    no difference shown
AUROC                              -                 -        -    not measured
ECE                           -0.075                 -        -    not tested
Brier                         -0.019    -0.030..-0.007    0.542    no difference shown

No difference shown: the interval includes 0, or p is 0.05 or more. p is from McNemar's exact test if both
values are shares of the same questions and none of these belong together (such as those about one paragraph),
and otherwise from a randomisation test that exchanges the answers of the two systems question by question, or
group by group.
About one in twenty comparisons without a real difference looks like a finding.
AURC, E-AURC, AUROC, ECE and Brier are compared over the questions that both systems answered. ECE is not
tested because it grows as answers become fewer, however good the confidence is.
Seconds are not tested and have no interval, because answers generated in one batch share their time and are
not independent.
Abstention precision and F1 are not defined for a system whose passages never hold an answer, as every refusal
is right then.
`

func TestTable(t *testing.T) {
	require.Equal(t, wantTable, resultsOf(t, fixture.Village()).Text())
}

// Without an adapter there is no difference between models: arms are compared, and every metric has its column.
func TestTableOfArms(t *testing.T) {
	config := fixture.Village()
	config.Systems = []eval.System{config.Systems[0], config.Systems[2]}
	config.Compare = []eval.Pair{{Base: "base, documents", Other: "base alone"}}
	e := resultsOf(t, config)
	for i, d := range e.Comparisons[0].Differences {
		if d.Key == metric.Truthfulness {
			e.Comparisons[0].Differences[i].Finding = stats.Worse
		}
	}
	text := e.Text()
	for _, want := range []string{
		"Settings and prompts of one model",
		"AUROC", "ROUGE-L", "abstention",
	} {
		require.Contains(t, text, want)
	}
	require.Regexp(t, `\nbase alone - base, documents +-50\.0 +\+16\.7 +- +\+50\.0 +-83\.3\*\n`, text)
	require.NotContains(t, text, "Difference: ")
	require.Contains(t, e.Headline(), "base alone, compared with base, documents. ")
	page := writtenReport(t, e, Info{})
	for _, want := range []string{"<title>What the model answers</title>", "<h3>Answers and refusals</h3>",
		"<h3>Confidence, as fractions</h3>",
		`<th scope="col">over-answers</th>`, `<th scope="col">E-AURC</th>`} {
		require.Contains(t, page, want)
	}
	for _, block := range tableBlocks() {
		heads, row := []string{"", "n"}, []any{strings.Repeat("n", tableNameWidth), "9999"}
		for _, c := range block.columns {
			interval := map[bool]string{true: "-88.8..-88.8", false: "88.8..88.8"}[c.key == metric.Truthfulness]
			heads, row = append(heads, c.head), append(row, interval)
			require.NotEmpty(
				t,
				e.Systems[0].Metrics[slices.IndexFunc(e.Systems[0].Metrics, func(m eval.Metric) bool { return m.Key == c.key })].Name,
			)
		}
		widest := table.New(heads...)
		widest.Row(row...)
		require.NotContains(t, widest.String(), "…", "there is room for the name")
	}
	// Another model in the same arms is another matter.
	require.NotContains(t, resultsOf(t, fixture.Village()).Text(), "Settings and prompts of one model")
}

func TestTableWidth(t *testing.T) {
	config := fixture.Village()
	config.Systems[0].Name = strings.Repeat("a rather long name ", 10)
	config.Systems[1].Name = strings.Repeat("ü", 100)
	for _, line := range strings.Split(resultsOf(t, config).Text(), "\n") {
		require.LessOrEqual(t, utf8.RuneCountInString(line), table.Width, line)
		require.Equal(t, strings.TrimRight(line, " "), line)
	}
}

func TestWriteErrors(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	require.ErrorContains(t, e.HTML(fake.FullDisk{}), "no space left")
	require.ErrorContains(t, e.writeJSON(fake.FullDisk{}), "no space left")
}

func TestFigures(t *testing.T) {
	require.Equal(t, "69.2", figures.Percent(0.6923))
	require.Equal(t, "100", figures.Percent(1))
	require.Equal(t, "0.0", figures.Percent(-0.0001))
	require.Equal(t, "+5.0", figures.SignedMetric(0.05, true))
	require.Equal(t, "-0.050", figures.SignedMetric(-0.05, false))
	require.Equal(t, "0.0", figures.SignedMetric(0, true))
	require.Equal(t, "<0.001", figures.FormatP(0.0001))
	require.Equal(t, "0.021", figures.FormatP(0.0214))
	require.Equal(t, "−5.0 to +2.0", typeset("-5.0..+2.0"))
}

// Where questions share a group, the bootstrap draws groups, and text and page say so.
func TestTextSaysWhatIsResampled(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	require.Contains(t, e.Text(), "(bootstrap over questions,")
	e.Questions[0].Group, e.Questions[1].Group = "p", "p"
	require.Contains(t, strings.Join(strings.Fields(e.Text()), " "), "(bootstrap over groups of questions,")
	require.Contains(t, writtenReport(t, e, Info{}), "percentile bootstrap over groups of questions,")
}

// Without an answerable question there is no share to put into a headline.
func TestHeadlineOfQuestionsWithoutAnswers(t *testing.T) {
	village := fixture.Village()
	village.Systems = village.Systems[:1]
	require.Contains(t, resultsOf(t, village).Headline(), "of the answerable questions correctly")
	village.Questions = village.Questions[4:]
	require.Empty(t, resultsOf(t, village).Headline())
}
