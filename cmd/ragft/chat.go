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
	"github.com/ragft/ragft/ragft/assistant"
	"github.com/ragft/ragft/ragft/model"
)

const chatHelp = `/sources     the passages that the last answer was given from
/passage N   the whole of one of them
/clear       forget the conversation
/help        this
/quit        end, as the end of the input does`

func (a *app) chatCommand() *cobra.Command {
	var o answerFlags
	cmd := &cobra.Command{
		Use: "chat", Short: "Answer questions from the documents, one after the other", Args: arguments(cobra.NoArgs),
		Long: "Reads a question a line from standard input and answers it, with what was said before in mind. Within a chat:\n\n" + chatHelp +
			"\n\nWith --json, each answer is a line of JSON.",
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runChat(cmd.Context(), o) },
	}
	o.add(cmd.Flags())
	return cmd
}

// chat is a conversation.
type chat struct {
	*app
	assistant *assistant.Assistant
	history   []model.Message
	last      *assistant.Answer
}

// maxHistory is the number of earlier messages that are kept; more would leave no room for passages in small contexts.
const maxHistory = 8

func (a *app) runChat(ctx context.Context, o answerFlags) error {
	assistant, index, m, err := a.openAssistant(ctx, o)
	if err != nil {
		return err
	}
	defer m.close()
	c := &chat{app: a, assistant: assistant}
	prompt := ""
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		prompt = "> "
		a.note("%s over %d passages. /help lists the commands.", m.best().Name(), index.Len())
	}
	lines, stopped := readInput(ctx, a.in)
	for {
		fmt.Fprint(a.err, prompt)
		select {
		case <-ctx.Done():
			return nil // an end like another
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

// readInput gives the lines of in, since reading a terminal cannot be cancelled.
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
		fmt.Fprintln(c.out, chatHelp)
	default:
		fmt.Fprintf(c.out, "There is no %s.\n%s\n", command, chatHelp)
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
		c.note("(the conversation no longer fits into the model's context and is forgotten)")
		c.history, q.History = nil, nil
		answer, err = c.assistant.Ask(ctx, q)
	}
	if isAny(err, assistant.ErrQuestion, model.ErrPromptTooLong) {
		fmt.Fprintln(c.err, err)
		return nil
	}
	if err != nil {
		return err
	}
	c.last = answer
	c.history = append(c.history, model.Message{Role: model.RoleUser, Content: question}, model.Message{Role: model.RoleAssistant, Content: answer.Text})
	if n := len(c.history) - maxHistory; n > 0 {
		c.history = c.history[n:]
	}
	if c.json {
		return c.print(toJSON(question, answer))
	}
	fmt.Fprintln(c.out)
	if err := writeCitations(c.out, answer); err != nil {
		return err
	}
	_, err = fmt.Fprintln(c.out)
	return err
}

func (c *chat) sources() {
	if c.last == nil || len(c.last.Hits) == 0 {
		fmt.Fprintln(c.out, "There are none.")
		return
	}
	for i, h := range c.last.Hits {
		fmt.Fprintf(c.out, "%d  %6.2f  %s, bytes %d-%d: %s\n", i+1, h.Score, h.Source, h.Start, h.End, shorten(h.Text, 90))
	}
}

func (c *chat) passage(argument string) {
	n, err := strconv.Atoi(strings.TrimSpace(argument))
	if c.last == nil || err != nil || n < 1 || n > len(c.last.Hits) {
		fmt.Fprintln(c.out, "Say which: /passage 1. /sources lists them.")
		return
	}
	h := c.last.Hits[n-1]
	fmt.Fprintf(c.out, "%s (%s)\n%s\n", h.Title, h.Source, h.Text)
}
