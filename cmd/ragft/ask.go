package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
)

// answerOptions say how questions are answered.
var answerOptions = []option{
	modelOption,
	adapterOption,
	embedOption,
	rerankOption,
	{flag: "passages", key: "passages", kind: "N", usage: "passages shown to the model (default: those of the training, else 4)"},
	{flag: "max-tokens", key: "assistant.max-tokens", kind: "N", usage: "longest answer in tokens (default 256)"},
	{
		flag:  "min-confidence",
		key:   "assistant.min-confidence",
		kind:  "SHARE",
		usage: "abstain if the confidence is below this, from 0 to 1 (default 0: never)",
	},
	{
		flag:  "decline-prompt",
		key:   "assistant.decline-prompt",
		usage: "tell the model to decline if the passages do not hold the answer; for models that were not tuned",
	},
}

func (a *app) askCommand() *cobra.Command {
	return command(askKeys+adapterKeys+"passages assistant search search-tuning.file", answerOptions, &cobra.Command{
		Use: "ask QUESTION", Short: "Answer one question from the documents, with citations", Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return a.runAsk(cmd.Context(), strings.Join(args, " ")) },
	})
}

// askResult is what ask prints with --json.
type askResult struct {
	Question   string           `json:"question"`
	Answer     string           `json:"answer"`
	Abstained  bool             `json:"abstained"`
	Reason     assistant.Reason `json:"reason,omitempty"`
	Confidence *float64         `json:"confidence"` // null = unknown
	Truncated  bool             `json:"truncated,omitempty"`
	Citations  []askCitation    `json:"citations"`
	Passages   []askPassage     `json:"passages"`
}

type askCitation struct {
	Source  string  `json:"source"`
	Title   string  `json:"title"`
	Place   string  `json:"place,omitempty"` // such as "p. 12"
	Start   int     `json:"start"`           // bytes of the document
	End     int     `json:"end"`
	Quote   string  `json:"quote"`
	Support float64 `json:"support"`
	Marker  int     `json:"marker,omitempty"` // the number that the model wrote for it
}

type askPassage struct {
	Source string  `json:"source"`
	Place  string  `json:"place,omitempty"`
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Score  float64 `json:"score"`
}

func (a *app) runAsk(ctx context.Context, question string) error {
	p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	assistant, err := p.Assistant(ctx)
	if err != nil {
		return err
	}
	a.progress.end()
	if a.json {
		answer, err := assistant.Answer(ctx, question)
		if err != nil {
			return err
		}
		return a.keep(toJSON(question, answer))
	}
	answer, err := assistant.Stream(ctx, question, func(piece string) { io.WriteString(a.out, piece) }) //nolint:errcheck // the end says it
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return writeCitations(a.out, answer)
}

func toJSON(question string, answer *assistant.Answer) askResult {
	r := askResult{
		Question: question, Answer: answer.Text, Abstained: answer.Abstained, Reason: answer.Reason,
		Truncated: answer.Truncated, Citations: []askCitation{}, Passages: []askPassage{},
	}
	if answer.Confidence == answer.Confidence { // not NaN
		r.Confidence = &answer.Confidence
	}
	for _, c := range answer.Citations {
		r.Citations = append(r.Citations, askCitation{c.Source, c.Title, c.Place, c.Start, c.End, c.Quote, c.Support, c.Marker})
	}
	for _, h := range answer.Hits {
		r.Passages = append(r.Passages, askPassage{h.Source, h.Place, h.Start, h.End, h.Score})
	}
	return r
}

// writeCitations writes the sources of the answer, and its confidence.
func writeCitations(w io.Writer, answer *assistant.Answer) error {
	var lines []string
	switch {
	case answer.Abstained:
		lines = append(lines, fmt.Sprintf("(no answer: %s)", answer.Reason))
	case len(answer.Citations) == 0:
		lines = append(lines, "(no passage supports this)")
	}
	numbers := numbersOf(answer.Citations)
	for i, c := range answer.Citations {
		lines = append(lines, fmt.Sprintf("[%s] %s: %q", numbers[i], where(c.Source, c.Place, c.Start, c.End), oneLine(c.Quote, 160)))
	}
	if answer.Confidence == answer.Confidence {
		lines = append(lines, fmt.Sprintf("confidence %.2f", answer.Confidence))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

// numbersOf returns what stands before each citation: the number in the answer, or "-" if the answer has numbers only for others.
// Where it has none, they are counted.
func numbersOf(citations []answer.Citation) []string {
	marked := slices.ContainsFunc(citations, func(c answer.Citation) bool { return c.Marker > 0 })
	numbers := make([]string, len(citations))
	for i, c := range citations {
		switch {
		case c.Marker > 0:
			numbers[i] = strconv.Itoa(c.Marker)
		case marked:
			numbers[i] = "-"
		default:
			numbers[i] = strconv.Itoa(i + 1)
		}
	}
	return numbers
}

// where says where a passage stands: "handbook.pdf, p. 12", or "notes.md, bytes 0-80" in
// a file without pages and the like.
func where(source, place string, start, end int) string {
	if place == "" {
		place = fmt.Sprintf("bytes %d-%d", start, end)
	}
	return source + ", " + place
}

// oneLine is a text on one line of at most n characters.
func oneLine(s string, n int) string { return cut(strings.Join(strings.Fields(s), " "), n) }
