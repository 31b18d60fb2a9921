package report

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/ragft/ragft/internal/chart"
	"github.com/ragft/ragft/internal/fake"
	"github.com/ragft/ragft/internal/figures"
	"github.com/ragft/ragft/internal/fixture"
	"github.com/ragft/ragft/internal/stats"
	"github.com/ragft/ragft/internal/trainlog"
	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/eval"
	"github.com/ragft/ragft/ragft/eval/forget"
	"github.com/ragft/ragft/ragft/eval/robust"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/ragft/question"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

func writtenReport(t *testing.T, e *Results, info Info) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, withInfo(e, info).WriteHTMLFile(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(data)
}

// withInfo returns the results with another info, unless that is empty.
func withInfo(e *Results, info Info) *Results {
	out := *e
	if !reflect.ValueOf(info).IsZero() {
		out.Info = &info
	}
	return &out
}

func TestReport(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	page := writtenReport(t, e, Info{
		Title:  "The village",
		Models: []ModelFile{{Role: "base model", Name: "base.gguf", SHA256: "c0ffee"}},
		Loss: []trainlog.LossPoint{
			{Step: 1, Train: 2, HeldOut: math.NaN()},
			{Step: 2, Train: 1.5, HeldOut: 1.8},
			{Step: 3, Train: math.NaN(), HeldOut: 1.2},
		},
		Settings: []Fact{{"learning rate", "0.0005"}},
		Timings:  []Fact{{"training", "1m3s"}},
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
		"c0ffee", "0.0005", "1m3s", "1234", "no difference shown",
	} {
		require.Contains(t, page, want)
	}
	require.Equal(t, 7, strings.Count(page, "<svg "))
	require.Equal(t, 7, strings.Count(page, `role="img"`))
	require.NotContains(t, page, "NaN")
	require.NotContains(t, page, "<?xml", "a prolog has no place inside a page")
}

// The page must work without a network, and run nothing but its own script.
func TestReportIsSelfContained(t *testing.T) {
	page := writtenReport(t, measured(t), Info{})
	requireSelfContained(t, page)
	require.NotContains(t, page, "@import")
	require.NotContains(t, page, "url(")
}

func requireSelfContained(t *testing.T, page string) {
	t.Helper()
	scripts, policy, ids, links := 0, "", map[string]bool{}, []string{}
	for node := range parsePage(t, page).Descendants() {
		if node.Type != html.ElementNode {
			continue
		}
		require.NotContains(t, []string{"link", "img", "iframe", "object", "base"}, node.Data)
		if node.Data == "script" {
			scripts++
			script, err := reportFiles.ReadFile("browser.js")
			require.NoError(t, err)
			require.Equal(t, string(script), node.FirstChild.Data, "the script is ours, and whole")
			require.Empty(t, node.Attr)
		}
		isPolicy := false
		for _, a := range node.Attr {
			require.NotEqual(t, "src", a.Key)
			require.False(t, strings.HasPrefix(a.Key, "on"), a.Key)
			switch a.Key {
			case "href":
				links = append(links, a.Val)
			case "id":
				require.False(t, ids[a.Val], "the id %s twice", a.Val)
				ids[a.Val] = true
			case "http-equiv":
				isPolicy = a.Val == "Content-Security-Policy"
			case "content":
				if isPolicy {
					policy = a.Val
				}
			}
		}
	}
	require.Equal(t, 1, scripts)
	require.Contains(t, policy, "default-src 'none'")
	require.Regexp(t, `script-src 'sha256-[A-Za-z0-9+/=]{44}';`, policy)
	for _, link := range links {
		require.True(t, strings.HasPrefix(link, "#") && ids[link[1:]], "the link %s leads somewhere in the page", link)
	}
}

func parsePage(t *testing.T, page string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	return root
}

func TestReportEscapes(t *testing.T) {
	const hostile = `</title></style></svg><script>alert("x")</script><img src=x onerror=alert(1)>`
	config := fixture.Village()
	config.Systems = config.Systems[:2]
	for i := range config.Systems {
		config.Systems[i].Name = string(rune('a'+i)) + hostile
		config.Systems[i].Prompt = hostile
		config.Systems[i].Model = &fake.Scripted{Called: hostile, Other: hostile}
	}
	config.Questions[0].Question = hostile
	config.Questions[0].Answer = hostile
	config.Questions[0].History = []model.Message{{Role: model.RoleUser, Content: "Before: " + hostile}}
	config.Search = fake.Shelf{hostile: {hostile}}
	e := resultsOf(t, config)
	e.Robustness = []*robust.Result{{
		System:    hostile,
		Documents: []eval.Document{{ID: hostile, Title: hostile, Text: hostile}, {ID: hostile, Title: hostile, Text: hostile + hostile}},
		Changes: []robust.Change{
			{
				Name:    hostile,
				Meaning: hostile,
				Flips: []robust.Flip{
					{
						QuestionID:  hostile,
						From:        answer.Correct,
						To:          answer.Refused,
						Before:      hostile,
						After:       hostile,
						ShownBefore: []int{0},
						ShownAfter:  []int{1},
					},
				},
			},
		},
	}}
	e.Forgetting = &forget.Result{Base: hostile, Tuned: hostile, Losses: []forget.Loss{{Key: hostile, Name: hostile}}}
	e.Sweep = &forget.SweepResult{Points: []forget.SweepPoint{{Forgetting: e.Forgetting}}}
	e.Calibration = &confidence.Calibration{
		Conditions: confidence.Conditions{System: hostile},
		Calibrator: stats.Logistic{Names: []string{hostile}},
	}
	e.Leakage = &question.Leakage{Leaks: []question.Leak{{Evaluation: hostile, Training: hostile, Share: 1, Text: hostile}}}
	e.Systems[0].Records[0].Citations = []eval.Citation{
		{Passage: hostile, Quote: hostile},
		{Passage: e.Questions[0].Documents[0].ID, End: 9, Quote: hostile[:9]},
	}
	page := writtenReport(t, e, Info{
		LossBySource: map[string]float64{hostile: 1}, Title: hostile, Models: []ModelFile{{hostile, hostile, hostile}},
		Settings: []Fact{{hostile, hostile}}, Costs: []Fact{{hostile, hostile}}, Timings: []Fact{{hostile, hostile}},
	})
	requireSelfContained(t, page)
	require.Contains(t, page, "&lt;script&gt;alert(")
	require.Contains(t, page, "before, user: Before: &lt;/title&gt;")
}

func TestReportOfEverything(t *testing.T) {
	e := measured(t)
	page := writtenReport(t, e, Info{})
	for _, want := range []string{
		"<title>The village, measured</title>", "Quality and cost by setting", "closed-book: the question alone",
		"30 pass (50.0 %), of which 1 is wrong", "combined signals", "Robustness to changed passages", "evidence removed", "flipped</summary>",
		"Forgetting", "over budget", "no difference shown, within budget", "Truthfulness, correct and made-up answers by scale",
		"Forgetting by scale of the adapter",
		"plain text</th><td>2.250", "1 of 6 evaluation questions overlaps", "Questions 1 to 6",
		`<mark title="cited by base, documents; tuned, documents">The mill is run by Mara Venn.</mark>`,
		`data-tags="absent changed improved s0-incorrect s1-refused s2-incorrect"`,
		"shown: passages 1, 2", "shown: the question alone",
	} {
		require.True(t, strings.Contains(page, want), want)
	}
	require.Equal(t, 11, strings.Count(page, `role="img"`))
	require.Equal(t, 6, strings.Count(page, `class="question"`), "every question")
	require.NotContains(t, page, "NaN")
	other := writtenReport(t, e, Info{Title: "Mine"})
	require.Contains(t, other, "<title>Mine</title>")
	require.NotContains(t, other, "1m3s", "what is given stands for what is kept")
}

// Plots take their colors from the style sheet, so that they can be read in the dark.
func TestReportPlotsFollowTheTheme(t *testing.T) {
	page := writtenReport(t, measured(t), Info{})
	style, err := reportFiles.ReadFile("report.css")
	require.NoError(t, err)
	variables := map[chart.Color]bool{chart.Ink: true, chart.Faint: true, chart.Grid: true, chart.Band: true}
	for _, v := range figures.Verdicts() {
		variables[verdictColor(v)] = true
	}
	for i := range systemColorCount {
		variables[systemColor(i)] = true
	}
	for name := range variables {
		name := strings.TrimSuffix(strings.TrimPrefix(string(name), "var("), ")")
		require.Equal(t, 2, strings.Count(string(style), name+": "), "%s has a light and a dark color", name)
	}
	paint, found := regexp.MustCompile(`(?:fill|stroke)="([^"]*)"`), map[chart.Color]bool{}
	for _, svg := range strings.Split(page, "<svg ")[1:] {
		svg, _, _ = strings.Cut(svg, "</svg>")
		require.NotContains(t, svg, "style=")
		for _, match := range paint.FindAllStringSubmatch(svg, -1) {
			found[chart.Color(match[1])] = true
		}
	}
	for color := range found {
		require.True(t, variables[color] || color == chart.White || color == "none", "%s is a color of the style sheet", color)
	}
	require.True(t, found[systemColor(1)] && found[verdictColor(answer.Refused)])
	require.Equal(t, systemColor(0), systemColor(systemColorCount))
}

func TestMarkCitations(t *testing.T) {
	d := eval.Document{ID: "d", Text: "abcdefgh"}
	cited := func(name string, places ...eval.Citation) eval.SystemResult {
		return eval.SystemResult{Name: name, Records: []eval.Record{{Citations: places}}}
	}
	e := &eval.Evaluation{Systems: []eval.SystemResult{
		cited("a", eval.Citation{Passage: "d", Start: 2, End: 6, Quote: "cdef"}),
		cited(
			"b",
			eval.Citation{Passage: "d", Start: 4, End: 8, Quote: "efgh"},
			eval.Citation{Passage: "other", Start: 0, End: 1, Quote: "a"},
			eval.Citation{Passage: "d", Start: 0, End: 99, Quote: "a"},
			eval.Citation{Passage: "d", Start: 0, End: 1, Quote: "x"},
		),
	}}
	require.Equal(t, []textPart{{"ab", ""}, {"cd", "a"}, {"ef", "a; b"}, {"gh", "b"}}, markCitations(d, &Results{Evaluation: e}, 0))
	require.Nil(t, markCitations(eval.Document{ID: "empty"}, &Results{Evaluation: e}, 0))
}

func TestReportIsReproducible(t *testing.T) {
	a := writtenReport(t, resultsOf(t, fixture.Village()), Info{})
	b := writtenReport(t, resultsOf(t, fixture.Village()), Info{})
	require.Equal(t, a, b)
}

func TestReportOfOneSystem(t *testing.T) {
	config := fixture.Village()
	config.Systems = config.Systems[2:]
	e := resultsOf(t, config)
	page := writtenReport(t, e, Info{})
	require.Contains(t, page, "base alone answers 0.0% of the answerable questions correctly.")
	require.NotContains(t, page, "Risk-coverage", "the model tells no confidence")
	require.NotContains(t, page, "Training")
	require.Empty(t, (&Results{Evaluation: &eval.Evaluation{}}).Headline())
}

func TestReportBadInput(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	path := filepath.Join(t.TempDir(), "report.html")
	require.ErrorContains(t, withInfo(e, Info{Base: "no such"}).WriteHTMLFile(path), `"no such"`)
	require.ErrorContains(t, withInfo(e, Info{Tuned: "no such"}).WriteHTMLFile(path), `"no such"`)
	require.ErrorContains(t, withInfo(&Results{Evaluation: &eval.Evaluation{}}, Info{}).WriteHTMLFile(path), "no systems")
	require.NoFileExists(t, path)
	require.Error(t, withInfo(e, Info{}).WriteHTMLFile(filepath.Join(path, "below", "x.html")))

	require.NoError(t, os.WriteFile(path, []byte("old"), 0o600))
	require.Error(t, withInfo(e, Info{Base: "no such"}).WriteHTMLFile(path))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "old", string(data), "a failure leaves the older report")
}

func TestReportExamples(t *testing.T) {
	e := resultsOf(t, fixture.Village())
	base, tuned := &e.Systems[0], &e.Systems[1]
	kinds := func(info Info) (questions []string) {
		for _, ex := range reportExamples(e, base, tuned, info) {
			questions = append(questions, ex.Question)
		}
		return questions
	}
	require.Equal(t, []string{"When was the inn built?", "Who owns the boat?"}, kinds(Info{MaxExamples: 2}), "what changed comes first")
	require.Len(t, kinds(Info{}), 6)
	require.Equal(t, []string{"What does the bird eat?", "Who runs the mill?"}, kinds(Info{Examples: []string{"bird", "mill", "none"}}))
	require.Len(t, kinds(Info{Examples: []string{}}), 6, "empty is the default, as nil is")
}
