package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ragft/ragft/ragft/answer"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/confidence"
	"github.com/ragft/ragft/ragft/model"
	"github.com/ragft/ragft/retriever"
)

// answerFlags say how questions are answered.
type answerFlags struct {
	modelFlags
	promptFlags
	options     assistant.Options
	ensemble    bool
	temperature float64 // of it
	calibration string
	final       bool
}

func (o *answerFlags) add(f *pflag.FlagSet) {
	o.modelFlags.add(f)
	o.addAdapter(f)
	o.promptFlags.add(f)
	o.addAnswer(f)
}

func (o *answerFlags) addAnswer(f *pflag.FlagSet) {
	f.BoolVar(&o.options.Careful, "careful", false, "tell the model to decline where the documents do not say, for one that was not tuned to")
	f.Var(countValue(&o.options.Passages, 4, 1), "passages", "passages shown")
	f.Var(countValue(&o.options.MaxTokens, 256, 1), "max-tokens", "longest answer")
	f.Var(amountValue(&o.options.Temperature, 0), "temperature", "temperature (0 = the likeliest words)")
	f.Var(shareValue(&o.options.TopP, 0), "top-p", "nucleus of the draws (0 = off)")
	f.Var(countValue(&o.options.TopK, 0, 0), "top-k", "tokens that are drawn from (0 = all)")
	f.Var(shareValue(&o.options.MinConfidence, 0), "min-confidence", "confidence below which to abstain (0 = never)")
	f.StringVar(&o.options.Decline, "decline", "", "what is said in place of an answer that is not sure enough")
	f.BoolVar(&o.ensemble, "ensemble", false, "answer from each passage alone and let the answers vote")
	f.Var(positiveValue(&o.temperature, 1), "ensemble-temperature", "--ensemble: higher lets later passages speak")
	f.BoolVar(&o.final, "final-answer", false, "take what follows the last \"Answer:\" for the answer, as the recipes raft and memory teach")
	f.StringArrayVar(&o.options.Stop, "stop", nil, "text that ends an answer; may be given several times")
	f.Var(modelValue(&o.calibration), "calibration", "what 'ragft eval --calibrate' wrote; none leaves it out (default calibration.json of the project's folder, if it holds here)")
}

// assistant gives the options, calibration included. One that does not hold for
// them is an error where it is named, and left out with a warning otherwise.
func (a *app) assistant(ctx context.Context, o answerFlags, model model.Model, search retriever.Searcher) (assistant.Options, error) {
	opts := o.options
	var err error
	if opts.Prompts, err = o.prompts(); err != nil {
		return opts, err
	}
	opts.Seed = a.seed
	if o.ensemble {
		opts.Ensemble = &answer.Ensemble{Temperature: o.temperature}
	}
	if o.final {
		opts.Extract = answer.Final
	}
	path := o.calibration
	switch path {
	case "none":
		return opts, nil
	case "":
		path = a.path(calibrationName)
	}
	k, err := confidence.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && o.calibration == "":
		return opts, nil
	case err != nil:
		return opts, err
	}
	calibrated := opts
	calibrated.Calibration = k
	err = calibrated.Check(ctx, model, search)
	again := "run 'ragft eval --calibrate' under the same conditions"
	if k.Conditions.Signals.True {
		again += ", without --ask-true for 'ragft serve' and models of servers"
	}
	switch unfit := isAny(err, confidence.ErrConditions, confidence.ErrNoGuarantee, confidence.ErrUncalibrated); {
	case unfit && o.calibration == "":
		a.log.Warn("the calibration is not used, and nothing bounds the share of wrong answers: "+again, "file", path, "why", err)
		return opts, nil
	case unfit:
		return opts, inputError(fmt.Errorf("%s: %w: %s, or leave it out by --calibration none", path, err, again))
	case err != nil:
		return opts, err
	}
	return calibrated, nil
}

