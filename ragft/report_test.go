package ragft

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func writtenReport(t *testing.T, e *Evaluation, info ReportInfo) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, WriteReport(path, e, info))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

func TestReport(t *testing.T) {
	e := evaluated(t, village())
	page := writtenReport(t, e, ReportInfo{
		Title:    "The village",
		Models:   []ReportModel{{Role: "base model", Name: "base.gguf", SHA256: "c0ffee"}},
		Loss:     []LossPoint{{1, 2, math.NaN()}, {2, 1.5, 1.8}, {3, math.NaN(), 1.2}},
		Settings: []Fact{{"learning rate", "0.0005"}},
		Timings:  []Timing{{"training", 63 * time.Second}},
		Costs:    []Fact{{"generated tokens", "1234"}},
	})
	for _, want := range []string{
		"<title>The village</title>",
		"Made-up answers to unanswerable questions: from 50.0% to 0.0%, -50.0 points",
		"6 held-out questions, 2 of them unanswerable",
		"Evidence and outcome", "base, documents: answer present (3)",
		"Risk-coverage curve", "Reliability diagram", "Training loss and held-out loss",
		"Who painted the door?", "Mara Venn", "Sorry, the documents do not say.", "village.md",
		"The inn was built in 1912.",
		"c0ffee", "0.0005", "1m3s", "1234", "inside the noise",
	} {
		require.Contains(t, page, want)
	}
	require.Equal(t, 5, strings.Count(page, "<svg "))
	require.Equal(t, 5, strings.Count(page, `role="img"`))
	require.NotContains(t, page, "NaN")
	require.NotContains(t, page, "<?xml", "a prolog has no place inside a page")
}

// The page must work without a network, and run nothing.
func TestReportIsSelfContained(t *testing.T) {
	page := writtenReport(t, evaluated(t, village()), ReportInfo{})
	for node := range parsePage(t, page).Descendants() {
		require.NotContains(t, []string{"script", "link", "img", "iframe", "object"}, node.Data)
		for _, a := range node.Attr {
			require.NotContains(t, []string{"src", "href", "onload", "onerror"}, a.Key)
		}
	}
	require.NotContains(t, page, "@import")
	require.NotContains(t, page, "url(")
}

func parsePage(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	return root
}

func TestReportEscapes(t *testing.T) {
	const hostile = `</title></style></svg><script>alert("x")</script><img src=x onerror=alert(1)>`
	config := village()
	config.Systems = config.Systems[:2]
	for i := range config.Systems {
		config.Systems[i].Name = string(rune('a'+i)) + hostile
		config.Systems[i].Prompt = hostile
		config.Systems[i].Model = &scripted{name: hostile, other: hostile}
	}
	config.Questions[0].Question = hostile
	config.Questions[0].Answer = hostile
	config.Search = shelf{hostile: {hostile}}
	page := writtenReport(t, evaluated(t, config), ReportInfo{
		Title: hostile, Models: []ReportModel{{hostile, hostile, hostile}},
		Settings: []Fact{{hostile, hostile}}, Costs: []Fact{{hostile, hostile}}, Timings: []Timing{{hostile, time.Second}},
	})
	for node := range parsePage(t, page).Descendants() {
		if node.Type == html.ElementNode {
			require.NotContains(t, []string{"script", "img"}, node.Data)
		}
	}
	require.Contains(t, page, "&lt;script&gt;alert(")
}

func TestReportIsReproducible(t *testing.T) {
	a := writtenReport(t, evaluated(t, village()), ReportInfo{})
	b := writtenReport(t, evaluated(t, village()), ReportInfo{})
	require.Equal(t, a, b)
}

func TestReportOfOneSystem(t *testing.T) {
	config := village()
	config.Systems = config.Systems[2:]
	e := evaluated(t, config)
	page := writtenReport(t, e, ReportInfo{})
	require.Contains(t, page, "base alone answers 0.0% of the answerable questions correctly.")
	require.NotContains(t, page, "Risk-coverage", "the model tells no confidence")
	require.NotContains(t, page, "Training")
	require.Empty(t, Headline(&Evaluation{}))
}

func TestReportBadInput(t *testing.T) {
	e := evaluated(t, village())
	path := filepath.Join(t.TempDir(), "report.html")
	require.ErrorContains(t, WriteReport(path, e, ReportInfo{Base: "no such"}), `"no such"`)
	require.ErrorContains(t, WriteReport(path, e, ReportInfo{Tuned: "no such"}), `"no such"`)
	require.ErrorContains(t, WriteReport(path, &Evaluation{}, ReportInfo{}), "no systems")
	require.NoFileExists(t, path)
	require.Error(t, WriteReport(filepath.Join(path, "below", "x.html"), e, ReportInfo{}))

	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.Error(t, WriteReport(path, e, ReportInfo{Base: "no such"}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(data), "a failure leaves the older report")
}

func TestReportExamples(t *testing.T) {
	e := evaluated(t, village())
	base, tuned := &e.Systems[0], &e.Systems[1]
	kinds := func(info ReportInfo) (questions []string) {
		for _, ex := range reportExamples(e, base, tuned, info) {
			questions = append(questions, ex.Question)
		}
		return questions
	}
	require.Equal(t, []string{"When was the inn built?", "Who owns the boat?"}, kinds(ReportInfo{MaxExamples: 2}), "what changed comes first")
	require.Len(t, kinds(ReportInfo{}), 6)
	require.Equal(t, []string{"What does the bird eat?", "Who runs the mill?"}, kinds(ReportInfo{Examples: []string{"bird", "mill", "none"}}))
	require.Empty(t, kinds(ReportInfo{Examples: []string{}}))
}

func TestNiceStep(t *testing.T) {
	for span, want := range map[float64]float64{5: 1, 10: 2, 200: 50, 0.3: 0.05, 2.6: 0.5, 1000: 200, 45: 10} {
		require.InDelta(t, want, niceStep(span), 1e-9, "span %v", span)
	}
}
