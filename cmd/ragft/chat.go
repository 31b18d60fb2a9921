package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ragft/ragft/internal/jsonl"
	"github.com/ragft/ragft/ragft"
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
)

const chatHelp = `/sources     the passages behind the last answer
/passage N   one of them in full
/clear       forget the conversation
/help        this list
/quit        end, as does the end of the input`

func (a *app) chatCommand() *cobra.Command {
	return command(askKeys+adapterKeys+"passages assistant search search-tuning.file", answerOptions, &cobra.Command{
		Use: "chat", Short: "Answer questions from the documents, one after another", Args: arguments(cobra.NoArgs),
		Long: "Reads one question per line from standard input and answers it, taking the conversation into account. Commands:\n\n" + chatHelp +
			"\n\nWith --json, each question gives a line of JSON: its answer, or why it is refused. What commands show goes to standard error.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.open(cmd.Context())
			if err != nil {
				return err
			}
			defer p.Close()
			return a.runChat(cmd.Context(), p)
		},
	})
}

// chat is a conversation.
type chat struct {
	*app
	assistant *assistant.Assistant
	shown     io.Writer // gets what commands show
	history   []model.Message
	last      *assistant.Answer
}

// maxHistory is the number of earlier messages that are kept; more would leave no room for passages in small contexts.
const maxHistory = 8

// interactive reports whether somebody types the input.
func (a *app) interactive() bool {
	f, ok := a.in.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) runChat(ctx context.Context, p *ragft.Project) error {
	assistant, err := p.Assistant(ctx)
	if err != nil {
		return err
	}
	a.progress.end()
	c := &chat{app: a, assistant: assistant, shown: a.out}
	if a.json {
		c.shown = a.err // standard output has a line of JSON for each question
	}
	prompt := ""
	if a.interactive() {
		prompt = "> "
		a.note("Ask about your documents. /help lists the commands, /quit ends.")
	}
	lines, stopped := readInput(ctx, a.in)
	for {
		fmt.Fprint(a.err, prompt)
		select {
		case <-ctx.Done():
			return nil // a chat ends like this
		case line, open := <-lines:
			if !open {
				return <-stopped
			}
			end, err := c.line(ctx, strings.TrimSpace(line))
			if end || err != nil {
				return err
			}
		}
	}
}

// readInput sends the lines of in. Reading a terminal cannot be cancelled, so another goroutine reads.
func readInput(ctx context.Context, in io.Reader) (lines <-chan string, stopped <-chan error) {
	out, end := make(chan string), make(chan error, 1)
	go func() {
		scan := bufio.NewScanner(in)
		scan.Buffer(nil, jsonl.MaxLine)
		for scan.Scan() {
			select {
			case out <- scan.Text():
			case <-ctx.Done():
				return
			}
		}
		end <- scan.Err()
		close(out)
	}()
	return out, end
}

func (c *chat) line(ctx context.Context, line string) (end bool, err error) {
	if line == "" {
		return false, nil
	}
	if !strings.HasPrefix(line, "/") {
		return false, c.ask(ctx, line)
	}
	command, argument, _ := strings.Cut(line, " ")
	switch command {
	case "/quit", "/exit":
		return true, nil
	case "/clear":
		c.history, c.last = nil, nil
	case "/sources":
		c.sources()
	case "/passage":
		c.passage(argument)
	case "/help":
		fmt.Fprintln(c.shown, chatHelp)
	default:
		fmt.Fprintf(c.shown, "unknown command %s\n%s\n", command, chatHelp)
	}
	return false, nil
}

func (c *chat) ask(ctx context.Context, question string) error {
	q := assistant.Query{Question: question, History: c.history}
	if !c.json {
		q.OnText = func(piece string) { io.WriteString(c.out, piece) }
	}
	answer, err := c.assistant.Ask(ctx, q)
	if isAny(err, model.ErrPromptTooLong) && len(c.history) > 0 {
		c.note("(the conversation no longer fits in the model's context and is forgotten)")
		c.history, q.History = nil, nil
		answer, err = c.assistant.Ask(ctx, q)
	}
	if isAny(err, assistant.ErrQuestion, model.ErrPromptTooLong) {
		return c.refused(question, err)
	}
	if err != nil {
		return err
	}
	c.last = answer
	c.history = append(
		c.history,
		model.Message{Role: model.RoleUser, Content: question},
		model.Message{Role: model.RoleAssistant, Content: answer.Text},
	)
	if n := len(c.history) - maxHistory; n > 0 {
		c.history = c.history[n:]
	}
	if c.json {
		return c.printLine(toJSON(question, answer))
	}
	fmt.Fprintln(c.out)
	if err := writeCitations(c.out, answer); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out)
	return err
}

// refused says why a question has no answer.
func (c *chat) refused(question string, err error) error {
	fmt.Fprintln(c.err, err)
	if !c.json {
		return nil
	}
	return c.printLine(struct {
		Question string `json:"question"`
		failure
	}{question, failure{err.Error(), exitCode(err)}})
}

func (c *chat) sources() {
	if c.last == nil || len(c.last.Hits) == 0 {
		fmt.Fprintln(c.shown, "There are none yet.")
		return
	}
	for i, h := range c.last.Hits {
		fmt.Fprintf(c.shown, "%d  %6.2f  %s: %s\n", i+1, h.Score, where(h.Source, h.Place, h.Start, h.End), oneLine(h.Text, 90))
	}
}

func (c *chat) passage(argument string) {
	n, err := strconv.Atoi(strings.TrimSpace(argument))
	if c.last == nil || err != nil || n < 1 || n > len(c.last.Hits) {
		fmt.Fprintln(c.shown, "Which passage? /sources lists them, /passage 1 shows the first.")
		return
	}
	h := c.last.Hits[n-1]
	fmt.Fprintf(c.shown, "%s (%s)\n%s\n", h.Title, h.Source, h.Text)
}