// openAssistant opens index and model.
func (a *app) openAssistant(ctx context.Context, o answerFlags) (*assistant.Assistant, *retriever.Index, *models, error) {
	index, m, err := a.openProject(o.modelFlags, func(adapter string) (*models, error) { return a.open(ctx, o.modelFlags, adapter) })
	if err != nil {
		return nil, nil, nil, err
	}
	search, err := a.searcher(ctx, index)
	if err != nil {
		m.close()
		return nil, nil, nil, err
	}
	opts, err := a.assistant(ctx, o, m.best(), search)
	if err == nil {
		err = a.checkLayout(o.modelFlags, opts.Prompts)
	}
	if err != nil {
		m.close()
		return nil, nil, nil, err
	}
	return assistant.New(m.best(), search, opts), index, m, nil
}

func (a *app) askCommand() *cobra.Command {
	var o answerFlags
	cmd := &cobra.Command{
		Use: "ask QUESTION", Short: "Answer one question from the documents, with citations", Args: arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.runAsk(cmd.Context(), o, strings.Join(args, " "))
		},
	}
	o.add(cmd.Flags())
	return cmd
}

// askResult is what ask prints with --json.
type askResult struct {
	Question   string           `json:"question"`
	Answer     string           `json:"answer"`
	Abstained  bool             `json:"abstained"`
	Reason     assistant.Reason `json:"reason,omitempty"`
	Confidence number           `json:"confidence"`
	Truncated  bool             `json:"truncated,omitempty"`
	Citations  []askCitation    `json:"citations"`
	Passages   []askPassage     `json:"passages"`
}

type askCitation struct {
	Source  string  `json:"source"`
	Title   string  `json:"title"`
	Start   int     `json:"start"` // bytes of the document
	End     int     `json:"end"`
	Quote   string  `json:"quote"`
	Support float64 `json:"support"`
}

type askPassage struct {
	Source string  `json:"source"`
	Start  int     `json:"start"`
	End    int     `json:"end"`
	Score  float64 `json:"score"`
}

func (a *app) runAsk(ctx context.Context, o answerFlags, question string) error {
	assistant, _, m, err := a.openAssistant(ctx, o)
	if err != nil {
		return err
	}
	defer m.close()
	if a.json {
		answer, err := assistant.Answer(ctx, question)
		if err != nil {
			return err
		}
		return a.print(toJSON(question, answer))
	}
	answer, err := assistant.Stream(ctx, question, func(piece string) { io.WriteString(a.out, piece) })
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	return writeCitations(a.out, answer)
}

func toJSON(question string, answer *assistant.Answer) askResult {
	r := askResult{
		Question: question, Answer: answer.Text, Abstained: answer.Abstained, Reason: answer.Reason, Confidence: number(answer.Confidence),
		Truncated: answer.Truncated, Citations: []askCitation{}, Passages: []askPassage{},
	}
	for _, c := range answer.Citations {
		r.Citations = append(r.Citations, askCitation{c.Source, c.Title, c.Start, c.End, c.Quote, c.Support})
	}
	for _, h := range answer.Hits {
		r.Passages = append(r.Passages, askPassage{h.Source, h.Start, h.End, h.Score})
	}
	return r
}

// writeCitations writes where the answer stands, and how sure it is.
func writeCitations(w io.Writer, answer *assistant.Answer) error {
	var lines []string
	switch {
	case answer.Abstained:
		lines = append(lines, fmt.Sprintf("(no answer: %s)", answer.Reason))
	case len(answer.Citations) == 0:
		lines = append(lines, "(no passage supports this)")
	}
	for i, c := range answer.Citations {
		lines = append(lines, fmt.Sprintf("[%d] %s, bytes %d-%d: %q", i+1, c.Source, c.Start, c.End, shorten(c.Quote, 160)))
	}
	if answer.Confidence == answer.Confidence {
		lines = append(lines, fmt.Sprintf("confidence %.2f", answer.Confidence))
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}

func shorten(s string, n int) string {
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) <= n {
		return string(r)
	}
	return string(r[:n-1]) + "…"
}
